//! Middle of a range.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Extreme, Feed, Gate, Node, Reads, Side, composite, indicator, margin},
    registry::{Entry, ParamInfo, REAL, node, over},
    sweep,
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
    /// Calls `f` with where a block of windows begins, its highest highs and its lowest lows; whether all inputs are
    /// admissible.
    pub(crate) fn blocks(
        &self,
        (high, low): (&[f64], &[f64]),
        mut f: impl FnMut(usize, &[f64], &[f64]),
    ) -> bool {
        let sides = [Side::Max, Side::Min];
        sweep::extremes(sides, self.high.warmup(), [high, low], |at, _, [highs, lows]| f(at, highs, lows))
    }

    /// Writes `f` of the highest high, the lowest low and the close, NaN until there is a window.
    ///
    /// `f` is to be inlined, as for [`sweep::vectorised`].
    pub(crate) fn place(
        &self,
        gate: &Gate<'_, Ohlcv>,
        column: &mut [f64],
        f: impl Fn(f64, f64, f64) -> f64 + Copy,
    ) {
        let (input, cold) = (gate.columns(), self.high.warmup() - 1);
        sweep::chill(column, cold);
        if !gate.admits(cold) {
            return;
        }
        let mut least = 0;
        let sound = self.blocks((input.high, input.low), |at, high, low| {
            let (slots, close) = (&mut column[at..at + high.len()], &input.close[at..at + high.len()]);
            least |= sweep::vectorised(
                #[inline(always)]
                move || {
                    let mut least = 0;
                    for i in 0..slots.len().min(low.len()) {
                        least |= margin(close[i]);
                        slots[i] = f(high[i], low[i], close[i]);
                    }
                    least
                },
            );
        });
        gate.vouch(sound && least >= 0);
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

/// Writes the middles of a channel, NaN until it is full; whether all inputs are admissible.
fn middles(n: usize, inputs: [&[f64]; 2], column: &mut [f64]) -> bool {
    let sound = sweep::extremes([Side::Max, Side::Min], n, inputs, |at, end, [high, low]| {
        sweep::map2(high, low, &mut column[at..end], move |high, low| (high + low) / 2.0);
    });
    sweep::chill(column, n - 1);
    sound
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
        gate.vouch(middles(self.warmup(), [candles.high, candles.low], sweep::one(out)));
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
        gate.vouch(middles(self.warmup(), [input, input], sweep::one(out)));
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
