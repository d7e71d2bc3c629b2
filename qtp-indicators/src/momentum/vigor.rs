//! Relative vigor index.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    average::swma::Four,
    error::check_period,
    node::{Feed, Node, Reads, Sum, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// Smoothed bodies per smoothed ranges, and their average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vigor {
    body: Four,
    range: Four,
    bodies: Sum,
    ranges: Sum,
    signal: Four,
}

impl Vigor {
    fn new(n: usize) -> Self {
        let four = Four::default();
        Self { body: four, range: four, bodies: Sum::new(n), ranges: Sum::new(n), signal: four }
    }
}

impl Node for Vigor {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::OHLC;

    composite!({ body, range, bodies, ranges, signal } (c: Ohlcv) -> [f64; 2] {
        let (body, range) = (body.feed(c.close - c.open), range.feed(c.high - c.low));
        let (bodies, ranges) = (bodies.feed(body?), ranges.feed(range?));
        let rvgi = ratio(bodies?, ranges?);
        signal.feed(rvgi).map(|signal| [rvgi, signal])
    });

    fn warmup(&self) -> usize {
        self.bodies.len() + 6
    }
}

indicator! {
    /// Relative vigor index over `period` candles (1 to 100,000), `[rvgi, signal]`: bodies per ranges, each weighed
    /// 1, 2, 2, 1 over four candles, and the same average of the index (J. Ehlers, 2002).
    Rvgi(period: usize) = |period| Ok(Vigor::new(check_period("period", period, 1)?)) => Vigor, Ohlcv => [f64; 2];
    rvgi(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "rvgi",
    "Relative vigor index: smoothed bodies per smoothed ranges",
    &[ParamInfo::integer("period", 1, 10)],
    &[OutputInfo::new("rvgi", "ratio"), OutputInfo::new("signal", "ratio")],
    "period + 6",
    |args| Ok(node(Rvgi::new(args.count(0))?.0.node)),
)];
