//! Directional movement whose averages start from a mean.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, Previous, Smooth, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, node},
    volatility::true_range::range_of,
};

/// Both indicators as they were when the range was last above 0.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Indicators {
    plus: f64,
    minus: f64,
}

/// Movement per true range, and the average of the index made of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Directional {
    previous: Previous<Ohlcv>,
    range: Smooth,
    plus: Smooth,
    minus: Smooth,
    average: Smooth,
    last: Indicators,
}

impl Directional {
    fn new(period: usize, smoothing: usize) -> Result<Self, SpecError> {
        let smooth = Smooth::wilder(check_period("period", period, 1)?);
        let average = Smooth::wilder(check_period("smoothing", smoothing, 1)?);
        let last = Indicators::default();
        Ok(Self { previous: Previous::default(), range: smooth, plus: smooth, minus: smooth, average, last })
    }
}

impl Node for Directional {
    type In = Ohlcv;
    type Out = [f64; 3];

    machine!({ previous, range, plus, minus, average } keeps last (c: Ohlcv) -> [f64; 3] {
        // Open and volume are not read and may be anything.
        let before = previous.feed(Ohlcv { open: 0.0, volume: 0.0, ..c })?;
        let (up, down) = (c.high - before.high, before.low - c.low);
        let plus = plus.feed(if up > down && up > 0.0 { up } else { 0.0 });
        let minus = minus.feed(if down > up && down > 0.0 { down } else { 0.0 });
        let range = range.feed(range_of(&c, before.close))?;
        let (plus, minus) = (plus?, minus?);
        if range > 0.0 {
            *last = Indicators { plus: 100.0 * (plus / range), minus: 100.0 * (minus / range) };
        }
        let Indicators { plus, minus } = *last;
        let total = plus + minus;
        let index = (plus - minus).abs() / if total == 0.0 { 1.0 } else { total };
        average.feed(index).map(|average| [plus, minus, 100.0 * average])
    });

    fn warmup(&self) -> usize {
        self.range.period() + self.average.period()
    }
}

indicator! {
    /// `ta.dmi`, `[plus, minus, adx]`, 0 to 100: Wilder's directional movement over `period` and its index averaged over
    /// `smoothing` (both 1 to 100,000).
    ///
    /// All averages start from the mean of their first values. TA-Lib's start from a sum that is one value short, so
    /// [`Adx`](crate::momentum::Adx) differs until that is forgotten. [`PlusDi`](crate::momentum::PlusDi) and this one are
    /// defined at the same candle.
    TvDmi(period: usize, smoothing: usize) = Directional::new => Directional, Ohlcv => [f64; 3];
    dmi(crate::Candles<'_>) -> 3
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "tv.dmi",
    "TradingView ta.dmi: directional indicators and average directional index, seeded by means",
    &[ParamInfo::integer("dilength", 1, 14), ParamInfo::integer("adxsmoothing", 1, 14)],
    &[
        OutputInfo::new("plus", "0 to 100"),
        OutputInfo::new("minus", "0 to 100"),
        OutputInfo::new("adx", "0 to 100"),
    ],
    "dilength + adxsmoothing",
    |args| Ok(node(TvDmi::new(args.count(0), args.count(1))?.0.node)),
)];
