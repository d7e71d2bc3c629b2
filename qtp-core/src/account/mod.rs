//! Positions, balances and exact accounting.

mod margin;
mod portfolio;
mod position;

pub use margin::liquidation_price;
pub use portfolio::{AccountKind, FundingPayment, PnlSplit, Portfolio, Totals};
pub use position::{Position, PositionChange};
