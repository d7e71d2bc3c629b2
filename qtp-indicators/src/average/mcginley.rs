//! McGinley's dynamic average.

use serde::{Deserialize, Serialize};

use crate::{
    INPUT_LIMIT, SpecError,
    error::{check_period, check_real},
    node::{Node, indicator, peek_by_copy, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// An average that hurries when the input falls away from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dynamic {
    /// `factor * period`.
    slowness: f64,
    level: Option<f64>,
}

impl Dynamic {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)? as f64;
        Ok(Self { slowness: check_real("factor", factor, 0.01, 100.0)? * n, level: None })
    }
}

impl Node for Dynamic {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let level = self.level.unwrap_or(x);
        let share = ratio(x, level);
        let square = share * share;
        let moved = level + ratio(x - level, self.slowness * (square * square));
        self.level = Some(moved.clamp(-INPUT_LIMIT, INPUT_LIMIT));
        self.level
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.level = None;
    }
}

indicator! {
    /// McGinley's dynamic: `m += (x - m) / (factor * period * (x / m)^4)` (J. McGinley, 1997), from the first input on.
    ///
    /// `period` is 1 to 100,000; `factor` (0.01 to 100) is 0.6 in the usual form and 1 in the original. Meant for prices:
    /// inputs near zero make it jump.
    McGinley(period: usize, factor: f64) = Dynamic::new => Dynamic, f64 => f64;
    mcginley(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "mcginley",
    "McGinley dynamic: an average that adjusts its speed to the market's",
    &[ParamInfo::integer("period", 1, 14), ParamInfo::real("factor", 0.01, 100.0, 0.6)],
    &[OutputInfo::new("mcginley", "unit of the source")],
    "1",
    |args| Ok(over(McGinley::new(args.count(0), args.real(1))?.0.node, args.source())),
)];
