//! Decisions in tasks of their own: whatever goes wrong, the answer is hold.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::DecisionEngine;
use qtp_core::{DecisionAnswer, DecisionOutcome, DecisionRequest, DecisionResult, Reason};

/// Asks the engine and waits no longer than `limit`.
pub(super) async fn ask(
    decider: Arc<dyn DecisionEngine>,
    request: Box<DecisionRequest>,
    limit: Duration,
) -> DecisionOutcome {
    let copy = request.clone();
    // A task of its own, so that a panic ends the question and not the answer.
    let task = tokio::spawn(async move { decider.answer(&copy).await });
    let stop = task.abort_handle();
    let hold = |code: &str, words: String| DecisionResult::Hold(Reason::new(code, words)).into();
    let answer: DecisionAnswer = match tokio::time::timeout(limit, task).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => hold("panicked", "the decision engine failed".to_owned()),
        Err(_) => {
            stop.abort();
            hold("timeout", format!("no answer within {limit:?}"))
        }
    };
    answer.outcome(&request)
}

/// An answer to a request.
pub(super) fn outcome(request: &DecisionRequest, result: DecisionResult) -> DecisionOutcome {
    DecisionAnswer::from(result).outcome(request)
}
