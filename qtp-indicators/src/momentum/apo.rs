//! Differences of two averages: absolute, percentage and volume price oscillators.

use serde::{Deserialize, Serialize};

use crate::{
    Source, SpecError,
    average::ma::Ma,
    error::check_period,
    node::{Feed, Gate, Node, composite, indicator, is_zero},
    registry::{Entry, PERCENT, ParamInfo, REAL, over},
};

/// Two averages, both from the first input on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pair {
    fast: Ma,
    slow: Ma,
}

impl Pair {
    fn new(fast: usize, slow: usize, kind: usize) -> Result<Self, SpecError> {
        let (fast, slow) = (check_period("fast", fast, 2)?, check_period("slow", slow, 2)?);
        Ok(Self { fast: Ma::new(fast.min(slow), kind, 1)?, slow: Ma::new(fast.max(slow), kind, 1)? })
    }
}

impl Node for Pair {
    type In = f64;
    /// The fast and the slow average.
    type Out = (f64, f64);

    composite!({ fast, slow } (x: f64) -> (f64, f64) {
        let (fast, slow) = (fast.feed(x), slow.feed(x));
        Some((fast?, slow?))
    });

    fn warmup(&self) -> usize {
        self.fast.warmup().max(self.slow.warmup())
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        if let [fast, slow] = out {
            self.fast.batch(gate, &mut [&mut *fast]);
            self.slow.batch(gate, &mut [&mut *slow]);
        }
    }
}

/// Fast less slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Absolute {
    pair: Pair,
}

impl Node for Absolute {
    type In = f64;
    type Out = f64;

    composite!({ pair } (x: f64) -> f64 { pair.feed(x).map(|(fast, slow)| fast - slow) });

    fn warmup(&self) -> usize {
        self.pair.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (mut slow, column) = (vec![0.0; gate.len()], crate::sweep::one(out));
        self.pair.batch(gate, &mut [&mut *column, &mut slow]);
        for (slot, slow) in column.iter_mut().zip(slow) {
            let fast = *slot;
            *slot = fast - slow;
        }
        crate::sweep::chill(column, self.warmup() - 1);
    }
}

/// Fast less slow in percent of slow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentage {
    pair: Pair,
}

impl Node for Percentage {
    type In = f64;
    type Out = f64;

    composite!({ pair } (x: f64) -> f64 {
        pair.feed(x).map(|(fast, slow)| if is_zero(slow) { 0.0 } else { (fast - slow) / slow * 100.0 })
    });

    fn warmup(&self) -> usize {
        self.pair.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (mut slow, column) = (vec![0.0; gate.len()], crate::sweep::one(out));
        self.pair.batch(gate, &mut [&mut *column, &mut slow]);
        for (slot, slow) in column.iter_mut().zip(slow) {
            let fast = *slot;
            *slot = if is_zero(slow) { 0.0 } else { (fast - slow) / slow * 100.0 };
        }
        crate::sweep::chill(column, self.warmup() - 1);
    }
}

indicator! {
    /// Fast less slow average (periods 2 to 100,000) of kind `kind` (see
    /// [`MovingAverage`](crate::average::MovingAverage)).
    Apo(fast: usize, slow: usize, kind: usize) = |fast, slow, kind| Ok(Absolute { pair: Pair::new(fast, slow, kind)? })
        => Absolute, f64 => f64;
    apo(&[f64]) -> one
}
indicator! {
    /// Fast less slow average in percent of the slow one; as [`Apo`]. Of volume it is the percentage volume oscillator.
    Ppo(fast: usize, slow: usize, kind: usize) = |fast, slow, kind| {
        Ok(Percentage { pair: Pair::new(fast, slow, kind)? })
    } => Percentage, f64 => f64;
    ppo(&[f64]) -> one
}

const PARAMS: &[ParamInfo] = &[
    ParamInfo::integer("fastperiod", 2, 12),
    ParamInfo::integer("slowperiod", 2, 26),
    ParamInfo::matype("matype", 1),
];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.apo",
        "TA-Lib APO: fast less slow average",
        PARAMS,
        REAL,
        "that of the slow average",
        |args| Ok(over(Apo::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ppo",
        "TA-Lib PPO: fast less slow average in percent",
        PARAMS,
        PERCENT,
        "that of the slow average",
        |args| Ok(over(Ppo::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
    ),
    Entry::candles(
        "talib.pvo",
        "TA-Lib PVO: fast less slow average of the volume in percent",
        &[
            ParamInfo::integer("fastperiod", 2, 12),
            ParamInfo::integer("slowperiod", 2, 26),
            ParamInfo::matype("matype", 1),
            ParamInfo::source("source", Source::Volume),
        ],
        PERCENT,
        "that of the slow average",
        |args| Ok(over(Ppo::new(args.count(0), args.count(1), args.count(2))?.0.node, args.series(3))),
    ),
];
