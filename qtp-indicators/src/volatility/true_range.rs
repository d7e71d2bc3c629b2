//! True range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    node::{Feed, Gate, Node, Previous, composite, indicator},
    registry::{Entry, OutputInfo, node},
};

/// Largest of range, and distances of high and low from the close before.
pub(crate) fn range_of(candle: &Ohlcv, close: f64) -> f64 {
    let (up, down) = ((close - candle.high).abs(), (close - candle.low).abs());
    let range = candle.high - candle.low;
    let range = if up > range { up } else { range };
    if down > range { down } else { range }
}

/// True range from the second candle on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Ranges {
    previous: Previous<f64>,
}

impl Node for Ranges {
    type In = Ohlcv;
    type Out = f64;

    composite!({ previous } (candle: Ohlcv) -> f64 {
        previous.feed(candle.close).map(|close| range_of(&candle, close))
    });

    fn warmup(&self) -> usize {
        2
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let column = crate::sweep::one(out);
        crate::sweep::chill(column, 1);
        gate.map::<Self>(1, column, |c, last| crate::sweep::true_range(c.high, c.low, last.close));
    }
}

indicator! {
    /// Largest of today's range and the distances of today's high and low from yesterday's close, in price units.
    ///
    /// ```
    /// use qtp_core::Ohlcv;
    /// use qtp_indicators::{Indicator, volatility::TrueRange};
    ///
    /// let candle = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 1.0 };
    /// let gap = Ohlcv { open: 15.0, high: 16.0, low: 15.0, close: 15.0, volume: 1.0 };
    /// let mut range = TrueRange::new()?;
    /// assert_eq!([candle, gap].map(|c| range.update(c)), [None, Some(5.0)]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    TrueRange() = || Ok(Ranges::default()) => Ranges, Ohlcv => f64;
    trange(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "trange",
        "True range: range of the candle, stretched to the close before",
        &[],
        &[OutputInfo::new("trange", "price")],
        "2",
        |_| Ok(node(Ranges::default())),
    ),
    Entry::candles(
        "talib.trange",
        "TA-Lib TRANGE: true range",
        &[],
        &[OutputInfo::new("real", "price")],
        "2",
        |_| Ok(node(Ranges::default())),
    ),
];
