//! Choppiness index.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::true_range::range_of;
use crate::{
    SpecError,
    error::check_period,
    node::{Extreme, Feed, Node, Previous, Side, Sum, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// Path per range of a window, on a logarithmic scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Choppiness {
    previous: Previous<f64>,
    path: Sum,
    high: Extreme,
    low: Extreme,
    /// Whether the range reaches to the close before each candle.
    gaps: bool,
}

impl Choppiness {
    fn new(period: usize, gaps: bool) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        let (high, low) = (Extreme::new(Side::Max, n), Extreme::new(Side::Min, n));
        Ok(Self { previous: Previous::default(), path: Sum::new(n), high, low, gaps })
    }
}

impl Node for Choppiness {
    type In = Ohlcv;
    type Out = f64;

    composite!({ previous, path, high, low } with { gaps } (c: Ohlcv) -> f64 {
        let n = path.len() as f64;
        let last = previous.feed(c.close)?;
        let path = path.feed(range_of(&c, last));
        let (top, bottom) = if *gaps { (c.high.max(last), c.low.min(last)) } else { (c.high, c.low) };
        let (high, low) = (high.feed(top), low.feed(bottom));
        let (path, range) = (path?, high? - low?);
        Some(if path > 0.0 && range > 0.0 { 100.0 * libm::log10(path / range) / libm::log10(n) } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.path.len() + 1
    }
}

indicator! {
    /// Choppiness index over `period` candles (2 to 100,000), 0 to 100: high where the price goes nowhere (E. Dreiss).
    ///
    /// The range is that of the highs and lows; with `gaps` each candle is stretched to the close before it first. 0 in
    /// a flat window.
    Chop(period: usize, gaps: bool) = Choppiness::new => Choppiness, Ohlcv => f64;
    chop(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "chop",
    "Choppiness index: path per range on a logarithmic scale",
    &[ParamInfo::integer("period", 2, 14), ParamInfo::choice("range", &["candles", "gaps"])],
    &[OutputInfo::new("chop", "0 to 100")],
    "period + 1",
    |args| Ok(node(Chop::new(args.count(0), args.count(1) == 1)?.0.node)),
)];
