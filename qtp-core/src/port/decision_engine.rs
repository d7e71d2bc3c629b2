//! Who answers decision requests.

use async_trait::async_trait;

use crate::decision::{Decision, DecisionRequest};
use crate::error::DecisionError;

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
}
