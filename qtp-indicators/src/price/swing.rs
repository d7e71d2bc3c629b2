//! Last confirmed swing high and low: fractal chaos bands, prior swings.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    momentum::fractal::Pivot,
    node::{Feed, Lag, Node, Reads, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// The last swings, and before the first one the extremes so far.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Swung {
    high: Option<f64>,
    low: Option<f64>,
    so_far: Option<(f64, f64)>,
}

/// Prices of the last swing high and low.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Swings {
    pivot: Pivot,
    high: Lag,
    low: Lag,
    last: Swung,
}

impl Swings {
    fn new(left: usize, right: usize) -> Result<Self, SpecError> {
        let lag = Lag::new(check_period("right", right, 1)?);
        Ok(Self { pivot: Pivot::new(left, right)?, high: lag.clone(), low: lag, last: Swung::default() })
    }
}

impl Node for Swings {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    machine!({ pivot, high, low } keeps last (c: Ohlcv) -> [f64; 2] {
        let [top, bottom] = pivot.feed(c)?;
        let (high, low) = (high.feed(c.high), low.feed(c.low));
        last.high = if top > 0.0 { high } else { last.high };
        last.low = if bottom > 0.0 { low } else { last.low };
        let (highest, lowest) = last.so_far.map_or((c.high, c.low), |(h, l)| (h.max(c.high), l.min(c.low)));
        last.so_far = Some((highest, lowest));
        Some([last.high.unwrap_or(highest), last.low.unwrap_or(lowest)])
    });

    fn warmup(&self) -> usize {
        1
    }
}

indicator! {
    /// `[high, low]`: prices of the last swing high and swing low that stand out from `left` candles before and `right`
    /// after (1 to 100,000), from the candle on that confirms them; before the first, the extremes so far.
    ///
    /// Also known as fractal chaos bands.
    Swing(left: usize, right: usize) = Swings::new => Swings, Ohlcv => [f64; 2];
    swing(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "swing",
    "Last confirmed swing high and low (fractal chaos bands)",
    &[ParamInfo::integer("left", 1, 2), ParamInfo::integer("right", 1, 2)],
    &[OutputInfo::new("high", "price"), OutputInfo::new("low", "price")],
    "1",
    |args| Ok(node(Swing::new(args.count(0), args.count(1))?.0.node)),
)];
