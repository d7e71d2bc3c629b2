//! Sums.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Gate, Node, Sum, indicator, peek_by_copy},
    registry::{Entry, ParamInfo, REAL, over},
    sweep,
};

/// Sum of all inputs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Total {
    sum: f64,
}

impl Node for Total {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.sum += x;
        Some(self.sum)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.sum = 0.0;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let mut sum = sweep::Scan::sum(self.sum);
        let column = sweep::one(out);
        gate.blocks(0, |at, end| sum.run(&input[at..end], &mut column[at..end]));
    }
}

indicator! {
    /// Sum of all inputs so far.
    CumSum() = || Ok(Total::default()) => Total, f64 => f64;
    cumsum(&[f64]) -> one
}

indicator! {
    /// Sum of the last `period` inputs (2 to 100,000).
    RollSum(period: usize) = |period| Ok(Sum::new(check_period("period", period, 2)?)) => Sum, f64 => f64;
    sum(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series("talib.cumsum", "TA-Lib CUMSUM: sum of all inputs so far", &[], REAL, "1", |args| {
        Ok(over(Total::default(), args.source()))
    }),
    Entry::series(
        "talib.sum",
        "TA-Lib SUM: sum of the last inputs",
        &[ParamInfo::integer("timeperiod", 2, 30)],
        REAL,
        "timeperiod",
        |args| Ok(over(RollSum::new(args.count(0))?.0.node, args.source())),
    ),
];
