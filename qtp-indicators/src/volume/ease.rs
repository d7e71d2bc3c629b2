//! Ease of movement and the volume oscillator.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Source, SpecError,
    average::sma::Mean,
    error::{check_period, check_real},
    node::{Feed, Node, Previous, Reads, composite, indicator, ratio},
    registry::{Entry, OutputInfo, PERCENT, ParamInfo, node, over},
};

/// Movement of the middle per volume it took, averaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ease {
    previous: Previous<f64>,
    mean: Mean,
    scale: f64,
}

impl Ease {
    fn new(period: usize, scale: f64) -> Result<Self, SpecError> {
        let mean = Mean::new(check_period("period", period, 1)?);
        Ok(Self { previous: Previous::default(), mean, scale: check_real("scale", scale, 1.0, 1e12)? })
    }
}

impl Node for Ease {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::HLV;

    composite!({ previous, mean } with { scale } (c: Ohlcv) -> f64 {
        let middle = (c.high + c.low) / 2.0;
        let last = previous.feed(middle)?;
        mean.feed(ratio((middle - last) * (c.high - c.low) * *scale, c.volume))
    });

    fn warmup(&self) -> usize {
        self.mean.warmup() + 1
    }
}

/// Fast mean against slow mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volumes {
    fast: Mean,
    slow: Mean,
}

impl Volumes {
    fn new(fast: usize, slow: usize) -> Result<Self, SpecError> {
        let (fast, slow) = (check_period("fast", fast, 1)?, check_period("slow", slow, 1)?);
        Ok(Self { fast: Mean::new(fast), slow: Mean::new(slow) })
    }
}

impl Node for Volumes {
    type In = f64;
    type Out = f64;

    composite!({ fast, slow } (x: f64) -> f64 {
        let (fast, slow) = (fast.feed(x), slow.feed(x));
        let (fast, slow) = (fast?, slow?);
        Some(100.0 * ratio(fast - slow, slow))
    });

    fn warmup(&self) -> usize {
        self.fast.warmup().max(self.slow.warmup())
    }
}

indicator! {
    /// Ease of movement (R. Arms): mean over `period` (1 to 100,000) of the movement of the middle price times range per
    /// volume, times `scale` (1 to 1e12). 0 where nothing traded.
    Emv(period: usize, scale: f64) = Ease::new => Ease, Ohlcv => f64;
    emv(crate::Candles<'_>) -> one
}
indicator! {
    /// Volume oscillator: mean of the volume over `fast` against that over `slow` (1 to 100,000), in percent.
    Vosc(fast: usize, slow: usize) = Volumes::new => Volumes, f64 => f64;
    vosc(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "emv",
        "Ease of movement: movement of the middle price per volume, smoothed",
        &[ParamInfo::integer("period", 1, 14), ParamInfo::real("scale", 1.0, 1e12, 10_000.0)],
        &[OutputInfo::new("emv", "squared price per volume, scaled")],
        "period + 1",
        |args| Ok(node(Emv::new(args.count(0), args.real(1))?.0.node)),
    ),
    Entry::candles(
        "vosc",
        "Volume oscillator: fast mean of the volume against the slow one",
        &[
            ParamInfo::integer("fast", 1, 14),
            ParamInfo::integer("slow", 1, 28),
            ParamInfo::source("source", Source::Volume),
        ],
        PERCENT,
        "max(fast, slow)",
        |args| Ok(over(Vosc::new(args.count(0), args.count(1))?.0.node, args.series(2))),
    ),
];
