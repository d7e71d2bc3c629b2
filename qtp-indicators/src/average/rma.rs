//! Wilder's moving average.

use crate::{
    error::check_period,
    node::{Smooth, indicator},
    registry::{Entry, ParamInfo, REAL, over},
};

indicator! {
    /// Wilder's average over `period` inputs (1 to 100,000): exponential with `k = 1 / period`, seeded by a mean.
    Rma(period: usize) = |period| Ok(Smooth::wilder(check_period("period", period, 1)?)) => Smooth, f64 => f64;
    rma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.rma",
    "TA-Lib RMA: Wilder's moving average",
    &[ParamInfo::integer("timeperiod", 1, 30)],
    REAL,
    "timeperiod",
    |args| Ok(over(Rma::new(args.count(0))?.0.node, args.source())),
)];
