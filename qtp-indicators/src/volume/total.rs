//! Volume-weighted average price from the first candle on, as in TA-Lib.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    node::{Gate, Node, Reads, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, node},
    sweep,
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (mut turnover, mut volume) = (sweep::Scan::sum(self.turnover), sweep::Scan::sum(self.volume));
        let (mut room, column): (sweep::Room, _) = ([0.0; sweep::BLOCK], sweep::one(out));
        gate.blocks(0, |at, end| {
            let (room, slots) = (&mut room[..end - at], &mut column[at..end]);
            sweep::map_candles(sweep::part(c, at, end), slots, move |c| {
                (c.high + c.low + c.close) * (1.0 / 3.0) * c.volume
            });
            turnover.replace(slots);
            volume.run(&c.volume[at..end], room);
            sweep::combine(slots, room, move |turnover, volume| {
                let average = turnover / volume;
                if volume > 0.0 { average } else { f64::NAN }
            });
            // Where there is no volume yet, the line stays.
            if !room.iter().fold(true, |traded, volume| traded & (*volume > 0.0)) {
                for slot in &mut *slots {
                    self.last = if slot.is_nan() { self.last } else { *slot };
                    *slot = self.last;
                }
            }
            self.last = slots[end - at - 1];
        });
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
