//! Exponential moving average.

use crate::{
    error::check_period,
    node::{Smooth, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
};

indicator! {
    /// Exponential average with `k = 2 / (period + 1)`, seeded by the mean of the first `period` inputs (1 to 100,000).
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
    Ema(period: usize) = |period| Ok(Smooth::ema(check_period("period", period, 1)?)) => Smooth, f64 => f64;
    ema(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "ema",
        "Exponential moving average, seeded by the mean of the first `period` inputs",
        &[ParamInfo::integer("period", 1, 20)],
        &[OutputInfo::new("ema", "unit of the source")],
        "period",
        |args| Ok(over(Ema::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ema",
        "TA-Lib EMA: exponential moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "timeperiod",
        |args| Ok(over(Ema::new(args.count(0))?.0.node, args.source())),
    ),
];
