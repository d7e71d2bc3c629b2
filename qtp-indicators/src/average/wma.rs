//! Linearly weighted moving average.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Gate, Node, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
    rolling::RollingWeightedSum,
    window::Window,
};

/// Linearly weighted mean of the last `n` inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeightedMean {
    window: Window,
    sum: RollingWeightedSum,
}

impl WeightedMean {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n), sum: RollingWeightedSum::default() }
    }

    #[inline]
    fn mean(&self, sum: RollingWeightedSum) -> f64 {
        let n = self.window.capacity();
        sum.weighted() / (n * (n + 1) / 2) as f64 + sum.anchor()
    }
}

impl Node for WeightedMean {
    type In = f64;
    type Out = f64;

    #[inline]
    fn next(&mut self, x: f64) -> Option<f64> {
        self.sum.slide(&self.window, x);
        self.window.push(x);
        self.window.is_full().then(|| self.mean(self.sum))
    }

    #[inline]
    fn peek(&self, x: f64) -> Option<f64> {
        let mut sum = self.sum;
        sum.slide(&self.window, x);
        self.window.fills().then(|| self.mean(sum))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = RollingWeightedSum::default();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.window.capacity(), crate::sweep::one(out));
        crate::sweep::chill(column, n - 1);
        crate::sweep::roll_weighted(n, gate, |at, end, means| column[at..end].copy_from_slice(means));
    }
}

indicator! {
    /// Linearly weighted mean of the last `period` inputs (1 to 100,000): the newest weighs `period`, the oldest 1.
    ///
    /// Equals TA-Lib's `WMA` to its rounding. The sums are taken afresh once per `period` inputs, so an output carries
    /// at most that many roundings and a huge input leaves no error behind.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, average::Wma};
    ///
    /// let mut wma = Wma::new(2)?;
    /// assert_eq!((wma.update(1.0), wma.update(4.0)), (None, Some(3.0)));
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Wma(period: usize) = |period| Ok(WeightedMean::new(check_period("period", period, 1)?)) => WeightedMean, f64 => f64;
    wma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "wma",
        "Weighted moving average: the newest of `period` inputs weighs `period`, the oldest 1",
        &[ParamInfo::integer("period", 1, 20)],
        &[OutputInfo::new("wma", "unit of the source")],
        "period",
        |args| Ok(over(Wma::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.wma",
        "TA-Lib WMA: linearly weighted moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "timeperiod",
        |args| Ok(over(Wma::new(args.count(0))?.0.node, args.source())),
    ),
];
