//! Linearly weighted moving average.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    error::check_period,
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, series},
    rolling::RollingWeightedSum,
    window::Window,
};

/// Linearly weighted mean of the last `period` inputs: the newest weighs `period`, the oldest 1.
///
/// Equals TA-Lib's `WMA` to its rounding; unlike there, a huge input leaves no error behind for longer than one period.
/// The sums are taken afresh once per `period` inputs, so an output carries at most that many roundings.
///
/// ```
/// use qtp_indicators::{Indicator, average::Wma};
///
/// let mut wma = Wma::new(2)?;
/// assert_eq!((wma.update(1.0), wma.update(4.0)), (None, Some(3.0)));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wma {
    window: Window,
    sum: RollingWeightedSum,
}

impl Wma {
    /// Makes an average over `period` inputs, 1 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(period: usize) -> Result<Self, SpecError> {
        let period = check_period("period", period, 1)?;
        Ok(Self { window: Window::new(period), sum: RollingWeightedSum::default() })
    }

    fn mean(&self, sum: RollingWeightedSum) -> f64 {
        let n = self.window.capacity();
        sum.get() / (n * (n + 1) / 2) as f64
    }
}

impl Indicator<f64> for Wma {
    type Output = f64;

    fn update(&mut self, input: f64) -> Option<f64> {
        let x = admit(input)?;
        self.sum = self.sum.slide(&self.window, x);
        self.window.push(x);
        self.value()
    }

    fn peek(&self, input: f64) -> Option<f64> {
        let x = admit(input)?;
        self.window.fills().then(|| self.mean(self.sum.slide(&self.window, x)))
    }

    fn value(&self) -> Option<f64> {
        self.window.is_full().then(|| self.mean(self.sum))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = RollingWeightedSum::default();
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "wma",
        summary: "Weighted moving average: the newest of `period` inputs weighs `period`, the oldest 1",
        params: &[ParamInfo::integer("period", 1, 20)],
        outputs: &[OutputInfo::new("wma", "unit of the source")],
        sourced: true,
        warmup: "period",
        make: |args| Ok(series(Wma::new(args.count(0))?, args.source())),
    },
    Entry {
        name: "talib.wma",
        summary: "TA-Lib WMA: linearly weighted moving average",
        params: &[ParamInfo::integer("timeperiod", 1, 30)],
        outputs: &[OutputInfo::new("real", "unit of the source")],
        sourced: true,
        warmup: "timeperiod",
        make: |args| Ok(series(Wma::new(args.count(0))?, args.source())),
    },
];
