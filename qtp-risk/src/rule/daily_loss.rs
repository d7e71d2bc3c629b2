//! Largest loss of a day.

use qtp_core::{Decimal, OrderRequest, Ratio, RiskContext, RiskReason, RiskRule, Verdict};

use super::{equity_unknown, share_of};

/// Halts new risk until the configured midnight once the day has lost more than a share of the equity that it
/// began with. Open profit, fees and funding count; deposits do not.
///
/// Codes: `daily_loss`, and `daily_loss_base_unknown` while the equity at midnight is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyLoss {
    /// Share of the equity at midnight; `None` does not bind.
    pub max: Option<Ratio>,
}

impl RiskRule for DailyLoss {
    fn name(&self) -> &'static str {
        "daily_loss"
    }

    fn check(&self, _: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(max) = self.max else { return Verdict::Approve };
        let Some(equity) = context.equity else { return equity_unknown() };
        let Some(base) = context.state.day_start_equity() else {
            return Verdict::Deny(RiskReason::new("daily_loss_base_unknown", max.get(), Decimal::ZERO));
        };
        let limit = share_of(base, max.get());
        let loss = (base - equity).get();
        if loss <= limit {
            Verdict::Approve
        } else {
            Verdict::Halt(RiskReason::new("daily_loss", limit, loss))
        }
    }
}
