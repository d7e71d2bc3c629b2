//! Five floats for indicators and statistics.

use serde::{Deserialize, Serialize};

/// Open, high, low, close and volume as `f64`: what indicators compute on.
///
/// Money never passes through this type; exact values stay in [`Candle`](super::Candle).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Ohlcv {
    /// First price of the interval.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
    /// Traded base quantity.
    pub volume: f64,
}
