//! The outermost layer of an engine: an answer with everything that led to it.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionAnswer, DecisionError, DecisionRequest, DecisionResult, ModelCall, Reason};

use super::book::{CallBook, words};

/// Takes what the layers below wrote into the book.
pub(crate) struct Traced {
    inner: Arc<dyn DecisionEngine>,
    book: Arc<CallBook>,
}

impl Traced {
    pub(crate) const fn new(inner: Arc<dyn DecisionEngine>, book: Arc<CallBook>) -> Self {
        Self { inner, book }
    }
}

#[async_trait]
impl DecisionEngine for Traced {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let result = self.inner.decide(request).await;
        drop(self.book.take(request.id));
        result
    }

    async fn answer(&self, request: &DecisionRequest) -> DecisionAnswer {
        let result = match self.inner.decide(request).await {
            Ok(decision) => DecisionResult::Decided(decision),
            Err(error) => DecisionResult::Hold(Reason::new(error.code(), words(&error))),
        };
        let (mut calls, findings) = self.book.take(request.id);
        if let DecisionResult::Decided(Decision { prompt: Some(prompt), .. }) = &result {
            // Said once is enough: prompts are the largest part of a journal.
            for call in &mut calls {
                call.sent.retain(|spoken| !prompt.contains(spoken.text.as_str()));
            }
        }
        DecisionAnswer { result, calls, findings }
    }

    fn given_up(&self, request: u64) -> (Vec<ModelCall>, Vec<Reason>) {
        self.book.take(request)
    }
}
