//! Largest loss of one trade.

use qtp_core::{Decimal, OrderRequest, Price, Ratio, RiskContext, RiskReason, RiskRule, Verdict};

use super::{adverse, equity_unknown, share_of, shrink, times};

/// Bounds what the position loses from the entry price to its protective stop, as a share of equity. Shrinks.
///
/// The whole resulting position counts, so that many small entries cannot add up to a large loss. The entry price
/// is the order's limit or trigger, else the reference price.
///
/// Codes: `trade_risk`, `stop_required`, and `stop_side` for a stop that is not on the losing side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRisk {
    /// Share of equity; `None` does not bind.
    pub max: Option<Ratio>,
    /// Added to the loss for fees and slippage: share of the entry price.
    pub cost_buffer: Ratio,
    /// Deny an entry that has no protective stop.
    pub require_stop: bool,
}

impl RiskRule for TradeRisk {
    fn name(&self) -> &'static str {
        "trade_risk"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(stop) = order.protective_stop else {
            return match self.require_stop {
                true => Verdict::Deny(RiskReason::new("stop_required", Decimal::ONE, Decimal::ZERO)),
                false => Verdict::Approve,
            };
        };
        let Some(max) = self.max else { return Verdict::Approve };
        let Some(equity) = context.equity else { return equity_unknown() };
        let entry = entry_price(order, context);
        let distance = adverse(order, entry, stop);
        if distance <= Decimal::ZERO {
            return Verdict::Deny(RiskReason::new("stop_side", entry.get(), stop.get()));
        }
        let per_base = distance.saturating_add(entry.get().saturating_mul(self.cost_buffer.get()));
        let per_unit = times(times(per_base, context.instrument.multiplier), context.rate);
        let limit = share_of(equity, max.get());
        let resulting = context.resulting(order);
        let actual = per_unit.saturating_mul(resulting.get());
        if actual <= limit {
            return Verdict::Approve;
        }
        let before = per_unit.saturating_mul((resulting - context.adds).get());
        shrink(limit.saturating_sub(before), per_unit, RiskReason::new("trade_risk", limit, actual))
    }
}

/// Where the entry is expected to fill.
fn entry_price(order: &OrderRequest, context: &RiskContext<'_>) -> Price {
    order.kind.limit().or_else(|| order.kind.trigger().map(|trigger| trigger.price)).unwrap_or(context.price)
}
