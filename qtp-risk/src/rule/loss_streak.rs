//! A pause after several losses in a row.

use std::time::Duration;

use qtp_core::{Decimal, OrderRequest, RiskContext, RiskReason, RiskRule, Verdict};

/// After so many losing round trips in a row: halts new risk until the next day, or denies it for a pause.
///
/// A streak that ended on an earlier day is forgiven. After a pause one more loss starts the next pause.
/// Code: `loss_streak`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossStreak {
    /// Losses in a row that are too many; `None` does not bind.
    pub losses: Option<u32>,
    /// Pause after the last loss; `None` halts until the next day.
    pub pause: Option<Duration>,
}

impl RiskRule for LossStreak {
    fn name(&self) -> &'static str {
        "loss_streak"
    }

    fn check(&self, _: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let (Some(limit), actual) = (self.losses, context.state.losses_in_row()) else {
            return Verdict::Approve;
        };
        if actual < limit {
            return Verdict::Approve;
        }
        let Some(last) = context.state.last_trade_time() else { return Verdict::Approve };
        let reason = RiskReason::new("loss_streak", Decimal::from(limit), Decimal::from(actual));
        let midnight = context.state.midnight;
        match self.pause {
            Some(pause) if context.now.since(last) < pause => Verdict::Deny(reason),
            None if last.day(midnight) == context.now.day(midnight) => Verdict::Halt(reason),
            _ => Verdict::Approve,
        }
    }
}
