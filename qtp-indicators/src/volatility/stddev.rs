//! Standard deviation.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    error::{check_deviations, check_period},
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, series},
    rolling::RollingSpread,
    window::Window,
};

/// Population standard deviation of the last `period` inputs, times a factor.
///
/// Equals TA-Lib 0.8's `STDDEV`. Deviations are summed around a mean that is renewed at least once per `period`
/// inputs, so the result is right to about 1e-11 however small the spread is against the price, on series of any
/// length (TA-Lib 0.6 summed squares around zero and lost digits there). Equal inputs give exactly 0. Where a window's
/// inputs nearly coincide right after a large move, TA-Lib itself is off by up to 1e-7; this is not.
///
/// ```
/// use qtp_indicators::{Indicator, volatility::StdDev};
///
/// let mut deviation = StdDev::new(2, 1.0)?;
/// assert_eq!([1.0, 3.0].map(|x| deviation.update(x)), [None, Some(1.0)]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StdDev {
    window: Window,
    spread: RollingSpread,
    factor: f64,
}

impl StdDev {
    /// Makes a deviation over `period` inputs, 2 to 100,000, multiplied by `factor`, -1e6 to 1e6.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period or factor.
    pub fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let window = Window::new(check_period("period", period, 2)?);
        Ok(Self { window, spread: RollingSpread::default(), factor: check_deviations("factor", factor)? })
    }

    fn deviation(&self, spread: RollingSpread) -> f64 {
        deviation(spread, self.window.capacity()) * self.factor
    }
}

/// Population standard deviation of a window of `n` inputs.
pub(super) fn deviation(spread: RollingSpread, n: usize) -> f64 {
    libm::sqrt(spread.get(n) / n as f64)
}

impl Indicator<f64> for StdDev {
    type Output = f64;

    fn update(&mut self, input: f64) -> Option<f64> {
        let x = admit(input)?;
        self.spread = self.spread.slide(&self.window, x);
        self.window.push(x);
        self.value()
    }

    fn peek(&self, input: f64) -> Option<f64> {
        let x = admit(input)?;
        self.window.fills().then(|| self.deviation(self.spread.slide(&self.window, x)))
    }

    fn value(&self) -> Option<f64> {
        self.window.is_full().then(|| self.deviation(self.spread))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.spread = RollingSpread::default();
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "stddev",
        summary: "Population standard deviation of the last `period` inputs, times `factor`",
        params: &[ParamInfo::integer("period", 2, 20), ParamInfo::deviations("factor", 1.0)],
        outputs: &[OutputInfo::new("stddev", "unit of the source")],
        sourced: true,
        warmup: "period",
        make: |args| Ok(series(StdDev::new(args.count(0), args.real(1))?, args.source())),
    },
    Entry {
        name: "talib.stddev",
        summary: "TA-Lib STDDEV: population standard deviation",
        params: &[ParamInfo::integer("timeperiod", 2, 5), ParamInfo::deviations("nbdev", 1.0)],
        outputs: &[OutputInfo::new("real", "unit of the source")],
        sourced: true,
        warmup: "timeperiod",
        make: |args| Ok(series(StdDev::new(args.count(0), args.real(1))?, args.source())),
    },
];
