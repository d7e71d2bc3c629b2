//! Moving average convergence/divergence.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, SpecError,
    average::Ema,
    error::check_period,
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, Row, series},
};

/// The three lines of [`Macd`], in units of the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MacdOutput {
    /// Fast average less slow average.
    pub macd: f64,
    /// Exponential average of `macd`.
    pub signal: f64,
    /// `macd` less `signal`.
    pub histogram: f64,
}

impl Row for MacdOutput {
    fn write(&self, out: &mut [f64]) {
        crate::registry::fill(out, &[self.macd, self.signal, self.histogram]);
    }
}

/// Difference of a fast and a slow exponential average, with its signal line.
///
/// TA-Lib's alignment: the seed windows of both averages end on the same input, so the fast one skips the first
/// `slow - fast` inputs; all three lines start together. A slow period below the fast one swaps the two.
///
/// ```
/// use qtp_indicators::{Indicator, momentum::Macd};
///
/// let mut macd = Macd::new(12, 26, 9)?;
/// assert_eq!(macd.warmup(), 34);
/// let line = (0..34).filter_map(|x| macd.update(f64::from(x))).next().unwrap();
/// assert_eq!((line.macd, line.histogram), (7.0, 0.0));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    /// Inputs that the fast average still leaves out.
    skip: usize,
}

impl Macd {
    /// Makes the lines for averages over `fast` and `slow` inputs (2 to 100,000) and a signal over `signal` values
    /// (1 to 100,000).
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period.
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, SpecError> {
        let (fast, slow) = (check_period("fast", fast, 2)?, check_period("slow", slow, 2)?);
        let signal = check_period("signal", signal, 1)?;
        let (fast, slow) = (fast.min(slow), fast.max(slow));
        Ok(Self {
            fast: Ema::new(fast)?,
            slow: Ema::new(slow)?,
            signal: Ema::new(signal)?,
            skip: slow - fast,
        })
    }

    /// The state after one more input.
    fn advance(mut self, input: f64) -> Option<Self> {
        let x = admit(input)?;
        let slow = self.slow.update(x);
        if self.skip > 0 {
            self.skip -= 1;
            return Some(self);
        }
        if let (Some(fast), Some(slow)) = (self.fast.update(x), slow) {
            self.signal.update(fast - slow);
        }
        Some(self)
    }
}

impl Indicator<f64> for Macd {
    type Output = MacdOutput;

    fn update(&mut self, input: f64) -> Option<MacdOutput> {
        *self = self.advance(input)?;
        self.value()
    }

    fn peek(&self, input: f64) -> Option<MacdOutput> {
        self.advance(input)?.value()
    }

    fn value(&self) -> Option<MacdOutput> {
        let signal = self.signal.value()?;
        let macd = self.fast.value()? - self.slow.value()?;
        Some(MacdOutput { macd, signal, histogram: macd - signal })
    }

    fn warmup(&self) -> usize {
        self.slow.warmup() + self.signal.warmup() - 1
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.skip = self.slow.warmup() - self.fast.warmup();
    }
}

const UNIT: &str = "unit of the source";

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "macd",
        summary: "Moving average convergence/divergence: fast less slow EMA, with its signal line",
        params: &[
            ParamInfo::integer("fast", 2, 12),
            ParamInfo::integer("slow", 2, 26),
            ParamInfo::integer("signal", 1, 9),
        ],
        outputs: &[
            OutputInfo::new("macd", UNIT),
            OutputInfo::new("signal", UNIT),
            OutputInfo::new("histogram", UNIT),
        ],
        sourced: true,
        warmup: "max(fast, slow) + signal - 1",
        make: |args| Ok(series(Macd::new(args.count(0), args.count(1), args.count(2))?, args.source())),
    },
    Entry {
        name: "talib.macd",
        summary: "TA-Lib MACD: moving average convergence/divergence",
        params: &[
            ParamInfo::integer("fastperiod", 2, 12),
            ParamInfo::integer("slowperiod", 2, 26),
            ParamInfo::integer("signalperiod", 1, 9),
        ],
        outputs: &[
            OutputInfo::new("macd", UNIT),
            OutputInfo::new("macdsignal", UNIT),
            OutputInfo::new("macdhist", UNIT),
        ],
        sourced: true,
        warmup: "max(fastperiod, slowperiod) + signalperiod - 1",
        make: |args| Ok(series(Macd::new(args.count(0), args.count(1), args.count(2))?, args.source())),
    },
];
