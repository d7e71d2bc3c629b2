//! DeMark's sequential setup.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Lag, Node, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// Inputs in a row that lie above (below zero: below) the one some inputs before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    lag: Lag,
    count: f64,
}

impl Node for Setup {
    type In = f64;
    type Out = f64;

    machine!({ lag } keeps count (x: f64) -> f64 {
        let old = lag.feed(x)?;
        *count = if x > old {
            count.max(0.0) + 1.0
        } else if x < old {
            count.min(0.0) - 1.0
        } else {
            0.0
        };
        Some(*count)
    });

    fn warmup(&self) -> usize {
        self.lag.warmup()
    }
}

indicator! {
    /// TD setup: how many inputs in a row were above the one `period` inputs before (1 to 100,000, usually 4), or,
    /// negative, below it. 9 completes a sell setup and -9 a buy setup; the count goes on (T. DeMark, 1994).
    ///
    /// ```
    /// let mut out = [0.0; 4];
    /// qtp_indicators::momentum::td_setup(&[1.0, 2.0, 3.0, 1.0], 1, &mut out)?;
    /// assert_eq!(out[1..], [1.0, 2.0, -1.0]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    TdSetup(period: usize) = |period| Ok(Setup { lag: Lag::new(check_period("period", period, 1)?), count: 0.0 })
        => Setup, f64 => f64;
    td_setup(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "td_setup",
    "TD setup: inputs in a row above (negative: below) the one four before; 9 completes it",
    &[ParamInfo::integer("period", 1, 4)],
    &[OutputInfo::new("td_setup", "signed count")],
    "period + 1",
    |args| Ok(over(TdSetup::new(args.count(0))?.0.node, args.source())),
)];
