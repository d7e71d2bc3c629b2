//! Momentum: how fast and which way the price moves.

pub(crate) mod macd;
pub(crate) mod rsi;

pub use macd::{Macd, MacdOutput};
pub use rsi::Rsi;
