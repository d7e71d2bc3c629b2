//! Writes down tries that fail: each may have been billed, and none shows in the reply that follows it.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::{DecisionError, Reason};

use super::book::{CallBook, words};
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};

/// One provider's model, inside of retries and fallback.
pub(crate) struct Tried<M> {
    inner: M,
    seat: String,
    book: Arc<CallBook>,
}

impl<M: ChatModel> Tried<M> {
    pub(crate) fn new(inner: M, seat: impl Into<String>, book: Arc<CallBook>) -> Self {
        Self { inner, seat: seat.into(), book }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Tried<M> {
    fn provider(&self) -> &str {
        self.inner.provider()
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError> {
        let result = self.inner.complete(request, context).await;
        if let Err(error) = &result {
            let text = format!("{}:{}: {}", self.provider(), self.model(), words(error));
            self.book.fail(context.decision, &self.seat, Reason::new(error.code(), text));
        }
        result
    }
}
