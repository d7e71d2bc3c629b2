//! Bollinger Bands.

use serde::{Deserialize, Serialize};

use super::stddev::deviation;
use crate::{
    Indicator, SpecError,
    error::{check_deviations, check_period},
    input::admit,
    registry::{Entry, OutputInfo, ParamInfo, Row, series},
    rolling::{RollingSpread, RollingSum},
    window::Window,
};

/// The three lines of [`BollingerBands`], in units of the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BollingerOutput {
    /// Middle plus `up` deviations.
    pub upper: f64,
    /// Simple moving average.
    pub middle: f64,
    /// Middle less `down` deviations.
    pub lower: f64,
}

impl Row for BollingerOutput {
    fn write(&self, out: &mut [f64]) {
        crate::registry::fill(out, &[self.upper, self.middle, self.lower]);
    }
}

/// A simple moving average with a band of population standard deviations on either side.
///
/// Equals TA-Lib 0.8's `BBANDS` with a simple average (J. Bollinger, *Bollinger on Bollinger Bands*, 2001). What
/// bounds rounding is said at [`Sma`](crate::average::Sma) and [`StdDev`](super::StdDev).
///
/// ```
/// use qtp_indicators::{Indicator, volatility::BollingerBands};
///
/// let mut bands = BollingerBands::new(2, 2.0, 2.0)?;
/// bands.update(9.0);
/// let band = bands.update(11.0).unwrap();
/// assert_eq!((band.upper, band.middle, band.lower), (12.0, 10.0, 8.0));
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BollingerBands {
    window: Window,
    sums: Sums,
    up: f64,
    down: f64,
}

/// Both sums over one window, so that it is stored once.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Sums {
    sum: RollingSum,
    spread: RollingSpread,
}

impl BollingerBands {
    /// Makes bands over `period` inputs, 2 to 100,000, `up` deviations above and `down` below, -1e6 to 1e6.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for another period or number of deviations.
    pub fn new(period: usize, up: f64, down: f64) -> Result<Self, SpecError> {
        let window = Window::new(check_period("period", period, 2)?);
        let (up, down) = (check_deviations("up", up)?, check_deviations("down", down)?);
        Ok(Self { window, sums: Sums::default(), up, down })
    }

    fn advance(&self, x: f64) -> Sums {
        Sums { sum: self.sums.sum.slide(&self.window, x), spread: self.sums.spread.slide(&self.window, x) }
    }

    fn bands(&self, sums: Sums) -> BollingerOutput {
        let n = self.window.capacity();
        let middle = sums.sum.get() / n as f64;
        let deviation = deviation(sums.spread, n);
        BollingerOutput { upper: middle + deviation * self.up, middle, lower: middle - deviation * self.down }
    }
}

impl Indicator<f64> for BollingerBands {
    type Output = BollingerOutput;

    fn update(&mut self, input: f64) -> Option<BollingerOutput> {
        let x = admit(input)?;
        self.sums = self.advance(x);
        self.window.push(x);
        self.value()
    }

    fn peek(&self, input: f64) -> Option<BollingerOutput> {
        let x = admit(input)?;
        self.window.fills().then(|| self.bands(self.advance(x)))
    }

    fn value(&self) -> Option<BollingerOutput> {
        self.window.is_full().then(|| self.bands(self.sums))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sums = Sums::default();
    }
}

const UNIT: &str = "unit of the source";

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        name: "bbands",
        summary: "Bollinger Bands: simple average with `deviations` population standard deviations either side",
        params: &[ParamInfo::integer("period", 2, 20), ParamInfo::deviations("deviations", 2.0)],
        outputs: &[
            OutputInfo::new("upper", UNIT),
            OutputInfo::new("middle", UNIT),
            OutputInfo::new("lower", UNIT),
        ],
        sourced: true,
        warmup: "period",
        make: |args| {
            Ok(series(BollingerBands::new(args.count(0), args.real(1), args.real(1))?, args.source()))
        },
    },
    Entry {
        name: "talib.bbands",
        summary: "TA-Lib BBANDS: Bollinger Bands; `matype` 0, the simple average, is the only one offered",
        params: &[
            ParamInfo::integer("timeperiod", 2, 20),
            ParamInfo::deviations("nbdevup", 2.0),
            ParamInfo::deviations("nbdevdn", 2.0),
            ParamInfo::integer_to("matype", 0, 0, 0),
        ],
        outputs: &[
            OutputInfo::new("upperband", UNIT),
            OutputInfo::new("middleband", UNIT),
            OutputInfo::new("lowerband", UNIT),
        ],
        sourced: true,
        warmup: "timeperiod",
        make: |args| {
            Ok(series(BollingerBands::new(args.count(0), args.real(1), args.real(2))?, args.source()))
        },
    },
];
