//! A pause after a loss.

use std::time::Duration;

use qtp_core::{OrderRequest, RiskContext, RiskReason, RiskRule, Timestamp, Verdict};

use crate::setting::seconds;

/// Denies an entry too soon after a losing round trip: in the same instrument, or in any.
///
/// The pause after a loss in any instrument ends early with a winning round trip. Code: `cooldown`; the numbers are
/// seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooldown {
    /// Pause of the instrument that lost; zero is none.
    pub same_instrument: Duration,
    /// Pause of all instruments; zero is none.
    pub any_instrument: Duration,
}

impl RiskRule for Cooldown {
    fn name(&self) -> &'static str {
        "cooldown"
    }

    fn check(&self, order: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        let too_soon = |loss: Timestamp, pause: Duration| {
            let passed = context.now.since(loss);
            (passed < pause)
                .then(|| Verdict::Deny(RiskReason::new("cooldown", seconds(pause), seconds(passed))))
        };
        if !self.same_instrument.is_zero() {
            let lost = context.state.last_trade(&order.instrument).filter(|outcome| !outcome.won);
            if let Some(verdict) = lost.and_then(|outcome| too_soon(outcome.time, self.same_instrument)) {
                return verdict;
            }
        }
        if !self.any_instrument.is_zero() && context.state.losses_in_row() > 0 {
            let last = context.state.last_trade_time();
            if let Some(verdict) = last.and_then(|time| too_soon(time, self.any_instrument)) {
                return verdict;
            }
        }
        Verdict::Approve
    }
}
