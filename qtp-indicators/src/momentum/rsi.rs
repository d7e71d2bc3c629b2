//! Relative strength index.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    error::check_period,
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, series},
};

/// Wilder's relative strength index, 0 to 100.
///
/// `100 * gain / (gain + loss)` of the smoothed gains and losses (J. W. Wilder, *New Concepts in Technical Trading
/// Systems*, 1978), in TA-Lib's expression order. A series that never moved gives 0, as there. Smoothing makes earlier
/// rounding errors fade.
///
/// ```
/// use qtp_indicators::{Indicator, momentum::Rsi};
///
/// let mut rsi = Rsi::new(2)?;
/// assert_eq!([10.0, 13.0, 12.0].map(|x| rsi.update(x)), [None, None, Some(75.0)]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rsi {
    period: usize,
    previous: Option<f64>,
    /// Changes taken, counted up to `period`.
    seen: usize,
    gain: f64,
    loss: f64,
}

impl Rsi {
    /// Makes an index over `period` changes, 2 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(period: usize) -> Result<Self, SpecError> {
        let period = check_period("period", period, 2)?;
        Ok(Self { period, previous: None, seen: 0, gain: 0.0, loss: 0.0 })
    }

    /// The state after one more input.
    fn advance(mut self, input: f64) -> Option<Self> {
        let x = admit(input)?;
        let Some(previous) = self.previous.replace(x) else { return Some(self) };
        let n = self.period as f64;
        let smoothing = self.seen == self.period;
        if smoothing {
            self.loss *= n - 1.0;
            self.gain *= n - 1.0;
        } else {
            self.seen += 1;
        }
        let change = x - previous;
        if change < 0.0 {
            self.loss -= change;
        } else {
            self.gain += change;
        }
        if smoothing || self.seen == self.period {
            self.loss /= n;
            self.gain /= n;
        }
        Some(self)
    }
}

impl Indicator<f64> for Rsi {
    type Output = f64;

    fn update(&mut self, input: f64) -> Option<f64> {
        *self = self.advance(input)?;
        self.value()
    }

    fn peek(&self, input: f64) -> Option<f64> {
        self.advance(input)?.value()
    }

    fn value(&self) -> Option<f64> {
        let total = self.gain + self.loss;
        let index = if total > 0.0 { 100.0 * (self.gain / total) } else { 0.0 };
        (self.seen == self.period).then_some(index)
    }

    fn warmup(&self) -> usize {
        self.period + 1
    }

    fn reset(&mut self) {
        *self = Self { period: self.period, previous: None, seen: 0, gain: 0.0, loss: 0.0 };
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "rsi",
        summary: "Relative strength index after Wilder",
        params: &[ParamInfo::integer("period", 2, 14)],
        outputs: &[OutputInfo::new("rsi", "0 to 100")],
        sourced: true,
        warmup: "period + 1",
        make: |args| Ok(series(Rsi::new(args.count(0))?, args.source())),
    },
    Entry {
        name: "talib.rsi",
        summary: "TA-Lib RSI: relative strength index",
        params: &[ParamInfo::integer("timeperiod", 2, 14)],
        outputs: &[OutputInfo::new("real", "0 to 100")],
        sourced: true,
        warmup: "timeperiod + 1",
        make: |args| Ok(series(Rsi::new(args.count(0))?, args.source())),
    },
];
