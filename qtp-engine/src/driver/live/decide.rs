//! Decisions in tasks of their own: whatever goes wrong, the answer is hold.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::DecisionEngine;
use qtp_core::{DecisionOutcome, DecisionRequest, DecisionResult, Reason};

/// Asks the engine and waits no longer than `limit`.
pub(super) async fn ask(
    decider: Arc<dyn DecisionEngine>,
    request: Box<DecisionRequest>,
    limit: Duration,
) -> DecisionOutcome {
    let copy = request.clone();
    // A task of its own, so that a panic ends the question and not the answer.
    let task = tokio::spawn(async move { decider.decide(&copy).await });
    let stop = task.abort_handle();
    let result = match tokio::time::timeout(limit, task).await {
        Ok(Ok(Ok(decision))) => DecisionResult::Decided(decision),
        Ok(Ok(Err(error))) => DecisionResult::Hold(Reason::new(error.code(), error.to_string())),
        Ok(Err(_)) => DecisionResult::Hold(Reason::new("panicked", "the decision engine failed")),
        Err(_) => {
            stop.abort();
            DecisionResult::Hold(Reason::new("timeout", format!("no answer within {limit:?}")))
        }
    };
    outcome(&request, result)
}

/// An answer to a request.
pub(super) fn outcome(request: &DecisionRequest, result: DecisionResult) -> DecisionOutcome {
    DecisionOutcome {
        request: request.id,
        owner: request.owner,
        account: request.account.clone(),
        snapshot_seq: request.snapshot_seq,
        as_of: request.as_of,
        result,
    }
}
