//! The port to a chat model, whoever serves it: one request, one reply, and layers that wrap a model in another.

mod card;
mod fallback;
mod refusal;
mod reply;
mod request;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::{DecisionError, Timestamp};

pub use card::{ModelCard, ModelCards};
pub use fallback::{Fallback, Rung};
pub use qtp_core::TokenUsage;
pub use refusal::ProviderError;
pub(crate) use refusal::cut;
pub(crate) use reply::CALLS_MAX;
pub use reply::{ChatReply, Finish, ToolCall};
pub use request::{Carry, ChatRequest, Format, Message, ToolSpec};
pub use retry::{Retry, RetrySettings};

/// For which decision a call is made, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallContext {
    /// Number of the decision within its run: what a budget for one decision is counted on.
    pub decision: u64,
    /// The instant of the decision's picture: what a budget for an hour or a day is counted on.
    pub as_of: Timestamp,
    /// Time left for the call with everything that wraps it.
    pub limit: Duration,
}

/// A model that continues a conversation.
///
/// # Contract
/// - One request, one reply: a layer may call the model below more than once, a provider's adapter calls once.
/// - A reply that was cut off or refused says so in [`ChatReply::finish`]; an empty one is an error that may be retried.
/// - Nothing is read but the request, and a key never appears in a reply or an error.
/// - Cancel safe: dropping the future has no effect but the cost of the call.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Who serves it: part of a recording's key.
    fn provider(&self) -> &str;

    /// Name of the model at its provider.
    fn model(&self) -> &str;

    /// Continues the conversation.
    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError>;
}

#[async_trait]
impl<M: ChatModel + ?Sized> ChatModel for Arc<M> {
    fn provider(&self) -> &str {
        (**self).provider()
    }

    fn model(&self) -> &str {
        (**self).model()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError> {
        (**self).complete(request, context).await
    }
}
