//! Calls again what may succeed later: bounded in number and time, and never sooner than the provider asks.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::DecisionError;
use tokio::time::{Instant, sleep, timeout};

use super::{CallContext, ChatModel, ChatReply, ChatRequest};

/// How often and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// Limit of one call.
    pub call_timeout: Duration,
    /// Most calls for one reply.
    pub attempts: u32,
    /// Wait before the second call; it doubles each time, up to 16-fold.
    pub backoff: Duration,
    /// Share of a wait that chance may add to it, in percent, so that many bots do not come back at once.
    pub jitter_percent: u32,
}

/// A model behind time-outs and retries.
#[derive(Debug, Clone)]
pub struct Retry<M> {
    inner: M,
    settings: RetrySettings,
}

impl<M: ChatModel> Retry<M> {
    /// Wraps `inner`.
    pub fn new(inner: M, settings: RetrySettings) -> Self {
        Self { inner, settings }
    }

    async fn once(&self, request: &ChatRequest, context: CallContext) -> Result<ChatReply, DecisionError> {
        let limit = self.settings.call_timeout.min(context.limit);
        let context = CallContext { limit, ..context };
        match timeout(limit, self.inner.complete(request, &context)).await {
            Ok(result) => result,
            Err(_) => Err(DecisionError::Timeout { engine: self.inner.provider().to_owned(), limit }),
        }
    }

    /// The provider's hint, but never less than our own schedule, and a little more by chance.
    fn wait(&self, attempt: u32, error: &DecisionError) -> Duration {
        let doubled = self.settings.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(4));
        let wait = error.retry_after().unwrap_or_default().max(doubled);
        let share = chance().saturating_mul(u64::from(self.settings.jitter_percent)) / 100;
        let added = wait.as_millis().saturating_mul(u128::from(share)) / u128::from(u32::MAX);
        wait.saturating_add(Duration::from_millis(u64::try_from(added).unwrap_or(u64::MAX)))
    }
}

/// A number up to `u32::MAX` that differs from process to process and call to call; only waits depend on it.
fn chance() -> u64 {
    RandomState::new().hash_one(0_u8) >> 32
}

#[async_trait]
impl<M: ChatModel> ChatModel for Retry<M> {
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
        let deadline = Instant::now().checked_add(context.limit);
        let mut attempt = 0;
        loop {
            let left = deadline.map_or(context.limit, |end| end.saturating_duration_since(Instant::now()));
            let error = match self.once(request, CallContext { limit: left, ..*context }).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            attempt += 1;
            let wait = self.wait(attempt, &error);
            let end = Instant::now().checked_add(wait);
            let in_time = end.is_some_and(|end| deadline.is_none_or(|deadline| end < deadline));
            if !error.is_retryable() || attempt >= self.settings.attempts || !in_time {
                return Err(error);
            }
            tracing::warn!(provider = self.provider(), model = self.model(), %error, attempt, ?wait, "calling again");
            sleep(wait).await;
        }
    }
}
