//! Writes down what a model is asked, and what fails.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::{DecisionError, Reason};
use tokio::time::Instant;

use super::book::{CallBook, Opening, words};
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};

/// What is written down, by the place of the layer.
#[derive(Debug, Clone, Copy)]
enum What {
    /// Right under the conversation, outside of recordings: every question and its reply, so that a replay leaves the same
    /// trace.
    Questions,
    /// Right around a provider's model, inside of retries and fallback: every try that fails. Each may have been billed, and
    /// none shows in the reply that follows it.
    Failures,
}

/// A model of one seat.
pub(crate) struct Noted<M> {
    inner: M,
    what: What,
    seat: String,
    book: Arc<CallBook>,
}

impl<M: ChatModel> Noted<M> {
    pub(crate) fn questions(inner: M, seat: impl Into<String>, book: &Arc<CallBook>) -> Self {
        Self { inner, what: What::Questions, seat: seat.into(), book: Arc::clone(book) }
    }

    pub(crate) fn failures(inner: M, seat: impl Into<String>, book: &Arc<CallBook>) -> Self {
        Self { inner, what: What::Failures, seat: seat.into(), book: Arc::clone(book) }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Noted<M> {
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
        match self.what {
            What::Questions => {
                let place = self.book.open(context, &Opening { seat: &self.seat, provider, model, request });
                let begun = Instant::now();
                let result = self.inner.complete(request, context).await;
                self.book.close(&place, &result);
                let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.book.log(&place, (request, context.as_of), millis);
                result
            }
            What::Failures => {
                let result = self.inner.complete(request, context).await;
                if let Err(error) = &result {
                    let text = format!("{provider}:{model}: {}", words(error));
                    self.book.fail(context.decision, &self.seat, Reason::new(error.code(), text));
                }
                result
            }
        }
    }
}
