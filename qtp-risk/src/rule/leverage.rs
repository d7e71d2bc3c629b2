//! Highest leverage.

use qtp_core::{Decimal, OrderRequest, Quantity, Ratio, RiskContext, RiskReason, RiskRule, Verdict};

use super::{equity_unknown, share_of, shrink, unit_value};

/// Bounds the exposure of the whole account after the order, working entries included, over equity. Shrinks.
///
/// Code: `max_leverage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leverage {
    /// Exposure over equity; `None` does not bind.
    pub max: Option<Ratio>,
}

impl RiskRule for Leverage {
    fn name(&self) -> &'static str {
        "max_leverage"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(max) = self.max else { return Verdict::Approve };
        let Some(equity) = context.equity else { return equity_unknown() };
        let limit = share_of(equity, max.get());
        // What a flip closes leaves the exposure together with it.
        let before = context.exposure - context.value(closed(order, context));
        let actual = before + context.value(context.adds);
        if actual.get() <= limit {
            return Verdict::Approve;
        }
        let leverage = actual.get().checked_div(equity.get()).unwrap_or(Decimal::MAX);
        let reason = RiskReason::new("max_leverage", max.get(), leverage);
        shrink(limit.saturating_sub(before.get()), unit_value(context), reason)
    }
}

/// Magnitude of the position that the order closes before it opens anything.
fn closed(order: &OrderRequest, context: &RiskContext<'_>) -> Quantity {
    let against = order.signed_quantity().signum() * context.position.signum() < 0;
    if against { order.quantity.min(context.position.abs()) } else { Quantity::ZERO }
}
