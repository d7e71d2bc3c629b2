//! Least-squares line through a window.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Previous, composite, indicator, ratio},
    registry::{Entry, OutputInfo, PERCENT, ParamInfo, REAL, over},
    sweep,
    window::Window,
};

/// Sums over one window: plain, of sizes, and weighed by age, the newest 0.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Sums {
    plain: f64,
    sizes: f64,
    aged: f64,
}

/// Windows after which the sums are taken afresh.
const LAPS: usize = 32;

impl Sums {
    /// Of a window, oldest first.
    fn fresh(window: impl Iterator<Item = f64>, n: usize) -> Self {
        let mut sums = Self::default();
        let mut age = n as f64;
        for x in window {
            age -= 1.0;
            sums.plain += x;
            sums.sizes += x.abs();
            sums.aged += age * x;
        }
        sums
    }

    /// After `x` came and `old` left; not sound where the old one dwarfed what is left.
    #[inline(always)]
    fn slide(self, n: f64, x: f64, old: f64) -> (Self, bool) {
        let leaving = n * old;
        let aged = (self.aged + self.plain) - leaving;
        let plain = (self.plain - old) + x;
        let sizes = (self.sizes - old.abs()) + x.abs();
        (Self { plain, sizes, aged }, leaving.abs() <= 100.0 * sizes)
    }
}

/// What turns the sums of a window of `n` into a line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Fit {
    n: f64,
    times: f64,
    divisor: f64,
}

impl Fit {
    fn new(n: usize) -> Self {
        let n = n as f64;
        let times = n * (n - 1.0) * 0.5;
        let squares = n * (n - 1.0) * (2.0 * n - 1.0) / 6.0;
        Self { n, times, divisor: times * times - n * squares }
    }

    /// Slope, and value at the oldest input.
    #[inline(always)]
    fn line(self, sums: Sums) -> (f64, f64) {
        let slope = (self.n * sums.aged - self.times * sums.plain) / self.divisor;
        (slope, (sums.plain - slope * self.times) / self.n)
    }
}

/// Slope and value at the oldest input of the least-squares line.
///
/// TA-Lib's sums, in its order and renewed when it renews them: far from zero a slope carries their rounding (5e-10 at
/// a price of 60,000), and agreement asks for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    window: Window,
    fit: Fit,
    sums: Sums,
    /// Inputs until the sums are taken afresh.
    left: usize,
}

impl Line {
    fn new(n: usize) -> Self {
        Self { window: Window::new(n), fit: Fit::new(n), sums: Sums::default(), left: 0 }
    }

    fn n(&self) -> usize {
        self.window.capacity()
    }

    fn slide(&self, x: f64) -> (Sums, usize) {
        let n = self.n();
        let (sums, sound) = self.sums.slide(n as f64, x, self.window.oldest());
        if self.left > 1 && sound {
            return (sums, self.left - 1);
        }
        (Sums::fresh(self.window.iter_with(x), n), LAPS * n)
    }
}

impl Line {
    /// Writes what `read` makes of slope and intercept of every window, from the first whole one on, as long as `admits` lets
    /// the inputs before an index through.
    ///
    /// Where the sums are taken afresh a lap begins that depends on none before. The chain of one lap's sums takes longer than
    /// all that is done beside it, so several laps go on together; one by one where an input that leaves ends a lap early.
    #[inline(always)]
    fn sweep(
        &self,
        input: &[f64],
        admits: impl Fn(usize) -> bool,
        column: &mut [f64],
        read: impl Fn(f64, f64) -> f64 + Copy,
    ) {
        let (n, fit) = (self.n(), self.fit);
        let (share, scale) = (1.0 / fit.divisor, 1.0 / fit.n);
        let line = move |sums: Sums| {
            let slope = (fit.n * sums.aged - fit.times * sums.plain) * share;
            read(slope, (sums.plain - slope * fit.times) * scale)
        };
        let (lap, mut at) = (LAPS * n, n - 1);
        while at < input.len() {
            let end = input.len().min(at + TOGETHER * lap);
            if !admits(end) {
                return;
            }
            let whole = end - at == TOGETHER * lap;
            if !(whole && laps::<TOGETHER>(n, &input[at + 1 - n..end], &mut column[at..end], line)) {
                let mut from = at;
                while from < end {
                    let last = end.min(from + lap);
                    from += one_lap(n, &input[from + 1 - n..last], &mut column[from..last], line);
                }
            }
            at = end;
        }
    }
}

/// Laps that go on together.
const TOGETHER: usize = 4;

