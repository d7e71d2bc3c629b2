//! What a rule is and what it can answer.

use std::fmt;

use rust_decimal::Decimal;

use super::RiskContext;
use crate::event::Reason;
use crate::money::Quantity;
use crate::order::OrderRequest;

/// One limit that orders are checked against.
///
/// # Contract
/// - `check` is called only for the part of an order that adds risk; exits never reach a rule.
/// - It is pure: the same order and context give the same verdict. State lives in [`RiskState`](super::RiskState).
/// - It may shrink the added part, never enlarge it: a larger answer counts as approval of what was asked.
/// - Rules are asked in order; each sees what those before it left.
pub trait RiskRule: Send + Sync + fmt::Debug {
    /// Short name for logs and reports.
    fn name(&self) -> &'static str;

    /// Looks at one order.
    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict;
}

/// A rule's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No objection.
    Approve,
    /// At most this much may be added.
    Reduce {
        /// Largest magnitude that may be added to the position.
        quantity: Quantity,
        /// Which limit.
        reason: RiskReason,
    },
    /// Nothing may be added.
    Deny(RiskReason),
    /// Nothing may be added, and no new risk is taken until the halt ends.
    Halt(RiskReason),
}

/// Why a rule objected: a stable code and the two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskReason {
    /// Stable short code.
    pub code: &'static str,
    /// The limit.
    pub limit: Decimal,
    /// What would have been.
    pub actual: Decimal,
}

impl RiskReason {
    /// A reason.
    pub const fn new(code: &'static str, limit: Decimal, actual: Decimal) -> Self {
        Self { code, limit, actual }
    }
}

impl From<RiskReason> for Reason {
    fn from(reason: RiskReason) -> Self {
        let (limit, actual) = (reason.limit.normalize(), reason.actual.round_dp(8).normalize());
        Self::new(reason.code, format!("limit={limit} actual={actual}"))
    }
}
