//! Chande's variable index dynamic average.

use serde::{Deserialize, Serialize};

use super::sma::Mean;
use crate::{
    SpecError,
    error::check_period,
    momentum::cmou::Unsmoothed,
    node::{Feed, Node, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// An exponential average whose constant is scaled by the size of the momentum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variable {
    momentum: Unsmoothed,
    seed: Mean,
    k: f64,
    level: Option<f64>,
}

impl Variable {
    fn new(period: usize, momentum: usize) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)?;
        let momentum = Unsmoothed::new(check_period("momentum", momentum, 1)?);
        let seed = Mean::new(momentum.warmup() - 1);
        Ok(Self { momentum, seed, k: 2.0 / (n as f64 + 1.0), level: None })
    }
}

impl Node for Variable {
    type In = f64;
    type Out = f64;

    machine!({ momentum, seed } with { k } keeps level (x: f64) -> f64 {
        let (momentum, seed) = (momentum.feed(x), seed.feed(x));
        let seed = seed?;
        let last = match (*level, momentum) {
            (Some(last), Some(momentum)) => {
                let k = *k * (momentum / 100.0).abs();
                k * x + last * (1.0 - k)
            }
            _ => seed,
        };
        *level = Some(last);
        Some(last)
    });

    fn warmup(&self) -> usize {
        self.seed.warmup()
    }
}

indicator! {
    /// Exponential average of `period` (1 to 100,000) whose constant is scaled by the absolute
    /// [`Cmou`](crate::momentum::Cmou) over `momentum` changes, seeded by their mean (T. Chande, 1995).
    Vidya(period: usize, momentum: usize) = Variable::new => Variable, f64 => f64;
    vidya(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "vidya",
    "Variable index dynamic average: an exponential average that quickens with momentum",
    &[ParamInfo::integer("period", 1, 14), ParamInfo::integer("momentum", 1, 14)],
    &[OutputInfo::new("vidya", "unit of the source")],
    "momentum",
    |args| Ok(over(Vidya::new(args.count(0), args.count(1))?.0.node, args.source())),
)];
