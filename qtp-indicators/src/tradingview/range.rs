//! Ranges that count the first candle, and what is made of them; the standard deviation.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::average::FromFirst;
use crate::{
    SpecError,
    error::{check_deviations, check_period},
    node::{Feed, Node, Smooth, composite, indicator, machine, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, node, over},
    volatility::{stddev::Variance, true_range::range_of},
};

/// True range; of the first candle, its range.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct AllRanges {
    close: Option<f64>,
}

impl Node for AllRanges {
    type In = Ohlcv;
    type Out = f64;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        Some(self.close.replace(c.close).map_or(c.high - c.low, |close| range_of(&c, close)))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.close = None;
    }
}

/// Those, smoothed after Wilder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct AverageOfAll {
    ranges: AllRanges,
    smooth: Smooth,
}

impl AverageOfAll {
    fn new(n: usize) -> Self {
        Self { ranges: AllRanges::default(), smooth: Smooth::wilder(n) }
    }
}

impl Node for AverageOfAll {
    type In = Ohlcv;
    type Out = f64;

    composite!({ ranges, smooth } (c: Ohlcv) -> f64 {
        let range = ranges.feed(c)?;
        smooth.feed(range)
    });

    fn warmup(&self) -> usize {
        self.smooth.period()
    }
}

/// The bands, the side that counts, and the close before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bands {
    upper: f64,
    lower: f64,
    falling: bool,
    close: f64,
}

/// The band that the price has not crossed, at first the upper one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trend {
    range: AverageOfAll,
    factor: f64,
    bands: Option<Bands>,
}

impl Trend {
    fn new(factor: f64, period: usize) -> Result<Self, SpecError> {
        let range = AverageOfAll::new(check_period("period", period, 1)?);
        Ok(Self { range, factor: check_deviations("factor", factor)?, bands: None })
    }
}

impl Node for Trend {
    type In = Ohlcv;
    type Out = [f64; 2];

    machine!({ range } with { factor } keeps bands (c: Ohlcv) -> [f64; 2] {
        let width = *factor * range.feed(c)?;
        let middle = (c.high + c.low) / 2.0;
        let (upper, lower) = (middle + width, middle - width);
        let next = match *bands {
            None => Bands { upper, lower, falling: true, close: c.close },
            Some(b) => {
                let upper = if upper < b.upper || b.close > b.upper { upper } else { b.upper };
                let lower = if lower > b.lower || b.close < b.lower { lower } else { b.lower };
                let falling = if b.falling { c.close <= upper } else { c.close < lower };
                Bands { upper, lower, falling, close: c.close }
            }
        };
        *bands = Some(next);
        Some(if next.falling { [next.upper, 1.0] } else { [next.lower, -1.0] })
    });

    fn warmup(&self) -> usize {
        self.range.warmup()
    }
}

/// Averaged true ranges either side of an average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    average: FromFirst,
    ranges: AllRanges,
    width: FromFirst,
    factor: f64,
}

impl Channel {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let average = FromFirst::new(check_period("period", period, 1)?);
        let factor = check_deviations("factor", factor)?;
        Ok(Self { average, ranges: AllRanges::default(), width: average, factor })
    }
}

impl Node for Channel {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ average, ranges, width } with { factor } (c: Ohlcv) -> [f64; 3] {
        let middle = average.feed(c.close);
        let range = ranges.feed(c).and_then(|range| width.feed(range));
        let (middle, width) = (middle?, range? * *factor);
        Some([middle, middle + width, middle - width])
    });

    fn warmup(&self) -> usize {
        1
    }
}

/// Standard deviation of the population or of the sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deviation {
    variance: Variance,
    biased: bool,
}

impl Node for Deviation {
    type In = f64;
    type Out = f64;

    composite!({ variance } with { biased } (x: f64) -> f64 {
        let n = variance.warmup() as f64;
        let correction = if *biased { 1.0 } else { n / (n - 1.0) };
        variance.feed(x).map(|variance| libm::sqrt(variance * correction))
    });

    fn warmup(&self) -> usize {
        self.variance.warmup()
    }
}

indicator! {
    /// `ta.atr` over `period` candles (1 to 100,000): the first candle counts with its own range, so the first value comes
    /// one candle before that of [`Atr`](crate::volatility::Atr).
    TvAtr(period: usize) = |period| Ok(AverageOfAll::new(check_period("period", period, 1)?))
        => AverageOfAll, Ohlcv => f64;
    atr(crate::Candles<'_>) -> one
}
indicator! {
    /// `ta.supertrend`, `[line, direction]`: parameters in Pine's order, made of [`TvAtr`]; the direction is -1 while
    /// rising and 1 while falling, as there, and starts falling. [`SuperTrend`](crate::volatility::SuperTrend) starts
    /// rising and tells a rise by 1.
    TvSupertrend(factor: f64, period: usize) = Trend::new => Trend, Ohlcv => [f64; 2];
    supertrend(crate::Candles<'_>) -> 2
}
indicator! {
    /// `ta.kc`, `[middle, upper, lower]`: [`TvEma`](super::TvEma) of the close with `factor` such averages of the true
    /// range either side.
    TvKc(period: usize, factor: f64) = Channel::new => Channel, Ohlcv => [f64; 3];
    kc(crate::Candles<'_>) -> 3
}
indicator! {
    /// `ta.stdev` over `period` inputs (2 to 100,000), of the population if `biased` (Pine's default, and the same as
    /// [`StdDev`](crate::volatility::StdDev)), else of the sample.
    TvStdev(period: usize, biased: bool) = |period, biased| {
        Ok(Deviation { variance: Variance::new(check_period("period", period, 2)?), biased })
    } => Deviation, f64 => f64;
    stdev(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "tv.atr",
        "TradingView ta.atr: average true range that counts the first candle",
        &[ParamInfo::integer("length", 1, 14)],
        &[OutputInfo::new("atr", "price")],
        "length",
        |args| Ok(node(TvAtr::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "tv.supertrend",
        "TradingView ta.supertrend: line and direction, -1 while rising",
        &[ParamInfo::deviations("factor", 3.0), ParamInfo::integer("atrperiod", 1, 10)],
        &[OutputInfo::new("supertrend", "price"), OutputInfo::new("direction", "-1 rising, 1 falling")],
        "atrperiod",
        |args| Ok(node(TvSupertrend::new(args.real(0), args.count(1))?.0.node)),
    ),
    Entry::candles(
        "tv.kc",
        "TradingView ta.kc: Keltner channel of exponential averages",
        &[ParamInfo::integer("length", 1, 20), ParamInfo::deviations("mult", 2.0)],
        &[
            OutputInfo::new("middle", "price"),
            OutputInfo::new("upper", "price"),
            OutputInfo::new("lower", "price"),
        ],
        "1",
        |args| Ok(node(TvKc::new(args.count(0), args.real(1))?.0.node)),
    ),
    Entry::series(
        "tv.stdev",
        "TradingView ta.stdev: standard deviation of the population or of the sample",
        &[ParamInfo::integer("length", 2, 20), ParamInfo::choice("biased", &["true", "false"])],
        &[OutputInfo::new("stdev", "unit of the source")],
        "length",
        |args| Ok(over(TvStdev::new(args.count(0), args.count(1) == 0)?.0.node, args.source())),
    ),
];
