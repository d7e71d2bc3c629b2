//! What a call may use, by span.

use qtp_core::Decimal;
use serde::{Deserialize, Serialize};

/// The most that may be used within one span. `None` is no cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cap {
    /// Tokens of prompts and answers.
    pub tokens: Option<u64>,
    /// USD.
    pub usd: Option<Decimal>,
}

/// Caps for spans of several lengths; a call must fit into all of them.
///
/// Hours and days are those of UTC, on the clock that decisions carry: simulated time in a simulation, where the cap of
/// the run is the one that limits real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetCaps {
    /// One decision, repairs and tools included.
    pub decision: Cap,
    /// One hour.
    pub hour: Cap,
    /// One day.
    pub day: Cap,
    /// The whole run, restarts included where the ledger has a file.
    pub run: Cap,
}

#[cfg(feature = "chat")]
impl BudgetCaps {
    /// What cannot work, each with its field.
    pub(crate) fn problems(&self) -> Vec<String> {
        let spans = [("decision", self.decision), ("hour", self.hour), ("day", self.day), ("run", self.run)];
        let wrong = |cap: &Cap| cap.usd.is_some_and(|usd| usd.is_sign_negative());
        spans
            .iter()
            .filter(|(_, cap)| wrong(cap))
            .map(|(name, _)| format!("budget.{name}.usd must not be negative"))
            .collect()
    }

    /// Some cap is in dollars: then every price must be known.
    pub(crate) fn needs_prices(&self) -> bool {
        [self.decision, self.hour, self.day, self.run].iter().any(|cap| cap.usd.is_some())
    }
}
