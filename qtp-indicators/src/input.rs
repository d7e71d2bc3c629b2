//! What indicators read: a candle with its time, and the one number that a source selects from it.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

/// Largest magnitude that an indicator computes on; what lies beyond is clamped.
///
/// Products of four such numbers, summed over the longest period, still fit into `f64`.
pub const INPUT_LIMIT: f64 = 1e60;

/// A candle's five numbers with its open time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TimedOhlcv {
    /// Open time in nanoseconds since 1970-01-01 UTC.
    pub open_time: i64,
    /// Prices and volume.
    pub ohlcv: Ohlcv,
}

/// Which number of a candle an indicator over one series reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Source {
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    #[default]
    Close,
    /// Traded base quantity.
    Volume,
    /// (high + low) / 2.
    Hl2,
    /// (high + low + close) / 3, the typical price.
    Hlc3,
    /// (open + high + low + close) / 4.
    Ohlc4,
}

impl Source {
    /// Every source with its name in a spec.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("open", Self::Open),
        ("high", Self::High),
        ("low", Self::Low),
        ("close", Self::Close),
        ("volume", Self::Volume),
        ("hl2", Self::Hl2),
        ("hlc3", Self::Hlc3),
        ("ohlc4", Self::Ohlc4),
    ];

    /// Returns its name in a spec.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self.index()].0
    }

    /// Its place in [`NAMES`](Self::NAMES).
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Reads this source's number from a candle.
    ///
    /// ```
    /// use qtp_core::Ohlcv;
    /// use qtp_indicators::Source;
    ///
    /// let candle = Ohlcv { open: 1.0, high: 4.0, low: 0.0, close: 2.0, volume: 9.0 };
    /// assert_eq!(Source::Hlc3.read(&candle), 2.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn read(self, candle: &Ohlcv) -> f64 {
        match self {
            Self::Open => candle.open,
            Self::High => candle.high,
            Self::Low => candle.low,
            Self::Close => candle.close,
            Self::Volume => candle.volume,
            Self::Hl2 => (candle.high + candle.low) / 2.0,
            Self::Hlc3 => (candle.high + candle.low + candle.close) / 3.0,
            Self::Ohlc4 => (candle.open + candle.high + candle.low + candle.close) / 4.0,
        }
    }
}

/// Magnitudes below this count as 0: their differences would divide what they should scale beyond `f64`.
const INPUT_FLOOR: f64 = 1e-60;

/// Returns the number to compute on, or `None` for NaN and infinities, which would poison a state for good.
#[inline]
pub(crate) fn admit(x: f64) -> Option<f64> {
    if (INPUT_FLOOR..=INPUT_LIMIT).contains(&x.abs()) { Some(x) } else { bounded(x) }
}

#[cold]
fn bounded(x: f64) -> Option<f64> {
    let large = |x: f64| if x.abs() < INPUT_FLOOR { 0.0 } else { x.clamp(-INPUT_LIMIT, INPUT_LIMIT) };
    x.is_finite().then(|| large(x))
}

/// Admits all five numbers of a candle, or none of them.
pub(crate) fn admit_candle(candle: &Ohlcv) -> Option<Ohlcv> {
    Some(Ohlcv {
        open: admit(candle.open)?,
        high: admit(candle.high)?,
        low: admit(candle.low)?,
        close: admit(candle.close)?,
        volume: admit(candle.volume)?,
    })
}
