//! Average true range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::true_range::Ranges;
use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Smooth, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
};

/// True range smoothed after Wilder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct AverageRange {
    ranges: Ranges,
    smooth: Smooth,
}

impl AverageRange {
    /// The smoothing by blocks, from this state on.
    pub(crate) fn scan(&self) -> sweep::Scan {
        self.smooth.scan()
    }

    /// Writes the averages from `from` on, by blocks, each of which `then` may rework.
    fn sweep(
        &self,
        gate: &Gate<'_, Ohlcv>,
        from: usize,
        column: &mut [f64],
        mut then: impl FnMut(usize, usize, &mut [f64]),
    ) {
        let (input, mut scan) = (gate.columns(), self.smooth.scan());
        gate.blocks(from, |at, end| {
            let slots = &mut column[at..end];
            sweep::true_ranges_from(input, at, slots);
            scan.replace(slots);
            then(at, end, slots);
        });
    }

    pub(crate) fn new(n: usize) -> Self {
        Self { ranges: Ranges::default(), smooth: Smooth::wilder(n) }
    }
}

impl Node for AverageRange {
    type In = Ohlcv;
    type Out = f64;

    composite!({ ranges, smooth } (candle: Ohlcv) -> f64 {
        let range = ranges.feed(candle)?;
        smooth.feed(range)
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let from = crate::node::catch_up(self, gate, out);
        self.sweep(gate, from, sweep::one(out), |_, _, _| ());
    }
}

/// In percent of the close; for a period of 1 in price units, as in TA-Lib.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Normalised {
    average: AverageRange,
}

impl Node for Normalised {
    type In = Ohlcv;
    type Out = f64;

    composite!({ average } (candle: Ohlcv) -> f64 {
        let raw = average.smooth.period() == 1;
        average.feed(candle).map(|range| if raw { range } else { ratio(range, candle.close) * 100.0 })
    });

    fn warmup(&self) -> usize {
        self.average.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let raw = self.average.smooth.period() == 1;
        self.average.sweep(gate, from, sweep::one(out), |at, end, slots| {
            if !raw {
                sweep::combine(slots, &input.close[at..end], move |range, close| {
                    let share = range / close * 100.0;
                    if close == 0.0 { 0.0 } else { share }
                });
            }
        });
    }
}

indicator! {
    /// True range smoothed after Wilder over `period` (1 to 100,000), in price units.
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
    Atr(period: usize) = |period| Ok(AverageRange::new(check_period("period", period, 1)?)) => AverageRange, Ohlcv => f64;
    atr(crate::Candles<'_>) -> one
}
indicator! {
    /// [`Atr`] in percent of the close; for a period of 1 in price units, as in TA-Lib.
    Natr(period: usize) = |period| Ok(Normalised { average: AverageRange::new(check_period("period", period, 1)?) })
        => Normalised, Ohlcv => f64;
    natr(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "atr",
        "Average true range after Wilder",
        &[ParamInfo::integer("period", 1, 14)],
        &[OutputInfo::new("atr", "price")],
        "period + 1",
        |args| Ok(node(Atr::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.atr",
        "TA-Lib ATR: average true range",
        &[ParamInfo::integer("timeperiod", 1, 14)],
        &[OutputInfo::new("real", "price")],
        "timeperiod + 1",
        |args| Ok(node(Atr::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.natr",
        "TA-Lib NATR: average true range in percent of the close",
        &[ParamInfo::integer("timeperiod", 1, 14)],
        &[OutputInfo::new("real", "percent")],
        "timeperiod + 1",
        |args| Ok(node(Natr::new(args.count(0))?.0.node)),
    ),
];
