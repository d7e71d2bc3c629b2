//! Hull moving average.

use serde::{Deserialize, Serialize};

use super::wma::WeightedMean;
use crate::{
    error::check_period,
    node::{Feed, Node, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
};

/// Weighted mean of twice the half-window mean less the whole-window mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hull {
    half: WeightedMean,
    whole: WeightedMean,
    smooth: WeightedMean,
}

impl Hull {
    pub(crate) fn new(n: usize) -> Self {
        let whole = WeightedMean::new(n);
        Self { half: WeightedMean::new((n / 2).max(1)), whole, smooth: WeightedMean::new(n.isqrt()) }
    }
}

impl Node for Hull {
    type In = f64;
    type Out = f64;

    composite!({ half, whole, smooth } (x: f64) -> f64 {
        let (half, whole) = (half.feed(x), whole.feed(x));
        smooth.feed(2.0 * half? - whole?)
    });

    fn warmup(&self) -> usize {
        self.whole.warmup() + self.smooth.warmup() - 1
    }
}

indicator! {
    /// Hull's average over `period` inputs (1 to 100,000; A. Hull, 2005): half period and root are rounded down.
    Hma(period: usize) = |period| Ok(Hull::new(check_period("period", period, 1)?)) => Hull, f64 => f64;
    hma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.hma",
    "TA-Lib HMA: Hull moving average",
    &[ParamInfo::integer("timeperiod", 1, 20)],
    REAL,
    "timeperiod + floor(sqrt(timeperiod)) - 1",
    |args| Ok(over(Hma::new(args.count(0))?.0.node, args.source())),
)];
