//! Simple moving average.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    error::check_period,
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, series},
    rolling::RollingSum,
    window::Window,
};

/// Mean of the last `period` inputs.
///
/// Equals TA-Lib's `SMA` to its rounding; unlike there, a huge input leaves no error behind for longer than one period.
/// The sum is taken afresh once per `period` inputs, so an output carries at most that many roundings.
///
/// ```
/// use qtp_indicators::{Indicator, average::Sma};
///
/// let mut sma = Sma::new(2)?;
/// assert_eq!((sma.update(1.0), sma.update(4.0)), (None, Some(2.5)));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sma {
    window: Window,
    sum: RollingSum,
}

impl Sma {
    /// Makes an average over `period` inputs, 1 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(period: usize) -> Result<Self, SpecError> {
        let period = check_period("period", period, 1)?;
        Ok(Self { window: Window::new(period), sum: RollingSum::default() })
    }

    fn mean(&self, sum: RollingSum) -> f64 {
        sum.get() / self.window.capacity() as f64
    }
}

impl Indicator<f64> for Sma {
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
        self.sum = RollingSum::default();
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sma",
        summary: "Simple moving average: mean of the last `period` inputs",
        params: &[ParamInfo::integer("period", 1, 20)],
        outputs: &[OutputInfo::new("sma", "unit of the source")],
        sourced: true,
        warmup: "period",
        make: |args| Ok(series(Sma::new(args.count(0))?, args.source())),
    },
    Entry {
        name: "talib.sma",
        summary: "TA-Lib SMA: simple moving average",
        params: &[ParamInfo::integer("timeperiod", 1, 30)],
        outputs: &[OutputInfo::new("real", "unit of the source")],
        sourced: true,
        warmup: "timeperiod",
        make: |args| Ok(series(Sma::new(args.count(0))?, args.source())),
    },
];
