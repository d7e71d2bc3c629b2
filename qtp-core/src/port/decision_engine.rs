//! Who answers decision requests.

use async_trait::async_trait;

use crate::decision::{Decision, DecisionAnswer, DecisionRequest, DecisionResult, ModelCall};
use crate::error::DecisionError;
use crate::event::Reason;

/// Rules, a model or a recording that turns a picture of the market into advice.
///
/// # Contract
/// - It uses nothing but the request: what it reads elsewhere must be as of `request.as_of`.
/// - At most one entry per asset of the request, none for other assets.
/// - Cancel safe: dropping the future has no effect but the cost of the call.
/// - On an error the caller holds; it never invents an order.
#[async_trait]
pub trait DecisionEngine: Send + Sync {
    /// Name for logs and stores.
    fn name(&self) -> &str;

    /// Answers one request.
    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError>;

    /// Answers one request and says what led to the answer: calls, costs, findings. An error becomes a hold with its
    /// cause. Drivers ask this; who wraps another engine passes on what that one says.
    async fn answer(&self, request: &DecisionRequest) -> DecisionAnswer {
        let result = match self.decide(request).await {
            Ok(decision) => DecisionResult::Decided(decision),
            Err(error) => DecisionResult::Hold(Reason::new(error.code(), causes(&error))),
        };
        result.into()
    }

    /// What had been said on the way to an answer that is waited for no longer. Told once, after the future was dropped.
    fn given_up(&self, _request: u64) -> (Vec<ModelCall>, Vec<Reason>) {
        (Vec::new(), Vec::new())
    }
}

/// An error and its causes on one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // A transparent wrapper repeats its cause.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
