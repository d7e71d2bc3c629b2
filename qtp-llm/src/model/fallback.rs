//! One model after another until one answers: sampling left to the provider, tools off, structured output off, then the
//! next model.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::DecisionError;
use tokio::time::Instant;

use super::{CallContext, ChatModel, ChatReply, ChatRequest, Format, ProviderError};

/// A model of the chain, and what it is known not to take.
#[derive(Clone)]
pub struct Rung {
    /// The model, with its retries.
    pub model: Arc<dyn ChatModel>,
    /// It takes tools.
    pub tools: bool,
    /// It takes a strict JSON schema.
    pub schema: bool,
}

/// Asks the first model; where the request itself was refused, in a plainer form; where that fails too, the next model.
///
/// What is left out is only ever help for the model: the answer is checked in the same way whatever it was asked for
/// with. A refusal or a cut-off answer is an answer, and ends the chain.
pub struct Fallback {
    rungs: Vec<Rung>,
}

impl Fallback {
    /// A chain over one model or more; `None` without any.
    pub fn new(rungs: Vec<Rung>) -> Option<Self> {
        (!rungs.is_empty()).then_some(Self { rungs })
    }

    fn first(&self) -> &dyn ChatModel {
        // `new` refuses an empty chain.
        &*self.rungs[0].model
    }
}

/// The forms in which a request can be put to a model, the fullest first, without those that it would refuse.
fn forms(request: &ChatRequest, rung: &Rung) -> Vec<ChatRequest> {
    let plain = |request: &ChatRequest, format: Format| ChatRequest { format, ..request.clone() };
    let mut form = if rung.tools { request.clone() } else { request.without_tools() };
    if !rung.schema && matches!(form.format, Format::Schema { .. }) {
        form.format = Format::Object;
    }
    let mut forms = vec![form.clone()];
    // Many models refuse a temperature, a seed or an effort, and none of them is worth the tools or the schema.
    if form.temperature.is_some() || form.seed.is_some() || form.effort.is_some() {
        form = ChatRequest { temperature: None, seed: None, effort: None, ..form };
        forms.push(form.clone());
    }
    if !form.tools.is_empty() {
        form = form.without_tools();
        forms.push(form.clone());
    }
    if matches!(form.format, Format::Schema { .. }) {
        forms.push(plain(&form, Format::Object));
    }
    if form.format != Format::Text {
        forms.push(plain(&form, Format::Text));
    }
    forms
}

#[async_trait]
impl ChatModel for Fallback {
    fn provider(&self) -> &str {
        self.first().provider()
    }

    fn model(&self) -> &str {
        self.first().model()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError> {
        let begun = Instant::now();
        let mut last = None;
        for rung in &self.rungs {
            for form in forms(request, rung) {
                let limit = context.limit.saturating_sub(begun.elapsed());
                let (provider, model) = (rung.model.provider(), rung.model.model());
                if limit.is_zero() {
                    let timeout =
                        DecisionError::Timeout { engine: provider.to_owned(), limit: context.limit };
                    return Err(last.unwrap_or(timeout));
                }
                let error = match rung.model.complete(&form, &CallContext { limit, ..*context }).await {
                    Ok(reply) => return Ok(reply),
                    Err(error) => error,
                };
                let plainer = ProviderError::behind(&error).is_some_and(ProviderError::dislikes_request);
                tracing::warn!(provider, model, %error, plainer, "falling back");
                // A used-up budget holds whichever model is asked; a recording has no other model.
                let ends = matches!(error, DecisionError::Budget { .. } | DecisionError::NotRecorded { .. });
                if ends {
                    return Err(error);
                }
                last = Some(error);
                if !plainer {
                    break;
                }
            }
        }
        let engine = self.provider().to_owned();
        Err(last.unwrap_or_else(|| DecisionError::Invalid { engine, problem: "no model to ask".to_owned() }))
    }
}

impl fmt::Debug for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{} (tools {}, schema {})",
            self.model.provider(),
            self.model.model(),
            self.tools,
            self.schema
        )
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rungs).finish()
    }
}
