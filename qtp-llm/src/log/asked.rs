//! Writes down what a conversation asks, live or replayed.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::DecisionError;
use tokio::time::Instant;

use super::book::{CallBook, Opening};
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};

/// A model of one seat. Belongs right under the conversation, outside of recordings: a replay leaves the same trace.
pub(crate) struct Asked<M> {
    inner: M,
    seat: String,
    book: Arc<CallBook>,
}

impl<M: ChatModel> Asked<M> {
    pub(crate) fn new(inner: M, seat: impl Into<String>, book: Arc<CallBook>) -> Self {
        Self { inner, seat: seat.into(), book }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Asked<M> {
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
        let (provider, model) = (self.provider(), self.model());
        let place = self.book.open(context, &Opening { seat: &self.seat, provider, model, request });
        let begun = Instant::now();
        let result = self.inner.complete(request, context).await;
        self.book.close(&place, &result);
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.book.log(&place, (request, context.as_of), millis);
        result
    }
}
