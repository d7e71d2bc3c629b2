//! Average true range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::TrueRange;
use crate::{
    Indicator, SpecError,
    error::check_period,
    input::admit_candle,
    registry::{Entry, OutputInfo, ParamInfo, candles},
};

/// True range smoothed after Wilder, in price units.
///
/// Seeded by the mean of the first `period` true ranges (the second candle has the first), then
/// `(atr * (period - 1) + range) / period` in TA-Lib's order. Smoothing makes earlier rounding errors fade.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, volatility::Atr};
///
/// let candle = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 1.0 };
/// let mut atr = Atr::new(2)?;
/// assert_eq!([candle; 3].map(|c| atr.update(c)), [None, None, Some(3.0)]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Atr {
    period: usize,
    range: TrueRange,
    /// True ranges taken, counted up to `period`.
    seen: usize,
    /// Sum of true ranges while seeding, the average afterwards.
    level: f64,
}

impl Atr {
    /// Makes an average over `period` true ranges, 1 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(period: usize) -> Result<Self, SpecError> {
        let period = check_period("period", period, 1)?;
        Ok(Self { period, range: TrueRange::new(), seen: 0, level: 0.0 })
    }

    /// The state after one more candle.
    fn advance(mut self, candle: Ohlcv) -> Option<Self> {
        let candle = admit_candle(&candle)?;
        let Some(range) = self.range.update(candle) else { return Some(self) };
        let n = self.period as f64;
        if self.seen == self.period {
            self.level *= n - 1.0;
            self.level += range;
            self.level /= n;
            return Some(self);
        }
        self.seen += 1;
        self.level += range;
        if self.seen == self.period {
            self.level /= n;
        }
        Some(self)
    }
}

impl Indicator<Ohlcv> for Atr {
    type Output = f64;

    fn update(&mut self, candle: Ohlcv) -> Option<f64> {
        *self = self.advance(candle)?;
        self.value()
    }

    fn peek(&self, candle: Ohlcv) -> Option<f64> {
        self.advance(candle)?.value()
    }

    fn value(&self) -> Option<f64> {
        (self.seen == self.period).then_some(self.level)
    }

    fn warmup(&self) -> usize {
        self.period + 1
    }

    fn reset(&mut self) {
        *self = Self { period: self.period, range: TrueRange::new(), seen: 0, level: 0.0 };
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "atr",
        summary: "Average true range after Wilder",
        params: &[ParamInfo::integer("period", 1, 14)],
        outputs: &[OutputInfo::new("atr", "price")],
        sourced: false,
        warmup: "period + 1",
        make: |args| Ok(candles(Atr::new(args.count(0))?)),
    },
    Entry {
        name: "talib.atr",
        summary: "TA-Lib ATR: average true range",
        params: &[ParamInfo::integer("timeperiod", 1, 14)],
        outputs: &[OutputInfo::new("real", "price")],
        sourced: false,
        warmup: "timeperiod + 1",
        make: |args| Ok(candles(Atr::new(args.count(0))?)),
    },
];