/// Writes laps that begin one after another with the first whole window of `input`; `false` where one might end early.
#[inline(always)]
fn laps<const K: usize>(
    n: usize,
    input: &[f64],
    column: &mut [f64],
    line: impl Fn(Sums) -> f64 + Copy,
) -> bool {
    if !even(input) {
        return false;
    }
    let (count, lap) = (n as f64, column.len() / K);
    let mut sums: [Sums; K] = std::array::from_fn(|k| Sums::fresh(input[k * lap..][..n].iter().copied(), n));
    let mut parts = column.chunks_exact_mut(lap);
    let mut slots: [&mut [f64]; K] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    for (slots, sums) in slots.iter_mut().zip(sums) {
        slots[0] = line(sums);
    }
    let slots = slots.map(|slots| &mut slots[1..lap]);
    let old: [&[f64]; K] = std::array::from_fn(|k| &input[k * lap..][..lap - 1]);
    let new: [&[f64]; K] = std::array::from_fn(|k| &input[k * lap + n..][..lap - 1]);
    sweep::vectorised(
        #[inline(always)]
        move || {
            for i in 0..lap - 1 {
                for k in 0..K {
                    sums[k] = sums[k].slide(count, new[k][i], old[k][i]).0;
                    slots[k][i] = line(sums[k]);
                }
            }
        },
    );
    true
}

/// Whether no input is so much larger than another that it could dwarf a window.
fn even(input: &[f64]) -> bool {
    let (eights, rest) = input.as_chunks::<8>();
    let (least, most) = sweep::vectorised(
        #[inline(always)]
        move || {
            let (mut least, mut most) = ([f64::INFINITY; 8], [0.0; 8]);
            for eight in eights {
                for k in 0..8 {
                    least[k] = sweep::smaller(least[k], eight[k].abs());
                    most[k] = sweep::larger(most[k], eight[k].abs());
                }
            }
            for (k, x) in rest.iter().enumerate() {
                least[k] = sweep::smaller(least[k], x.abs());
                most[k] = sweep::larger(most[k], x.abs());
            }
            (least.into_iter().fold(f64::INFINITY, sweep::smaller), most.into_iter().fold(0.0, sweep::larger))
        },
    );
    most <= 99.0 * least
}

/// Writes the lap that begins with the first whole window of `input`, as far as it goes; how many outputs that are.
#[inline(always)]
fn one_lap(n: usize, input: &[f64], column: &mut [f64], line: impl Fn(Sums) -> f64 + Copy) -> usize {
    let mut sums = Sums::fresh(input[..n].iter().copied(), n);
    column[0] = line(sums);
    let (slots, new) = (&mut column[1..], &input[n..]);
    for i in 0..slots.len() {
        let (next, sound) = sums.slide(n as f64, new[i], input[i]);
        if !sound {
            return i + 1;
        }
        sums = next;
        slots[i] = line(sums);
    }
    1 + slots.len()
}

impl Node for Line {
    type In = f64;
    type Out = (f64, f64);

    fn next(&mut self, x: f64) -> Option<(f64, f64)> {
        if !self.window.fills() {
            self.window.push(x);
            return None;
        }
        (self.sums, self.left) = self.slide(x);
        self.window.push(x);
        Some(self.fit.line(self.sums))
    }

    fn peek(&self, x: f64) -> Option<(f64, f64)> {
        self.window.fills().then(|| self.fit.line(self.slide(x).0))
    }

    fn warmup(&self) -> usize {
        self.n()
    }

    fn reset(&mut self) {
        self.window.clear();
        (self.sums, self.left) = (Sums::default(), 0);
    }
}

/// Tells the compiler what a closure reads, so that it stays one: a call through a pointer would end the loop's pace.
fn typed<F: Fn(f64, f64, f64) -> f64 + Copy>(reading: F) -> F {
    reading
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

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                let (n, column) = (self.line.n(), sweep::one(out));
                let (reading, count) = (typed($reading), n as f64);
                sweep::chill(column, n - 1);
                let admits = |end| gate.admits(end);
                self.line.sweep(gate.columns(), admits, column, move |m, b| reading(m, b, count));
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, column) = (self.forecast.warmup(), sweep::one(out));
        let count = n as f64;
        let before = &input[..input.len().saturating_sub(1)];
        let Some(slots) = column.get_mut(1..) else { return };
        let forecast = move |slope: f64, intercept: f64| intercept + slope * count;
        self.forecast.line.sweep(before, |_| true, slots, forecast);
        sweep::combine(slots, &input[1..], move |forecast, x| 100.0 * ratio(x - forecast, x));
        sweep::chill(column, n);
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
