//! Largest position.

use qtp_core::{Notional, OrderRequest, Ratio, RiskContext, RiskReason, RiskRule, Verdict};

use super::{equity_unknown, share_of, shrink, unit_value};

/// Bounds the value of the position, with the working orders of the same side, after the order. Shrinks.
///
/// Code: `max_position`. The bound is the smaller of the two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxPosition {
    /// Share of equity: 0.5 allows a position worth half the equity.
    pub equity_share: Option<Ratio>,
    /// Value in the reporting currency.
    pub notional: Option<Notional>,
}

impl RiskRule for MaxPosition {
    fn name(&self) -> &'static str {
        "max_position"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let by_share = match (self.equity_share, context.equity) {
            (Some(share), Some(equity)) => Some(share_of(equity, share.get())),
            (Some(_), None) => return equity_unknown(),
            (None, _) => None,
        };
        let limit = match (by_share, self.notional.map(Notional::get)) {
            (Some(share), Some(notional)) => share.min(notional),
            (Some(limit), None) | (None, Some(limit)) => limit,
            (None, None) => return Verdict::Approve,
        };
        let resulting = context.resulting(order);
        let actual = context.value(resulting).get();
        if actual <= limit {
            return Verdict::Approve;
        }
        let before = context.value(resulting - context.adds).get();
        shrink(
            limit.saturating_sub(before),
            unit_value(context),
            RiskReason::new("max_position", limit, actual),
        )
    }
}
