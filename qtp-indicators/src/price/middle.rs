//! Middle of a range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Extreme, Feed, Node, Reads, Side, composite, indicator},
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
    /// Calls `f` with the bounds of a block and its highest highs and lowest lows.
    pub(crate) fn blocks(&self, input: crate::Candles<'_>, mut f: impl FnMut(usize, &[f64], &[f64])) {
        let n = self.high.warmup();
        let (mut highs, mut lows) = (Extremes::new(Side::Max, n), Extremes::new(Side::Min, n));
        let block = Extremes::block(n);
        let (mut high, mut low) = (vec![0.0; block], vec![0.0; block]);
        let mut at = n - 1;
        while at < input.len() {
            let len = block.min(input.len() - at);
            highs.write(input.high, at, &mut high[..len]);
            lows.write(input.low, at, &mut low[..len]);
            f(at, &high[..len], &low[..len]);
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

    fn memory(&self) -> Option<usize> {
        Some(self.warmup() - 1)
    }

    fn batch(&self, input: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let column = sweep::one(out);
        sweep::chill(column, self.warmup() - 1);
        self.channel.blocks(input, |at, high, low| {
            sweep::map2(high, low, &mut column[at..], move |high, low| (high + low) / 2.0);
        });
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

    fn memory(&self) -> Option<usize> {
        Some(self.warmup() - 1)
    }

    fn batch(&self, input: &[f64], out: &mut [&mut [f64]]) {
        let channel = Channel { high: self.high.clone(), low: self.low.clone() };
        let candles = crate::Candles { open: input, high: input, low: input, close: input, volume: input };
        MiddleOfCandles { channel }.batch(candles, out);
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
