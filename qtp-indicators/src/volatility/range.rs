//! Averages and changes of the range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::stddev::Deviation;
use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Lag, Node, Previous, Smooth, Sum, composite, indicator, ratio},
    registry::{Entry, NUMBER, OutputInfo, PERCENT, ParamInfo, node, over},
};

/// Mean range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeanRange {
    sum: Sum,
}

impl Node for MeanRange {
    type In = Ohlcv;
    type Out = f64;

    composite!({ sum } (candle: Ohlcv) -> f64 {
        let n = sum.len() as f64;
        sum.feed(candle.high - candle.low).map(|sum| sum / n)
    });

    fn warmup(&self) -> usize {
        self.sum.len()
    }
}

/// Change of the smoothed range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RangeChange {
    smooth: Smooth,
    lag: Lag,
}

impl RangeChange {
    fn new(period: usize, change: usize) -> Result<Self, SpecError> {
        let smooth = Smooth::ema(check_period("period", period, 2)?);
        Ok(Self { smooth, lag: Lag::new(check_period("change", change, 1)?) })
    }
}

impl Node for RangeChange {
    type In = Ohlcv;
    type Out = f64;

    composite!({ smooth, lag } (candle: Ohlcv) -> f64 {
        let level = smooth.feed(candle.high - candle.low)?;
        lag.feed(level).map(|old| 100.0 * ratio(level - old, old))
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + self.lag.warmup() - 1
    }
}

/// Sum of the ratio of the range's average to the average of that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mass {
    first: Smooth,
    second: Smooth,
    sum: Sum,
}

impl Mass {
    fn new(fast: usize, slow: usize) -> Result<Self, SpecError> {
        let average = Smooth::ema(check_period("fast", fast, 2)?);
        Ok(Self { first: average, second: average, sum: Sum::new(check_period("slow", slow, 2)?) })
    }
}

impl Node for Mass {
    type In = Ohlcv;
    type Out = f64;

    composite!({ first, second, sum } (candle: Ohlcv) -> f64 {
        let first = first.feed(candle.high - candle.low)?;
        let second = second.feed(first)?;
        sum.feed(if second == 0.0 { 1.0 } else { ratio(first, second) })
    });

    fn warmup(&self) -> usize {
        2 * self.first.period() + self.sum.len() - 2
    }
}

/// Deviation on rising inputs per all deviation, both smoothed after Wilder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RelativeVolatility {
    deviation: Deviation,
    previous: Previous<f64>,
    up: Smooth,
    down: Smooth,
}

impl RelativeVolatility {
    fn new(period: usize, deviation: usize) -> Result<Self, SpecError> {
        let smooth = Smooth::wilder(check_period("period", period, 1)?);
        let deviation = Deviation::new(check_period("deviation_period", deviation, 2)?, 1.0);
        Ok(Self { deviation, previous: Previous::default(), up: smooth, down: smooth })
    }
}

impl Node for RelativeVolatility {
    type In = f64;
    type Out = f64;

    composite!({ deviation, previous, up, down } (x: f64) -> f64 {
        let (deviation, last) = (deviation.feed(x), previous.feed(x));
        let (deviation, last) = (deviation?, last?);
        let up = up.feed(if x > last { deviation } else { 0.0 });
        let down = down.feed(if x < last { deviation } else { 0.0 });
        let (up, down) = (up?, down?);
        let total = up + down;
        Some(if total == 0.0 { 50.0 } else { 100.0 * (up / total) })
    });

    fn warmup(&self) -> usize {
        self.deviation.warmup() + self.up.period() - 1
    }
}

indicator! {
    /// Mean of high less low over `period` candles (1 to 100,000).
    Adr(period: usize) = |period| Ok(MeanRange { sum: Sum::new(check_period("period", period, 1)?) })
        => MeanRange, Ohlcv => f64;
    adr(crate::Candles<'_>) -> one
}
indicator! {
    /// Chaikin's volatility: change in percent over `change` candles (1 to 100,000) of the exponential average of the
    /// range over `period` (2 to 100,000).
    Cvi(period: usize, change: usize) = RangeChange::new => RangeChange, Ohlcv => f64;
    cvi(crate::Candles<'_>) -> one
}
indicator! {
    /// Mass index (D. Dorsey): sum over `slow` of the range's average over `fast` per average of that.
    MassIndex(fast: usize, slow: usize) = Mass::new => Mass, Ohlcv => f64;
    massi(crate::Candles<'_>) -> one
}
indicator! {
    /// Relative volatility index (D. Dorsey), 0 to 100; `period` 1 to 100,000, `deviation_period` 2 to 100,000.
    Rvi(period: usize, deviation_period: usize) = RelativeVolatility::new => RelativeVolatility, f64 => f64;
    rvi(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.adr",
        "TA-Lib ADR: mean range",
        &[ParamInfo::integer("timeperiod", 1, 14)],
        &[OutputInfo::new("real", "price")],
        "timeperiod",
        |args| Ok(node(Adr::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.cvi",
        "TA-Lib CVI: Chaikin's volatility",
        &[ParamInfo::integer("timeperiod", 2, 10), ParamInfo::integer("rocperiod", 1, 10)],
        PERCENT,
        "timeperiod + rocperiod",
        |args| Ok(node(Cvi::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::candles(
        "talib.massi",
        "TA-Lib MASSI: mass index",
        &[ParamInfo::integer("fastperiod", 2, 9), ParamInfo::integer("slowperiod", 2, 25)],
        NUMBER,
        "2 * fastperiod + slowperiod - 2",
        |args| Ok(node(MassIndex::new(args.count(0), args.count(1))?.0.node)),
    ),
    Entry::series(
        "talib.rvi",
        "TA-Lib RVI: relative volatility index",
        &[ParamInfo::integer("timeperiod", 1, 14), ParamInfo::integer("stddevperiod", 2, 10)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod + stddevperiod - 1",
        |args| Ok(over(Rvi::new(args.count(0), args.count(1))?.0.node, args.source())),
    ),
];
