//! The stop must come before the venue's liquidation.

use qtp_core::{Decimal, OrderRequest, Ratio, RiskContext, RiskReason, RiskRule, Side, Verdict};

use super::adverse;

/// Denies an entry whose stop lies too near to, or behind, the price at which it would be liquidated.
///
/// With a buffer of 0.2 the stop must lie within the nearer 80 % of the way from the price to the liquidation.
/// Says nothing where no margin applies or no stop is planned: [`TradeRisk`](super::TradeRisk) asks for stops.
///
/// Code: `stop_behind_liquidation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopBeforeLiquidation {
    /// Share of the way to the liquidation that must stay free; `None` does not bind.
    pub buffer: Option<Ratio>,
}

impl RiskRule for StopBeforeLiquidation {
    fn name(&self) -> &'static str {
        "stop_before_liquidation"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let (Some(buffer), Some(stop), Some(liquidation)) =
            (self.buffer, order.protective_stop, context.liquidation)
        else {
            return Verdict::Approve;
        };
        let to_stop = adverse(order, context.price, stop);
        let to_liquidation = adverse(order, context.price, liquidation);
        let limit = to_liquidation.saturating_mul(Decimal::ONE.saturating_sub(buffer.get()));
        if to_liquidation > Decimal::ZERO && to_stop <= limit {
            return Verdict::Approve;
        }
        let nearest = match order.side {
            Side::Buy => context.price.get().saturating_sub(limit),
            Side::Sell => context.price.get().saturating_add(limit),
        };
        Verdict::Deny(RiskReason::new("stop_behind_liquidation", nearest, stop.get()))
    }
}
