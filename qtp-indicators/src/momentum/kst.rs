//! Pring's Know Sure Thing.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    average::sma::Mean,
    error::check_period,
    node::{Feed, Lag, Node, composite, indicator, ratio},
    registry::{Args, Entry, OutputInfo, ParamInfo, over},
};

/// Mean of the change in percent over some inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leg {
    lag: Lag,
    mean: Mean,
}

impl Leg {
    fn new(change: usize, mean: usize) -> Result<Self, SpecError> {
        let lag = Lag::new(check_period("change", change, 1)?);
        Ok(Self { lag, mean: Mean::new(check_period("mean", mean, 1)?) })
    }
}

impl Node for Leg {
    type In = f64;
    type Out = f64;

    composite!({ lag, mean } (x: f64) -> f64 {
        let old = lag.feed(x)?;
        mean.feed(100.0 * ratio(x - old, old))
    });

    fn warmup(&self) -> usize {
        self.lag.warmup() + self.mean.warmup() - 1
    }
}

/// Four legs weighed 1 to 4, and their mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sure {
    first: Leg,
    second: Leg,
    third: Leg,
    fourth: Leg,
    signal: Mean,
}

impl Sure {
    fn new(changes: [usize; 4], means: [usize; 4], signal: usize) -> Result<Self, SpecError> {
        Ok(Self {
            first: Leg::new(changes[0], means[0])?,
            second: Leg::new(changes[1], means[1])?,
            third: Leg::new(changes[2], means[2])?,
            fourth: Leg::new(changes[3], means[3])?,
            signal: Mean::new(check_period("signal", signal, 1)?),
        })
    }
}

impl Node for Sure {
    type In = f64;
    type Out = [f64; 2];

    composite!({ first, second, third, fourth, signal } (x: f64) -> [f64; 2] {
        let (first, second) = (first.feed(x), second.feed(x));
        let (third, fourth) = (third.feed(x), fourth.feed(x));
        let kst = first? + 2.0 * second? + 3.0 * third? + 4.0 * fourth?;
        signal.feed(kst).map(|signal| [kst, signal])
    });

    fn warmup(&self) -> usize {
        let legs = [&self.first, &self.second, &self.third, &self.fourth];
        legs.into_iter().map(Node::warmup).fold(1, usize::max) + self.signal.warmup() - 1
    }
}

indicator! {
    /// Know Sure Thing, `[kst, signal]`: means of four rates of change in percent, weighed 1 to 4, and their mean over
    /// `signal` (M. Pring, 1992). All periods 1 to 100,000.
    Kst(changes: [usize; 4], means: [usize; 4], signal: usize) = Sure::new => Sure, f64 => [f64; 2];
    kst(&[f64]) -> 2
}

fn make(args: &Args) -> Result<Sure, SpecError> {
    let four = |i: usize| [i, i + 1, i + 2, i + 3].map(|i| args.count(i));
    Sure::new(four(0), four(4), args.count(8))
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "kst",
    "Know Sure Thing: smoothed rates of change over four spans, weighed",
    &[
        ParamInfo::integer("roc1", 1, 10),
        ParamInfo::integer("roc2", 1, 15),
        ParamInfo::integer("roc3", 1, 20),
        ParamInfo::integer("roc4", 1, 30),
        ParamInfo::integer("sma1", 1, 10),
        ParamInfo::integer("sma2", 1, 10),
        ParamInfo::integer("sma3", 1, 10),
        ParamInfo::integer("sma4", 1, 15),
        ParamInfo::integer("signal", 1, 9),
    ],
    &[OutputInfo::new("kst", "percent"), OutputInfo::new("signal", "percent")],
    "the largest of roc + sma, + signal - 1",
    |args| Ok(over(make(args)?, args.source())),
)];
