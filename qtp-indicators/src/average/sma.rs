//! Simple moving average.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Sum, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
    sweep,
};

/// Mean of the last `n` inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mean {
    sum: Sum,
}

impl Mean {
    pub(crate) fn new(n: usize) -> Self {
        Self { sum: Sum::new(n) }
    }
}

impl Node for Mean {
    type In = f64;
    type Out = f64;

    composite!({ sum } (x: f64) -> f64 {
        let n = sum.len() as f64;
        sum.feed(x).map(|sum| sum / n)
    });

    fn warmup(&self) -> usize {
        self.sum.len()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.sum.len(), sweep::one(out));
        sweep::chill(column, n - 1);
        means(
            n,
            gate,
            #[inline(always)]
            |at, end, means| column[at..end].copy_from_slice(means),
        );
    }
}

/// Calls `emit` with the means of the last `n` inputs at each block of indices from `n - 1` on.
pub(crate) fn means(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &[f64])) {
    let share = 1.0 / n as f64;
    sweep::roll(
        n,
        gate,
        #[inline(always)]
        |at, end, sums| {
            for i in 0..sums.len() {
                sums[i] *= share;
            }
            emit(at, end, sums);
        },
    );
}

indicator! {
    /// Mean of the last `period` inputs (1 to 100,000).
    ///
    /// Equals TA-Lib's `SMA` to its rounding; unlike there, a huge input leaves no error behind for longer than one
    /// period. The sum is taken afresh once per `period` inputs, so an output carries at most that many roundings.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, average::{Sma, sma}};
    ///
    /// let mut average = Sma::new(2)?;
    /// assert_eq!((average.update(1.0), average.update(4.0)), (None, Some(2.5)));
    /// let mut out = [0.0; 3];
    /// sma(&[1.0, 4.0, 2.0], 2, &mut out)?;
    /// assert_eq!(out[1..], [2.5, 3.0]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Sma(period: usize) = |period| Ok(Mean::new(check_period("period", period, 1)?)) => Mean, f64 => f64;
    sma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "sma",
        "Simple moving average: mean of the last `period` inputs",
        &[ParamInfo::integer("period", 1, 20)],
        &[OutputInfo::new("sma", "unit of the source")],
        "period",
        |args| Ok(over(Sma::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.sma",
        "TA-Lib SMA: simple moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "timeperiod",
        |args| Ok(over(Sma::new(args.count(0))?.0.node, args.source())),
    ),
];
