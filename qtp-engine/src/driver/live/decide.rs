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
    let (copy, asked) = (request.clone(), Arc::clone(&decider));
    // A task of its own, so that a panic ends the question and not the answer.
    let task = tokio::spawn(async move { decider.answer(&copy).await });
    let stop = task.abort_handle();
    let hold = |code: &str, words: String| DecisionResult::Hold(Reason::new(code, words)).into();
    let answer: DecisionAnswer = match tokio::time::timeout(limit, task).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => hold("panicked", "the decision engine failed".to_owned()),
        Err(_) => {
            stop.abort();
            // What was asked until then may have been billed.
            let (calls, findings) = asked.given_up(request.id);
            DecisionAnswer { calls, findings, ..hold("timeout", format!("no answer within {limit:?}")) }
        }
    };
    answer.outcome(&request)
}

/// An answer to a request.
pub(super) fn outcome(request: &DecisionRequest, result: DecisionResult) -> DecisionOutcome {
    DecisionAnswer::from(result).outcome(request)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use qtp_core::{Decision, DecisionError, ModelCall, Timestamp, TokenUsage};

    use super::*;

    /// Asks somebody and never hears of it again.
    struct Silent;

    #[async_trait]
    impl DecisionEngine for Silent {
        fn name(&self) -> &str {
            "silent"
        }

        async fn decide(&self, _: &DecisionRequest) -> Result<Decision, DecisionError> {
            std::future::pending().await
        }

        fn given_up(&self, request: u64) -> (Vec<ModelCall>, Vec<Reason>) {
            let call = ModelCall {
                seat: "decide".into(),
                provider: "p".into(),
                model: format!("m{request}"),
                sent: Vec::new(),
                reply: String::new(),
                tools: Vec::new(),
                used: TokenUsage::default(),
                repair: false,
                failed: Vec::new(),
                error: Some(Reason::new("no_answer", "")),
            };
            (vec![call], Vec::new())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_calls_of_a_question_that_is_given_up_are_kept() {
        let request = Box::new(DecisionRequest {
            id: 7,
            strategy: "desk".parse().unwrap(),
            owner: 0,
            account: "main".parse().unwrap(),
            snapshot_seq: 1,
            as_of: Timestamp::EPOCH,
            equity: None,
            performance: None,
            assets: Vec::new(),
            halted: false,
        });
        let outcome = ask(Arc::new(Silent), request, Duration::from_secs(60)).await;
        assert!(matches!(&outcome.result, DecisionResult::Hold(reason) if reason.code == "timeout"));
        assert_eq!(outcome.calls.iter().map(|call| call.model.as_str()).collect::<Vec<_>>(), ["m7"]);
    }
}
