//! Positions, balances and exact accounting.

mod portfolio;
mod position;

pub use portfolio::{AccountKind, FeeTotals, FundingPayment, Portfolio, PnlSplit};
pub use position::{Position, PositionChange};
