//! Middle of a range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Extreme, Feed, Gate, Node, Reads, Side, composite, indicator},
    registry::{Entry, ParamInfo, REAL, node, over},
    sweep::{self, Extremes},
};

/// Highest high and lowest low of a window of candles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    high: Extreme,
    low: Extreme,
}

impl Channel {
    pub(crate) fn new(n: usize) -> Self {
        Self { high: Extreme::new(Side::Max, n), low: Extreme::new(Side::Min, n) }
    }
}

impl Channel {
    /// Calls `f` with where a block begins, its highest highs and its lowest lows, as long as the block is admitted.
    pub(crate) fn blocks(
        &self,
        (high, low): (&[f64], &[f64]),
        admits: impl Fn(usize) -> bool,
        mut f: impl FnMut(usize, &[f64], &[f64]),
    ) {
        let n = self.high.warmup();
        let (mut highs, mut lows) = (Extremes::new(Side::Max, n), Extremes::new(Side::Min, n));
        let block = Extremes::block(n);
        let (mut most, mut least) = (vec![0.0; block], vec![0.0; block]);
        let mut at = n - 1;
        while at < high.len() {
            let len = block.min(high.len() - at);
            if !admits(at + len) {
                return;
            }
            highs.write(high, at, &mut most[..len]);
            lows.write(low, at, &mut least[..len]);
            f(at, &most[..len], &least[..len]);
            at += len;
        }
    }
}

impl Node for Channel {
    type In = Ohlcv;
    /// Highest and lowest.
    type Out = (f64, f64);

    const READS: Reads = Reads::HL;

    composite!({ high, low } (candle: Ohlcv) -> (f64, f64) {
        let (high, low) = (high.feed(candle.high), low.feed(candle.low));
        Some((high?, low?))
    });

    fn warmup(&self) -> usize {
        self.high.warmup()
    }
}

/// Writes the middles of a channel, NaN until it is full.
fn middles(channel: &Channel, inputs: (&[f64], &[f64]), admits: impl Fn(usize) -> bool, column: &mut [f64]) {
    sweep::chill(column, channel.warmup() - 1);
    channel.blocks(inputs, admits, |at, high, low| {
        sweep::map2(high, low, &mut column[at..], move |high, low| (high + low) / 2.0);
    });
}

/// Middle of a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MiddleOfCandles {
    pub(crate) channel: Channel,
}

impl Node for MiddleOfCandles {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HL;

    composite!({ channel } (candle: Ohlcv) -> f64 {
        channel.feed(candle).map(|(high, low)| (high + low) / 2.0)
    });

    fn warmup(&self) -> usize {
        self.channel.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let candles = gate.columns();
        middles(&self.channel, (candles.high, candles.low), |end| gate.admits(end), sweep::one(out));
    }
}

/// Middle of the range of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MiddleOfSeries {
    high: Extreme,
    low: Extreme,
}

impl Node for MiddleOfSeries {
    type In = f64;
    type Out = f64;

    composite!({ high, low } (x: f64) -> f64 {
        let (high, low) = (high.feed(x), low.feed(x));
        Some((high? + low?) / 2.0)
    });

    fn warmup(&self) -> usize {
        self.high.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let channel = Channel { high: self.high.clone(), low: self.low.clone() };
        middles(&channel, (input, input), |end| gate.admits(end), sweep::one(out));
    }
}

indicator! {
    /// Middle of the highest high and the lowest low of `period` candles (2 to 100,000).
    MidPrice(period: usize) = |period| {
        Ok(MiddleOfCandles { channel: Channel::new(check_period("period", period, 2)?) })
    } => MiddleOfCandles, Ohlcv => f64;
    midprice(crate::Candles<'_>) -> one
}
indicator! {
    /// Middle of the largest and the smallest of `period` inputs (2 to 100,000).
    MidPoint(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(MiddleOfSeries { high: Extreme::new(Side::Max, n), low: Extreme::new(Side::Min, n) })
    } => MiddleOfSeries, f64 => f64;
    midpoint(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.midprice",
        "TA-Lib MIDPRICE: middle of the highest high and the lowest low",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(node(MidPrice::new(args.count(0))?.0.node)),
    ),
    Entry::series(
        "talib.midpoint",
        "TA-Lib MIDPOINT: middle of the largest and the smallest input",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(MidPoint::new(args.count(0))?.0.node, args.source())),
    ),
];
