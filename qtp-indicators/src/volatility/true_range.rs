//! True range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Indicator,
    input::admit_candle,
    registry::{Entry, OutputInfo, candles},
};

/// Largest of high - low, |previous close - high| and |previous close - low|, in price units.
///
/// The first candle has no previous close and so, as in TA-Lib's `TRANGE`, no output.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TrueRange {
    close: Option<f64>,
    range: Option<f64>,
}

impl TrueRange {
    /// Makes a true range; it has no parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state after one more candle.
    fn advance(self, candle: Ohlcv) -> Option<Self> {
        let candle = admit_candle(&candle)?;
        let range = self.close.map(|close| {
            let greatest = candle.high - candle.low;
            greatest.max((close - candle.high).abs()).max((close - candle.low).abs())
        });
        Some(Self { close: Some(candle.close), range })
    }
}

impl Indicator<Ohlcv> for TrueRange {
    type Output = f64;

    fn update(&mut self, candle: Ohlcv) -> Option<f64> {
        *self = self.advance(candle)?;
        self.range
    }

    fn peek(&self, candle: Ohlcv) -> Option<f64> {
        self.advance(candle)?.range
    }

    fn value(&self) -> Option<f64> {
        self.range
    }

    fn warmup(&self) -> usize {
        2
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "trange",
        summary: "True range: the candle's range, widened to the previous close",
        params: &[],
        outputs: &[OutputInfo::new("trange", "price")],
        sourced: false,
        warmup: "2",
        make: |_| Ok(candles(TrueRange::new())),
    },
    Entry {
        name: "talib.trange",
        summary: "TA-Lib TRANGE: true range",
        params: &[],
        outputs: &[OutputInfo::new("real", "price")],
        sourced: false,
        warmup: "2",
        make: |_| Ok(candles(TrueRange::new())),
    },
];
