//! Ehlers' Fisher transform of the price.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Extreme, Feed, Node, Reads, Side, indicator, machine, ratio},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// Place in the range smoothed, and the transform smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Levels {
    place: f64,
    fisher: f64,
}

/// Fisher transform of the middle price's place in its range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transform {
    high: Extreme,
    low: Extreme,
    levels: Levels,
}

impl Transform {
    fn new(n: usize) -> Self {
        let (high, low) = (Extreme::new(Side::Max, n), Extreme::new(Side::Min, n));
        Self { high, low, levels: Levels::default() }
    }
}

impl Node for Transform {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    machine!({ high, low } keeps levels (candle: Ohlcv) -> [f64; 2] {
        let price = (candle.high + candle.low) / 2.0;
        let (high, low) = (high.feed(price), low.feed(price));
        let (high, low) = (high?, low?);
        let flat = high == low;
        let raw = if flat { 0.0 } else { 0.66 * (ratio(price - low, high - low) - 0.5) + 0.67 * levels.place };
        // Short of 1, where the transform has no bound.
        let place = if raw > 0.99 { 0.999 } else if raw < -0.99 { -0.999 } else { raw };
        let trigger = levels.fisher;
        let fisher = 0.5 * libm::log((1.0 + place) / (1.0 - place)) + 0.5 * trigger;
        *levels = Levels { place, fisher };
        Some([fisher, trigger])
    });

    fn warmup(&self) -> usize {
        self.high.warmup()
    }
}

indicator! {
    /// Fisher transform over `period` candles (2 to 100,000), `[fisher, trigger]`; the trigger is the value before
    /// (J. Ehlers, 2002).
    Fisher(period: usize) = |period| Ok(Transform::new(check_period("period", period, 2)?)) => Transform, Ohlcv => [f64; 2];
    fisher(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "fisher",
    "Fisher transform of the middle price's place in its range",
    &[ParamInfo::integer("period", 2, 10)],
    &[OutputInfo::new("fisher", "number"), OutputInfo::new("trigger", "number")],
    "period",
    |args| Ok(node(Fisher::new(args.count(0))?.0.node)),
)];
