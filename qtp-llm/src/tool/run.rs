//! Carrying out calls: in parallel, each within its limit, and none twice in one decision.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::DecisionRequest;
use qtp_core::port::AsOfView;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Tool, ToolError, Toolbox};
use crate::model::{ToolCall, cut};
use crate::settings::ChatSettings;

/// What a call brought, for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallResult {
    pub(crate) text: String,
    pub(crate) failed: bool,
}

/// The calls of one decision.
pub(crate) struct Calls {
    toolbox: Toolbox,
    /// `None` where there are no tools: then the picture need not be copied.
    view: Option<Arc<dyn AsOfView>>,
    cache: BTreeMap<Key, CallResult>,
    rounds: u32,
    most: usize,
    limit: Duration,
    longest: usize,
}

/// Name and arguments; the arguments' keys are sorted, so that their order does not matter.
type Key = (String, String);

impl Calls {
    pub(super) fn new(toolbox: Toolbox, request: &DecisionRequest, settings: &ChatSettings) -> Self {
        let view = (!toolbox.is_empty()).then(|| Arc::new(request.clone()) as Arc<dyn AsOfView>);
        Self {
            toolbox,
            view,
            cache: BTreeMap::new(),
            rounds: 0,
            most: settings.tool_calls,
            limit: Duration::from_millis(settings.tool_timeout_ms),
            longest: settings.tool_result_bytes,
        }
    }

    /// Rounds so far.
    pub(crate) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Carries out the calls of one reply. One result each, in their order.
    pub(crate) async fn round(&mut self, calls: &[ToolCall]) -> Vec<CallResult> {
        self.rounds += 1;
        let mut keys = Vec::with_capacity(calls.len());
        let mut running = JoinSet::new();
        for (index, call) in calls.iter().enumerate() {
            let planned = self.plan(index, call);
            if let Ok((key, Some((tool, arguments, view)))) = &planned
                && !keys.iter().any(|known: &Result<Key, ToolError>| known.as_ref() == Ok(key))
            {
                let (key, tool, arguments) = (key.clone(), Arc::clone(tool), arguments.clone());
                let (view, limit, longest) = (Arc::clone(view), self.limit, self.longest);
                running.spawn(async move { (key, one(&*tool, &arguments, &*view, limit, longest).await) });
            }
            keys.push(planned.map(|(key, _)| key));
        }
        while let Some(done) = running.join_next().await {
            // A tool that panicked leaves no result; the model is told below.
            if let Ok((key, result)) = done {
                self.cache.insert(key, result);
            }
        }
        keys.into_iter().map(|key| self.result(key)).collect()
    }

    fn result(&self, key: Result<Key, ToolError>) -> CallResult {
        let found = key
            .and_then(|key| self.cache.get(&key).cloned().ok_or_else(|| ToolError::new("the tool failed")));
        found.unwrap_or_else(|error| CallResult { text: error.to_string(), failed: true })
    }

    /// What a call asks for; nothing is left to run where the result is known.
    #[allow(clippy::type_complexity, reason = "used once, right above")]
    fn plan(
        &self,
        index: usize,
        call: &ToolCall,
    ) -> Result<(Key, Option<(Arc<dyn Tool>, Value, Arc<dyn AsOfView>)>), ToolError> {
        if index >= self.most {
            return Err(ToolError::new(format!("at most {} calls at a time", self.most)));
        }
        let (Some(tool), Some(view)) = (self.toolbox.get(&call.name), &self.view) else {
            return Err(ToolError::new(format!("there is no tool {:?}", cut(&call.name))));
        };
        let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let arguments: Value = serde_json::from_str(text)
            .map_err(|error| ToolError::new(format!("the arguments are not JSON: {error}")))?;
        if !arguments.is_object() {
            return Err(ToolError::new("the arguments must be a JSON object"));
        }
        let key = (call.name.clone(), crate::canonical::json(&arguments));
        let known = self.cache.contains_key(&key);
        let run = (!known).then(|| (Arc::clone(tool), arguments, Arc::clone(view)));
        Ok((key, run))
    }
}

async fn one(
    tool: &dyn Tool,
    arguments: &Value,
    view: &dyn AsOfView,
    limit: Duration,
    longest: usize,
) -> CallResult {
    let result = match timeout(limit, tool.call(arguments, view)).await {
        Ok(Ok(value)) => {
            let text = crate::canonical::json(value.get());
            if text.len() <= longest {
                return CallResult { text, failed: false };
            }
            ToolError::new(format!("the result has {} bytes, at most {longest}: ask for less", text.len()))
        }
        Ok(Err(error)) => error,
        Err(_) => ToolError::new(format!("no result within {limit:?}")),
    };
    CallResult { text: cut(&result.to_string()), failed: true }
}
