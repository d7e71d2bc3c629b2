//! Heikin-Ashi candles.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    node::{Gate, Node, Reads, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, node},
};

/// The averaged candle before.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Averaged {
    /// Open and close.
    last: Option<(f64, f64)>,
}

impl Node for Averaged {
    type In = Ohlcv;
    type Out = [f64; 4];

    const READS: Reads = Reads::OHLC;

    fn next(&mut self, c: Ohlcv) -> Option<[f64; 4]> {
        let (before_open, before_close) = self.last.unwrap_or((c.open, c.close));
        let open = (before_open + before_close) / 2.0;
        let close = (((c.open + c.high) + c.low) + c.close) / 4.0;
        self.last = Some((open, close));
        Some([open, c.high.max(open).max(close), c.low.min(open).min(close), close])
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.last = None;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let [open, high, low, close] = out else { return };
        if c.is_empty() {
            return;
        }
        crate::sweep::map_candles(c, close, move |c| (((c.open + c.high) + c.low) + c.close) / 4.0);
        open[0] = (c.open[0] + c.close[0]) / 2.0;
        crate::sweep::Scan::new(0.5, 0.5, open[0]).run(&close[..close.len() - 1], &mut open[1..]);
        let larger = crate::sweep::larger;
        crate::sweep::map2(open, close, high, larger);
        crate::sweep::map2(open, close, low, move |a, b| if a < b { a } else { b });
        for (slot, x) in high.iter_mut().zip(c.high) {
            *slot = larger(*slot, *x);
        }
        for (slot, x) in low.iter_mut().zip(c.low) {
            *slot = if *x < *slot { *x } else { *slot };
        }
    }
}

indicator! {
    /// Heikin-Ashi candle, `[open, high, low, close]`; the first open is the middle of the first body.
    HeikinAshi() = || Ok(Averaged::default()) => Averaged, Ohlcv => [f64; 4];
    ha(crate::Candles<'_>) -> 4
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "talib.ha",
    "TA-Lib HA: Heikin-Ashi candles",
    &[],
    &[
        OutputInfo::new("haopen", "price"),
        OutputInfo::new("hahigh", "price"),
        OutputInfo::new("halow", "price"),
        OutputInfo::new("haclose", "price"),
    ],
    "1",
    |_| Ok(node(Averaged::default())),
)];
