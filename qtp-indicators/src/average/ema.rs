//! Exponential moving average.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    error::check_period,
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, series},
};

/// Exponential average with `k = 2 / (period + 1)`, seeded by the mean of the first `period` inputs.
///
/// Expression order as in TA-Lib's `EMA`: `e += k * (x - e)`. It keeps no window: each update multiplies earlier
/// rounding errors by `1 - k`, so they fade instead of adding up.
///
/// ```
/// use qtp_indicators::{Indicator, average::Ema};
///
/// let mut ema = Ema::new(3)?;
/// for x in [1.0, 2.0, 3.0] {
///     ema.update(x);
/// }
/// assert_eq!(ema.value(), Some(2.0)); // the seed
/// assert_eq!(ema.update(4.0), Some(3.0));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ema {
    period: usize,
    k: f64,
    /// Inputs taken, counted up to `period`.
    seen: usize,
    /// Sum of the inputs while seeding, the average afterwards.
    level: f64,
}

impl Ema {
    /// Makes an average over `period` inputs, 1 to 100,000.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(period: usize) -> Result<Self, SpecError> {
        let period = check_period("period", period, 1)?;
        Ok(Self { period, k: 2.0 / (period as f64 + 1.0), seen: 0, level: 0.0 })
    }
}

impl Indicator<f64> for Ema {
    type Output = f64;

    #[inline]
    fn update(&mut self, input: f64) -> Option<f64> {
        let x = admit(input)?;
        if self.seen == self.period {
            self.level += self.k * (x - self.level);
            return Some(self.level);
        }
        self.seen += 1;
        self.level += x;
        if self.seen == self.period {
            self.level /= self.period as f64;
        }
        self.value()
    }

    fn peek(&self, input: f64) -> Option<f64> {
        let mut next = *self;
        next.update(input)
    }

    fn value(&self) -> Option<f64> {
        (self.seen == self.period).then_some(self.level)
    }

    fn warmup(&self) -> usize {
        self.period
    }

    fn reset(&mut self) {
        self.seen = 0;
        self.level = 0.0;
    }
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "ema",
        summary: "Exponential moving average, seeded by the mean of the first `period` inputs",
        params: &[ParamInfo::integer("period", 1, 20)],
        outputs: &[OutputInfo::new("ema", "unit of the source")],
        sourced: true,
        warmup: "period",
        make: |args| Ok(series(Ema::new(args.count(0))?, args.source())),
    },
    Entry {
        name: "talib.ema",
        summary: "TA-Lib EMA: exponential moving average",
        params: &[ParamInfo::integer("timeperiod", 1, 30)],
        outputs: &[OutputInfo::new("real", "unit of the source")],
        sourced: true,
        warmup: "timeperiod",
        make: |args| Ok(series(Ema::new(args.count(0))?, args.source())),
    },
];
