//! No order far from the market.

use qtp_core::{Decimal, OrderRequest, Price, Ratio, RiskContext, RiskReason, RiskRule, Verdict};

/// Denies an entry whose limit price, or the price at which it was decided, is too far from the reference price.
///
/// Codes: `price_band` for the limit price, `price_drift` for the price of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBand {
    /// Largest distance, as a share of the reference price; `None` does not bind.
    pub band: Option<Ratio>,
}

impl RiskRule for PriceBand {
    fn name(&self) -> &'static str {
        "price_band"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(band) = self.band else { return Verdict::Approve };
        let reference = context.price.get();
        let width = reference.saturating_mul(band.get());
        let outside = |price: Option<Price>, code| {
            let distance = price.map_or(Decimal::ZERO, |price| (price.get() - reference).abs());
            (distance > width).then(|| {
                let actual = distance.checked_div(reference).unwrap_or(Decimal::MAX);
                Verdict::Deny(RiskReason::new(code, band.get(), actual))
            })
        };
        outside(order.kind.limit(), "price_band")
            .or_else(|| outside(order.decision_price, "price_drift"))
            .unwrap_or(Verdict::Approve)
    }
}
