//! Schaff's trend cycle.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::{check_period, check_real},
    node::{Extreme, Feed, Node, Side, Smooth, composite, indicator, machine, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// Stochastic of a line, which stays where it was in a flat window, smoothed from its first value on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cycle {
    high: Extreme,
    low: Extreme,
    factor: f64,
    /// Stochastic and its average.
    levels: Option<(f64, f64)>,
}

impl Cycle {
    fn new(n: usize, factor: f64) -> Self {
        Self { high: Extreme::new(Side::Max, n), low: Extreme::new(Side::Min, n), factor, levels: None }
    }
}

impl Node for Cycle {
    type In = f64;
    type Out = f64;

    machine!({ high, low } with { factor } keeps levels (x: f64) -> f64 {
        let (high, low) = (high.feed(x), low.feed(x));
        let (high, low) = (high?, low?);
        let place = |last: f64| if high > low { 100.0 * ratio(x - low, high - low) } else { last };
        let next = match *levels {
            None => (place(0.0), place(0.0)),
            Some((last, level)) => {
                let stochastic = place(last);
                (stochastic, level + *factor * (stochastic - level))
            }
        };
        *levels = Some(next);
        Some(next.1)
    });

    fn warmup(&self) -> usize {
        self.high.warmup()
    }
}

/// Stochastic of the stochastic of the difference of two averages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schaff {
    fast: Smooth,
    slow: Smooth,
    first: Cycle,
    second: Cycle,
}

impl Schaff {
    fn new(cycle: usize, fast: usize, slow: usize, factor: f64) -> Result<Self, SpecError> {
        let n = check_period("cycle", cycle, 2)?;
        let factor = check_real("factor", factor, 0.001, 1.0)?;
        let fast = Smooth::ema(check_period("fast", fast, 1)?);
        let slow = Smooth::ema(check_period("slow", slow, 1)?);
        Ok(Self { fast, slow, first: Cycle::new(n, factor), second: Cycle::new(n, factor) })
    }
}

impl Node for Schaff {
    type In = f64;
    type Out = f64;

    composite!({ fast, slow, first, second } (x: f64) -> f64 {
        let (fast, slow) = (fast.feed(x), slow.feed(x));
        let once = first.feed(fast? - slow?)?;
        second.feed(once)
    });

    fn warmup(&self) -> usize {
        self.fast.period().max(self.slow.period()) + 2 * self.first.warmup() - 2
    }
}

indicator! {
    /// Schaff's trend cycle, 0 to 100: MACD through two stochastics of `cycle` values (2 to 100,000), each smoothed by
    /// `factor` (0.001 to 1; D. Schaff, 1999). A flat window repeats the stochastic before it.
    Stc(cycle: usize, fast: usize, slow: usize, factor: f64) = Schaff::new => Schaff, f64 => f64;
    stc(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "stc",
    "Schaff trend cycle: MACD through two smoothed stochastics",
    &[
        ParamInfo::integer("cycle", 2, 10),
        ParamInfo::integer("fast", 1, 23),
        ParamInfo::integer("slow", 1, 50),
        ParamInfo::real("factor", 0.001, 1.0, 0.5),
    ],
    &[OutputInfo::new("stc", "0 to 100")],
    "max(fast, slow) + 2 * cycle - 2",
    |args| {
        Ok(over(Stc::new(args.count(0), args.count(1), args.count(2), args.real(3))?.0.node, args.source()))
    },
)];
