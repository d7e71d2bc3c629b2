//! Most orders in a time.

use std::time::Duration;

use qtp_core::{Decimal, OrderRequest, RiskContext, RiskReason, RiskRule, Verdict};

/// Denies an entry when 80 % of the orders of a window are used: the rest is kept for cancels, stops and closes.
///
/// Code: `order_rate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRate {
    /// Orders of all kinds within the window; `None` does not bind.
    pub max: Option<u32>,
    /// The window.
    pub window: Duration,
}

impl OrderRate {
    /// Orders within the window that leave room for one more entry: 80 % of the maximum, rounded down.
    pub const fn for_entries(max: u32) -> u32 {
        max - max.div_ceil(5)
    }
}

impl RiskRule for OrderRate {
    fn name(&self) -> &'static str {
        "order_rate"
    }

    fn check(&self, _: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(max) = self.max else { return Verdict::Approve };
        let used = context.state.orders_within(self.window, context.now);
        let limit = Self::for_entries(max);
        if used < usize::try_from(limit).unwrap_or(usize::MAX) {
            return Verdict::Approve;
        }
        let actual = Decimal::from(used).saturating_add(Decimal::ONE);
        Verdict::Deny(RiskReason::new("order_rate", Decimal::from(limit), actual))
    }
}
