//! Triangular moving average.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Node, Sum, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
};

/// Mean of means: weights rise to the middle of the window and fall again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Triangle {
    inner: Sum,
    outer: Sum,
}

impl Triangle {
    pub(crate) fn new(n: usize) -> Self {
        Self { inner: Sum::new(n.div_ceil(2)), outer: Sum::new(n / 2 + 1) }
    }
}

impl Node for Triangle {
    type In = f64;
    type Out = f64;

    composite!({ inner, outer } (x: f64) -> f64 {
        let weights = inner.len() as f64 * outer.len() as f64;
        let inner = inner.feed(x)?;
        outer.feed(inner).map(|sum| sum / weights)
    });

    fn warmup(&self) -> usize {
        self.inner.len() + self.outer.len() - 1
    }
}

indicator! {
    /// Triangular average over `period` inputs (1 to 100,000): a mean of `period / 2 + 1` means of half a period.
    Trima(period: usize) = |period| Ok(Triangle::new(check_period("period", period, 1)?)) => Triangle, f64 => f64;
    trima(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.trima",
    "TA-Lib TRIMA: triangular moving average",
    &[ParamInfo::integer("timeperiod", 1, 30)],
    REAL,
    "timeperiod",
    |args| Ok(over(Trima::new(args.count(0))?.0.node, args.source())),
)];
