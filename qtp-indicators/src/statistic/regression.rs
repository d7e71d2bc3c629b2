//! Least-squares line through a window.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Node, Previous, composite, indicator, ratio},
    registry::{Entry, OutputInfo, PERCENT, ParamInfo, REAL, over},
    rolling::RollingWeightedSum,
    window::Window,
};

/// Slope and value at the oldest input of the least-squares line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    window: Window,
    sums: RollingWeightedSum,
}

impl Line {
    fn new(n: usize) -> Self {
        Self { window: Window::new(n), sums: RollingWeightedSum::default() }
    }

    fn n(&self) -> usize {
        self.window.capacity()
    }

    fn of(&self, sums: RollingWeightedSum) -> (f64, f64) {
        fit(self.n(), sums.get(), sums.plain())
    }
}

/// Slope and intercept from the sum that weighs the newest of `n` inputs `n` and the oldest 1, and the plain sum.
#[inline]
fn fit(n: usize, weighted: f64, plain: f64) -> (f64, f64) {
    let n = n as f64;
    let times = n * (n - 1.0) * 0.5;
    // Around the mean time, so that a level adds nothing to the slope.
    let spread = n * (n * n - 1.0) / 12.0;
    let slope = (weighted - plain * (n + 1.0) * 0.5) / spread;
    (slope, (plain - slope * times) / n)
}

impl Node for Line {
    type In = f64;
    type Out = (f64, f64);

    fn next(&mut self, x: f64) -> Option<(f64, f64)> {
        self.sums = self.sums.slide(&self.window, x);
        self.window.push(x);
        self.window.is_full().then(|| self.of(self.sums))
    }

    fn peek(&self, x: f64) -> Option<(f64, f64)> {
        self.window.fills().then(|| self.of(self.sums.slide(&self.window, x)))
    }

    fn warmup(&self) -> usize {
        self.n()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sums = RollingWeightedSum::default();
    }
}

/// Makes the node, the public type and the function of each reading of the line.
macro_rules! readings {
    ($($node:ident $name:ident $function:ident $reading:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node {
            line: Line,
        }

        impl $node {
            #[allow(dead_code, reason = "not every reading is a part of something")]
            pub(crate) fn new(n: usize) -> Self {
                Self { line: Line::new(n) }
            }
        }

        impl Node for $node {
            type In = f64;
            type Out = f64;

            composite!({ line } (x: f64) -> f64 {
                let reading: fn(f64, f64, f64) -> f64 = $reading;
                let n = line.n() as f64;
                line.feed(x).map(|(slope, intercept)| reading(slope, intercept, n))
            });

            fn warmup(&self) -> usize {
                self.line.n()
            }

            fn batch(&self, input: &[f64], out: &mut [&mut [f64]]) {
                let (n, column) = (self.line.n(), crate::sweep::one(out));
                let reading: fn(f64, f64, f64) -> f64 = $reading;
                let count = n as f64;
                crate::sweep::chill(column, n - 1);
                crate::sweep::roll_weighted(n, input, |i, weighted, plain| {
                    let (slope, intercept) = fit(n, weighted, plain);
                    column[i] = reading(slope, intercept, count);
                });
            }
        }

        indicator! {
            #[doc = $summary]
            /// `period` is 2 to 100,000.
            $name(period: usize) = |period| Ok($node::new(check_period("period", period, 2)?))
                => $node, f64 => f64;
            $function(&[f64]) -> one
        }
    )*};
}

readings! {
    End LinearReg linearreg |m, b, n| b + m * (n - 1.0), "Value of the least-squares line at the newest input.";
    Slope LinearRegSlope linearreg_slope |m, _, _| m, "Slope of the least-squares line per input.";
    Angle LinearRegAngle linearreg_angle |m, _, _| libm::atan(m) * (180.0 / std::f64::consts::PI),
        "Angle of the least-squares line in degrees, one input being as wide as one unit is high.";
    Intercept LinearRegIntercept linearreg_intercept |_, b, _| b,
        "Value of the least-squares line at the oldest input.";
    Forecast Tsf tsf |m, b, n| b + m * n, "Value of the least-squares line one input ahead.";
}

/// Input against the forecast made before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Miss {
    forecast: Forecast,
    previous: Previous<f64>,
}

impl Node for Miss {
    type In = f64;
    type Out = f64;

    composite!({ forecast, previous } (x: f64) -> f64 {
        let next = forecast.feed(x)?;
        previous.feed(next).map(|forecast| 100.0 * ratio(x - forecast, x))
    });

    fn warmup(&self) -> usize {
        self.forecast.warmup() + 1
    }

    fn batch(&self, input: &[f64], out: &mut [&mut [f64]]) {
        let (n, column) = (self.forecast.warmup(), crate::sweep::one(out));
        let count = n as f64;
        crate::sweep::chill(column, n);
        let before = &input[..input.len().saturating_sub(1)];
        crate::sweep::roll_weighted(n, before, |i, weighted, plain| {
            let (slope, intercept) = fit(n, weighted, plain);
            let x = input[i + 1];
            column[i + 1] = 100.0 * ratio(x - (intercept + slope * count), x);
        });
    }
}

indicator! {
    /// Forecast oscillator: how far the input misses the forecast of the `period` (2 to 100,000) before it, in percent.
    Fosc(period: usize) = |period| {
        let forecast = Forecast::new(check_period("period", period, 2)?);
        Ok(Miss { forecast, previous: Previous::default() })
    } => Miss, f64 => f64;
    fosc(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.linearreg",
        "TA-Lib LINEARREG: value of the least-squares line at the newest input",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(LinearReg::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.linearreg_slope",
        "TA-Lib LINEARREG_SLOPE: slope of the least-squares line",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(LinearRegSlope::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.linearreg_angle",
        "TA-Lib LINEARREG_ANGLE: angle of the least-squares line",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        &[OutputInfo::new("real", "degrees")],
        "timeperiod",
        |args| Ok(over(LinearRegAngle::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.linearreg_intercept",
        "TA-Lib LINEARREG_INTERCEPT: value of the least-squares line at the oldest input",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(LinearRegIntercept::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.tsf",
        "TA-Lib TSF: value of the least-squares line one candle ahead",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(Tsf::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.fosc",
        "TA-Lib FOSC: forecast oscillator",
        &[ParamInfo::integer("timeperiod", 2, 5)],
        PERCENT,
        "timeperiod + 1",
        |args| Ok(over(Fosc::new(args.count(0))?.0.node, args.source())),
    ),
];
