//! Positions, balances and exact accounting.

mod margin;
mod portfolio;
mod position;
mod seen_fills;

pub use margin::liquidation_price;
pub use portfolio::{AccountKind, FundingPayment, PnlSplit, Portfolio, Totals};
pub use position::{Position, PositionChange};
pub use seen_fills::SeenFills;
