//! Standard deviation and variance.

use serde::{Deserialize, Serialize};

use crate::{
    error::{check_deviations, check_period},
    node::{Feed, Gate, Node, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
    rolling::RollingSpread,
    sweep,
    window::Window,
};

/// Mean and population variance of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    window: Window,
    spread: RollingSpread,
}

impl Moments {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n), spread: RollingSpread::default() }
    }

    #[inline]
    fn of(&self, spread: RollingSpread) -> (f64, f64) {
        let n = self.window.capacity() as f64;
        (spread.mean(n), spread.get(n) / n)
    }
}

impl Node for Moments {
    type In = f64;
    type Out = (f64, f64);

    #[inline]
    fn next(&mut self, x: f64) -> Option<(f64, f64)> {
        self.spread = self.spread.slide(&self.window, x);
        self.window.push(x);
        self.window.is_full().then(|| self.of(self.spread))
    }

    #[inline]
    fn peek(&self, x: f64) -> Option<(f64, f64)> {
        self.window.fills().then(|| self.of(self.spread.slide(&self.window, x)))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.spread = RollingSpread::default();
    }
}

/// Population variance of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variance {
    moments: Moments,
}

impl Variance {
    pub(crate) fn new(n: usize) -> Self {
        Self { moments: Moments::new(n) }
    }
}

impl Node for Variance {
    type In = f64;
    type Out = f64;

    composite!({ moments } (x: f64) -> f64 {
        moments.feed(x).map(|(_, variance)| variance)
    });

    fn warmup(&self) -> usize {
        self.moments.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.warmup(), sweep::one(out));
        let share = 1.0 / n as f64;
        sweep::chill(column, n - 1);
        sweep::spread(n, gate, |at, end, spreads, _| {
            sweep::map(spreads, &mut column[at..end], move |spread| spread * share);
        });
    }
}

/// Its root, times a factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deviation {
    variance: Variance,
    factor: f64,
}

impl Deviation {
    pub(crate) fn new(n: usize, factor: f64) -> Self {
        Self { variance: Variance::new(n), factor }
    }
}

impl Node for Deviation {
    type In = f64;
    type Out = f64;

    composite!({ variance } with { factor } (x: f64) -> f64 {
        variance.feed(x).map(|variance| libm::sqrt(variance) * *factor)
    });

    fn warmup(&self) -> usize {
        self.variance.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, factor, column) = (self.variance.warmup(), self.factor, sweep::one(out));
        let share = 1.0 / n as f64;
        sweep::chill(column, n - 1);
        sweep::spread(n, gate, |at, end, spreads, _| {
            sweep::map(spreads, &mut column[at..end], move |spread| (spread * share).sqrt() * factor);
        });
    }
}

indicator! {
    /// Population standard deviation of the last `period` inputs (2 to 100,000), times a factor (-1e6 to 1e6).
    ///
    /// Equals TA-Lib 0.8's `STDDEV`. Deviations are summed around an input of the window, another one each `period`
    /// inputs, so the result is right to about 1e-11 however small the spread is against the price, on series of any
    /// length (TA-Lib 0.6 summed squares around zero and lost digits there). Equal inputs give exactly 0.
    ///
    /// ```
    /// use qtp_indicators::{Indicator, volatility::StdDev};
    ///
    /// let mut deviation = StdDev::new(2, 1.0)?;
    /// assert_eq!([1.0, 3.0].map(|x| deviation.update(x)), [None, Some(1.0)]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    StdDev(period: usize, factor: f64) = |period, factor| {
        Ok(Deviation::new(check_period("period", period, 2)?, check_deviations("factor", factor)?))
    } => Deviation, f64 => f64;
    stddev(&[f64]) -> one
}
indicator! {
    /// Population variance of the last `period` inputs (1 to 100,000); as [`StdDev`].
    Var(period: usize) = |period| Ok(Variance::new(check_period("period", period, 1)?)) => Variance, f64 => f64;
    var(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "stddev",
        "Population standard deviation of the last `period` inputs, times `factor`",
        &[ParamInfo::integer("period", 2, 20), ParamInfo::deviations("factor", 1.0)],
        &[OutputInfo::new("stddev", "unit of the source")],
        "period",
        |args| Ok(over(StdDev::new(args.count(0), args.real(1))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.stddev",
        "TA-Lib STDDEV: population standard deviation",
        &[ParamInfo::integer("timeperiod", 2, 5), ParamInfo::deviations("nbdev", 1.0)],
        REAL,
        "timeperiod",
        |args| Ok(over(StdDev::new(args.count(0), args.real(1))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.var",
        "TA-Lib VAR: population variance; `nbdev` has no effect, as in TA-Lib",
        &[ParamInfo::integer("timeperiod", 1, 5), ParamInfo::deviations("nbdev", 1.0)],
        &[OutputInfo::new("real", "square of the source")],
        "timeperiod",
        |args| Ok(over(Var::new(args.count(0))?.0.node, args.source())),
    ),
];
