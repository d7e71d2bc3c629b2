//! Time-outs, retries and the deadline, on paused time and without a network.

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::DecisionError;
use qtp_core::port::DecisionEngine;
use tokio::time::Instant;

use super::super::client::{HttpAnswer, Transport, TransportError};
use super::super::{ChatEngine, Provider};
use super::*;

/// Takes its time before each answer; the last one repeats.
struct Slow {
    after: Duration,
    status: u16,
    retry_after: Option<Duration>,
    calls: Arc<Mutex<Vec<Instant>>>,
}

#[async_trait]
impl Transport for Slow {
    async fn post(&self, _: Vec<u8>) -> Result<HttpAnswer, TransportError> {
        self.calls.lock().unwrap().push(Instant::now());
        tokio::time::sleep(self.after).await;
        let body = completion(&json!(good_answer()), "stop").into_bytes();
        Ok(HttpAnswer { status: self.status, retry_after: self.retry_after, body })
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
    let transport = Slow {
        after: Duration::from_millis(after),
        status,
        retry_after: retry_after.map(Duration::from_millis),
        calls: Arc::clone(&calls),
    };
    let engine = ChatEngine::with_transport(Provider::Ollama, "m", (None, settings), Box::new(transport));
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
    assert!(matches!(result, Err(DecisionError::Timeout { limit, .. }) if limit.as_millis() == 1500));
    assert_eq!(elapsed, 1500);
}
