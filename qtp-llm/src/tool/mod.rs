//! What a model may look up while it decides.

mod account;
mod arguments;
mod built_in;
mod market;
mod news;
mod news_file;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::DecisionRequest;
use qtp_core::port::{AsOf, AsOfView};
use serde_json::Value;
use thiserror::Error;

pub use built_in::built_in_tools;
pub(crate) use built_in::named;
pub use news::{News, NewsItem, NewsSource};
pub use news_file::NewsFile;
pub(crate) use run::Calls;

use crate::error::LlmError;
use crate::model::ToolSpec;
use crate::settings::ChatSettings;

/// Why a tool returned nothing; the words go to the model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ToolError(String);

impl ToolError {
    /// An error in words that help the model to ask better.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

/// A function that a model may call.
///
/// # Contract
/// - It sees the market through the view alone, or admits what it knows from elsewhere with its time: the result is an
///   [`AsOf`], which cannot be made otherwise, so that nothing later than the decision's instant can be returned.
/// - The same arguments give the same result within one decision: results are cached.
/// - It has no effect outside. A call can be dropped at its time limit.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Name, description and arguments for the model.
    fn spec(&self) -> ToolSpec;

    /// One call. `arguments` is a JSON object, not yet checked.
    ///
    /// # Errors
    /// [`ToolError`] in words for the model.
    async fn call(&self, arguments: &Value, view: &dyn AsOfView) -> Result<AsOf<Value>, ToolError>;
}

/// The tools of one engine.
#[derive(Clone, Default)]
pub(crate) struct Toolbox {
    tools: Arc<BTreeMap<String, Arc<dyn Tool>>>,
}

impl Toolbox {
    pub(crate) fn new(tools: Vec<Arc<dyn Tool>>) -> Result<Self, LlmError> {
        let mut named = BTreeMap::new();
        let mut problems = Vec::new();
        for tool in tools {
            let name = tool.spec().name;
            let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
            if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
                problems.push(format!("{name:?}: use 1 to 64 letters, digits, `_` and `-`"));
            } else if named.insert(name.clone(), tool).is_some() {
                problems.push(format!("{name}: two tools have this name"));
            }
        }
        if problems.is_empty() {
            return Ok(Self { tools: Arc::new(named) });
        }
        Err(LlmError::Settings { what: "tools", problems })
    }

    /// What the model is told of them, by name.
    pub(crate) fn specs(&self) -> Vec<ToolSpec> {
        self.tools.values().map(|tool| tool.spec()).collect()
    }

    /// The calls of one decision.
    pub(crate) fn calls(&self, request: &DecisionRequest, settings: &ChatSettings) -> Calls {
        Calls::new(self.clone(), request, settings)
    }

    fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.get(name)
    }

    fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }
}
