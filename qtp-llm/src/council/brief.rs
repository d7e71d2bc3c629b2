//! More to read for a model than its picture: what others said, what was learnt.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use qtp_core::DecisionError;

use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest, Message};
use crate::untrusted::Untrusted;

/// Decisions that are under way at a time.
const DECISIONS_MAX: usize = 256;

/// Texts for the decisions that are under way.
#[derive(Debug, Default)]
pub(crate) struct Briefings {
    texts: Mutex<BTreeMap<u64, String>>,
}

impl Briefings {
    /// Adds a part under a title. What others said goes in an envelope: it is to be read, not obeyed.
    pub(crate) fn add(&self, decision: u64, title: &str, source: &'static str, said: &str) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() >= DECISIONS_MAX && !texts.contains_key(&decision) {
            texts.pop_first();
        }
        let part = format!("\n\n## {title}\n{}", Untrusted::new(said).envelope(source));
        texts.entry(decision).or_default().push_str(&part);
    }

    /// Forgets a decision that has ended.
    pub(crate) fn forget(&self, decision: u64) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).remove(&decision);
    }

    fn of(&self, decision: u64) -> Option<String> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).get(&decision).cloned()
    }
}

/// A model that reads the briefings behind the first user's message. Belongs outside of recordings, so that a replay has
/// the same questions.
pub(crate) struct Briefed<M> {
    inner: M,
    /// In this order.
    sources: Vec<Arc<Briefings>>,
}

impl<M: ChatModel> Briefed<M> {
    pub(crate) const fn new(inner: M, sources: Vec<Arc<Briefings>>) -> Self {
        Self { inner, sources }
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Briefed<M> {
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
        let text: String = self.sources.iter().filter_map(|source| source.of(context.decision)).collect();
        if text.is_empty() {
            return self.inner.complete(request, context).await;
        }
        let mut request = request.clone();
        let first = request.messages.iter_mut().find_map(|message| match message {
            Message::User(words) => Some(words),
            _ => None,
        });
        if let Some(words) = first {
            words.push_str(&text);
        }
        self.inner.complete(&request, context).await
    }
}
