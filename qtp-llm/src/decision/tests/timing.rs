//! Time-outs, retries and the deadline, on paused time and without a network.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::DecisionError;
use qtp_core::port::DecisionEngine;
use tokio::time::Instant;

use super::*;
use crate::model::{
    CallContext, ChatModel, ChatReply, ChatRequest, Finish, Retry, RetrySettings, TokenUsage,
};

/// Takes its time before each answer; the last one repeats.
struct Slow {
    after: Duration,
    limited: bool,
    retry_after: Option<Duration>,
    calls: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl ChatModel for Slow {
    fn provider(&self) -> &str {
        "slow"
    }

    fn model(&self) -> &str {
        "m"
    }

    async fn complete(&self, _: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        self.calls.lock().unwrap().push(Instant::now());
        tokio::time::sleep(self.after).await;
        if self.limited {
            return Err(DecisionError::RateLimited {
                engine: "slow".to_owned(),
                retry_after: self.retry_after,
            });
        }
        Ok(ChatReply {
            text: good_answer(),
            calls: Vec::new(),
            finish: Finish::Stop,
            usage: TokenUsage::default(),
            model: "m".to_owned(),
            carry: None,
        })
    }
}

/// The result, how long it took, and when each call began, in milliseconds.
async fn run(
    after: u64,
    status: u16,
    retry_after: Option<u64>,
    settings: ChatSettings,
) -> (Result<qtp_core::Decision, DecisionError>, u128, Vec<u128>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let model = Slow {
        after: Duration::from_millis(after),
        limited: status == 429,
        retry_after: retry_after.map(Duration::from_millis),
        calls: Arc::clone(&calls),
    };
    let millis = Duration::from_millis;
    let retry = RetrySettings {
        call_timeout: millis(settings.call_timeout_ms),
        attempts: settings.attempts,
        backoff: millis(settings.backoff_ms),
        jitter_percent: settings.jitter_percent,
    };
    let engine = ChatEngine::new(Arc::new(Retry::new(model, retry)), settings).unwrap();
    let start = Instant::now();
    let result = engine.decide(&picture()).await;
    let elapsed = start.elapsed().as_millis();
    let begun = calls.lock().unwrap().iter().map(|call| (*call - start).as_millis()).collect();
    (result, elapsed, begun)
}

fn settings() -> ChatSettings {
    ChatSettings {
        call_timeout_ms: 1000,
        deadline_ms: 60_000,
        attempts: 4,
        backoff_ms: 100,
        jitter_percent: 0,
        ..ChatSettings::default()
    }
}

#[tokio::test(start_paused = true)]
async fn slow_answer_within_the_limit_counts() {
    let (result, elapsed, begun) = run(900, 200, None, settings()).await;
    assert!(result.is_ok());
    assert_eq!((elapsed, begun), (900, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn timed_out_calls_are_made_again_with_doubling_waits() {
    let (result, elapsed, begun) = run(5000, 200, None, settings()).await;
    assert!(matches!(result, Err(DecisionError::Timeout { limit, .. }) if limit.as_millis() == 1000));
    assert_eq!((elapsed, begun), (4700, vec![0, 1100, 2300, 3700]));
}

#[tokio::test(start_paused = true)]
async fn providers_hint_is_waited_for() {
    let (result, _, begun) = run(0, 429, Some(7000), ChatSettings { attempts: 2, ..settings() }).await;
    assert!(matches!(result, Err(DecisionError::RateLimited { .. })));
    assert_eq!(begun, vec![0, 7000]);
}

#[tokio::test(start_paused = true)]
async fn no_wait_goes_past_the_deadline() {
    let (result, elapsed, begun) = run(0, 429, Some(70_000), settings()).await;
    assert!(matches!(result, Err(DecisionError::RateLimited { .. })));
    assert_eq!((elapsed, begun), (0, vec![0]));
}

#[tokio::test(start_paused = true)]
async fn whole_decision_ends_at_the_deadline() {
    let (result, elapsed, _) = run(5000, 200, None, ChatSettings { deadline_ms: 1500, ..settings() }).await;
    assert!(matches!(result, Err(DecisionError::Timeout { .. })));
    assert_eq!(elapsed, 1500);
}
