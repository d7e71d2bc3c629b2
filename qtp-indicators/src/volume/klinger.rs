//! Klinger's volume oscillator.
//!
//! Source: S. Klinger, *Identifying Trends With Volume Analysis*, 1997.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, Reads, Smooth, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// What the candle before leaves: its total price, range, trend, and the ranges of the trend so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Trend {
    seen: u8,
    total: f64,
    range: f64,
    rising: bool,
    ranges: f64,
    force: f64,
}

impl Trend {
    /// Takes a candle; its volume force, from the third candle on.
    fn step(&mut self, c: &Ohlcv) -> Option<f64> {
        let (last, range, total) = (*self, c.high - c.low, c.high + c.low + c.close);
        (self.total, self.range) = (total, range);
        if last.seen < 2 {
            self.seen += 1;
            self.rising = last.seen == 1 && total > last.total;
            return None;
        }
        self.rising = total > last.total;
        self.ranges = if self.rising == last.rising { last.ranges + range } else { last.range + range };
        let sign = if self.rising { 1.0 } else { -1.0 };
        self.force = if range == self.ranges || c.volume == 0.0 {
            0.0
        } else if range == 0.0 {
            c.volume * 2.0 * sign * 100.0
        } else if self.ranges != 0.0 {
            c.volume * crate::node::ratio(2.0 * (range - self.ranges), self.ranges).abs() * sign * 100.0
        } else {
            last.force
        };
        Some(self.force)
    }
}

/// Difference of two averages of the volume force, and its average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Klinger {
    fast: Smooth,
    slow: Smooth,
    signal: Smooth,
    trend: Trend,
}

impl Klinger {
    fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, SpecError> {
        Ok(Self {
            fast: Smooth::ema(check_period("fast", fast, 1)?),
            slow: Smooth::ema(check_period("slow", slow, 1)?),
            signal: Smooth::ema(check_period("signal", signal, 1)?),
            trend: Trend::default(),
        })
    }
}

impl Node for Klinger {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HLCV;

    machine!({ fast, slow, signal } keeps trend (c: Ohlcv) -> [f64; 2] {
        let force = trend.step(&c)?;
        let (fast, slow) = (fast.feed(force), slow.feed(force));
        let line = fast? - slow?;
        signal.feed(line).map(|signal| [line, signal])
    });

    fn warmup(&self) -> usize {
        self.fast.period().max(self.slow.period()) + self.signal.period() + 1
    }
}

indicator! {
    /// Klinger's oscillator, `[kvo, signal]`: exponential average of the volume force over `fast` less that over `slow`,
    /// and its average over `signal` (all 1 to 100,000).
    Kvo(fast: usize, slow: usize, signal: usize) = Klinger::new => Klinger, Ohlcv => [f64; 2];
    kvo(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "kvo",
    "Klinger volume oscillator: volume force of the trend, fast less slow",
    &[
        ParamInfo::integer("fast", 1, 34),
        ParamInfo::integer("slow", 1, 55),
        ParamInfo::integer("signal", 1, 13),
    ],
    &[OutputInfo::new("kvo", "volume"), OutputInfo::new("signal", "volume")],
    "max(fast, slow) + signal + 1",
    |args| Ok(node(Kvo::new(args.count(0), args.count(1), args.count(2))?.0.node)),
)];
