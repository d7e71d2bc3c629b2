//! The risk gate: the only way for an order to leave.

mod context;
mod gate;
mod rule;
mod state;

pub use context::RiskContext;
pub use gate::{Approved, Denied, Review, RiskGate};
pub use rule::{RiskReason, RiskRule, Verdict};
pub use state::{RiskState, TradeOutcome};
