//! Fibonacci retracement of the range of a window.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Node, Reads, Side, Spot, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// Shares of the leg at which the levels lie.
const SHARES: [f64; 7] = [0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0];

/// Levels between the highest high and the lowest low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retracement {
    high: Spot,
    low: Spot,
}

fn levels((high, high_at): (f64, u64), (low, low_at): (f64, u64)) -> [f64; 8] {
    // The leg ends at the later extreme; a candle that holds both ends a rise.
    let rising = high_at >= low_at;
    let (end, start) = if rising { (high, low) } else { (low, high) };
    let mut row = [0.0; 8];
    for (slot, share) in row.iter_mut().zip(SHARES) {
        *slot = end + (start - end) * share;
    }
    row[7] = if rising { 1.0 } else { -1.0 };
    row
}

impl Node for Retracement {
    type In = Ohlcv;
    type Out = [f64; 8];

    const READS: Reads = Reads::HL;

    fn next(&mut self, candle: Ohlcv) -> Option<[f64; 8]> {
        let (high, low) = (self.high.push(candle.high), self.low.push(candle.low));
        Some(levels(high?, low?))
    }

    fn peek(&self, candle: Ohlcv) -> Option<[f64; 8]> {
        Some(levels(self.high.look(candle.high)?, self.low.look(candle.low)?))
    }

    fn warmup(&self) -> usize {
        self.high.n()
    }

    fn reset(&mut self) {
        self.high.clear();
        self.low.clear();
    }
}

indicator! {
    /// Levels at 0, 23.6, 38.2, 50, 61.8, 78.6 and 100 percent back from the later to the earlier extreme of `period`
    /// candles (2 to 100,000), and 1 if the later one is the high, else -1. Of equal extremes the last one counts.
    FibRetracement(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Retracement { high: Spot::new(Side::Max, n), low: Spot::new(Side::Min, n) })
    } => Retracement, Ohlcv => [f64; 8];
    fib_retracement(crate::Candles<'_>) -> 8
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "fib_retracement",
    "Fibonacci retracement of the range of a window, from its later extreme",
    &[ParamInfo::integer("period", 2, 50)],
    &[
        OutputInfo::new("level_0", "price"),
        OutputInfo::new("level_236", "price"),
        OutputInfo::new("level_382", "price"),
        OutputInfo::new("level_500", "price"),
        OutputInfo::new("level_618", "price"),
        OutputInfo::new("level_786", "price"),
        OutputInfo::new("level_1000", "price"),
        OutputInfo::new("direction", "1 after a rise, -1 after a fall"),
    ],
    "period",
    |args| Ok(node(FibRetracement::new(args.count(0))?.0.node)),
)];
