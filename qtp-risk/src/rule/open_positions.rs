//! Most positions at the same time.

use qtp_core::{Decimal, OrderRequest, RiskContext, RiskReason, RiskRule, Verdict};

/// Denies an entry into one more instrument when enough are open, working entries included.
///
/// Adding to a position or turning it round is no new position. Code: `max_open_positions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxOpenPositions {
    /// Most instruments with a position or a working entry; `None` does not bind.
    pub max: Option<u32>,
}

impl RiskRule for MaxOpenPositions {
    fn name(&self) -> &'static str {
        "max_open_positions"
    }

    fn check(&self, _: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let Some(max) = self.max else { return Verdict::Approve };
        let is_new = context.position.is_zero() && context.working.is_zero();
        if !is_new || context.other_open < usize::try_from(max).unwrap_or(usize::MAX) {
            return Verdict::Approve;
        }
        let actual = Decimal::from(context.other_open).saturating_add(Decimal::ONE);
        Verdict::Deny(RiskReason::new("max_open_positions", Decimal::from(max), actual))
    }
}
