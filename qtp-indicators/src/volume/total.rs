//! Volume-weighted average price from the first candle on, as in TA-Lib.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    node::{Node, Reads, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, node},
};

/// Sums from the first candle on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    turnover: f64,
    volume: f64,
    last: f64,
}

impl Node for Totals {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLCV;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        self.turnover += (c.high + c.low + c.close) / 3.0 * c.volume;
        self.volume += c.volume;
        if self.volume > 0.0 {
            self.last = self.turnover / self.volume;
        }
        Some(self.last)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

indicator! {
    /// Typical price weighted by volume from the first candle on; 0 until something trades.
    TotalVwap() = || Ok(Totals::default()) => Totals, Ohlcv => f64;
    vwap(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "talib.vwap",
    "TA-Lib VWAP: volume-weighted average price from the first candle on",
    &[],
    &[OutputInfo::new("real", "price")],
    "1",
    |_| Ok(node(Totals::default())),
)];
