//! No new risk on old prices.

use std::time::Duration;

use qtp_core::{OrderRequest, RiskContext, RiskReason, RiskRule, Verdict};

use crate::setting::seconds;

/// Denies an entry when the newest market data of the instrument is too old.
///
/// Code: `stale_data`; the numbers are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleData {
    /// Largest age; `None` does not bind.
    pub max_age: Option<Duration>,
}

impl RiskRule for StaleData {
    fn name(&self) -> &'static str {
        "stale_data"
    }

    fn check(&self, _: &OrderRequest, context: &RiskContext<'_>) -> Verdict {
        match self.max_age {
            Some(limit) if context.data_age > limit => {
                Verdict::Deny(RiskReason::new("stale_data", seconds(limit), seconds(context.data_age)))
            }
            _ => Verdict::Approve,
        }
    }
}
