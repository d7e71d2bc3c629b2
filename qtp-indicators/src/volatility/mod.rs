//! Volatility: how far the price moves, in price units.

pub(crate) mod atr;
pub(crate) mod bollinger;
pub(crate) mod stddev;
pub(crate) mod true_range;

pub use atr::Atr;
pub use bollinger::{BollingerBands, BollingerOutput};
pub use stddev::StdDev;
pub use true_range::TrueRange;
