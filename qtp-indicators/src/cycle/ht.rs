//! TA-Lib's `HT_` functions.

use serde::{Deserialize, Serialize};

use super::{
    hilbert::{DEGREES, Hilbert},
    phase::{Phase, START, Trend, WARMUP, whole},
    turns::LONGEST,
};
use crate::{
    node::{Gate, Node, indicator, peek_by_copy},
    registry::{Entry, INTEGER, OutputInfo, REAL, over},
    sweep,
};

const RADIAN: f64 = 1.0 / DEGREES;
/// Candles until the first output of what needs no phase.
const SHORT: usize = 33;

/// Period and phasor of the dominant cycle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Period(Hilbert);

impl Node for Period {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let cycle = self.0.step(x)?;
        (self.0.count() >= SHORT).then_some(cycle.period)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        SHORT
    }

    fn reset(&mut self) {
        self.0.restart();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let column = sweep::one(out);
        self.0.run(input, |i, cycle| column[i] = cycle.period);
        sweep::chill(column, SHORT - 1);
    }
}

/// In-phase and quadrature parts of the dominant cycle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phasor(Hilbert);

impl Node for Phasor {
    type In = f64;
    type Out = [f64; 2];

    fn next(&mut self, x: f64) -> Option<[f64; 2]> {
        let cycle = self.0.step(x)?;
        (self.0.count() >= SHORT).then_some([cycle.inphase, cycle.quadrature])
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        SHORT
    }

    fn reset(&mut self) {
        self.0.restart();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let [inphase, quadrature] = out else { return };
        self.0.run(input, |i, cycle| (inphase[i], quadrature[i]) = (cycle.inphase, cycle.quadrature));
        sweep::chill(inphase, SHORT - 1);
        sweep::chill(quadrature, SHORT - 1);
    }
}

/// Phase of the dominant cycle in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Degrees(Phase);

impl Node for Degrees {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let (_, degrees) = self.0.step(x)?;
        self.0.warm().then_some(degrees)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        WARMUP
    }

    fn reset(&mut self) {
        self.0 = Phase::new();
    }
}

fn waves(degrees: f64) -> [f64; 2] {
    [libm::sin(degrees * RADIAN), libm::sin((degrees + 45.0) * RADIAN)]
}

/// Sine of the phase and of an eighth of a turn ahead.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sine(Phase);

impl Node for Sine {
    type In = f64;
    type Out = [f64; 2];

    fn next(&mut self, x: f64) -> Option<[f64; 2]> {
        let (_, degrees) = self.0.step(x)?;
        self.0.warm().then(|| waves(degrees))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        WARMUP
    }

    fn reset(&mut self) {
        self.0 = Phase::new();
    }
}

/// The instantaneous trend line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrendLine {
    hilbert: Hilbert,
    trend: Trend,
}

impl TrendLine {
    fn new() -> Self {
        Self { hilbert: Hilbert::new(START), trend: Trend::EMPTY }
    }
}

impl Node for TrendLine {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.trend.push(x);
        let cycle = self.hilbert.step(x)?;
        let line = self.trend.line(cycle.period);
        (self.hilbert.count() >= WARMUP).then_some(line)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        WARMUP
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (mut trend, column, mut sums) = (Trend::EMPTY, sweep::one(out), Sums::new());
        self.hilbert.run(input, |i, cycle| {
            let n = whole(cycle.period).min(i + 1);
            column[i] = trend.mean(n, sums.last(input, i, n));
        });
        sweep::chill(column, WARMUP - 1);
    }
}

/// Candles over which one set of sums serves.
const SERVED: usize = 256;

/// Sums of the prices before each candle of a stretch, less an anchor each: the sum of a window is one difference.
struct Sums {
    first: usize,
    end: usize,
    anchor: f64,
    sums: [f64; LONGEST + SERVED + 1],
}

impl Sums {
    fn new() -> Self {
        Self { first: 0, end: 0, anchor: 0.0, sums: [0.0; LONGEST + SERVED + 1] }
    }

    /// Sum of the `n` inputs up to `i`, fewer than [`LONGEST`].
    #[inline(always)]
    fn last(&mut self, input: &[f64], i: usize, n: usize) -> f64 {
        if i >= self.end {
            self.stretch(input, i);
        }
        let at = i + 1 - self.first;
        self.sums[at] - self.sums[at - n] + self.anchor * n as f64
    }

    fn stretch(&mut self, input: &[f64], i: usize) {
        (self.first, self.end) = ((i + 1).saturating_sub(LONGEST), (i + SERVED).min(input.len()));
        self.anchor = input[i];
        let mut sum = 0.0;
        for (slot, x) in self.sums[1..].iter_mut().zip(&input[self.first..self.end]) {
            sum += x - self.anchor;
            *slot = sum;
        }
    }
}

/// 1 in a trend, 0 in a cycle; 0 until warm, as in TA-Lib.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TrendMode {
    phase: Phase,
    trend: Trend,
    degrees: f64,
    waves: [f64; 2],
    days: f64,
}

impl TrendMode {
    fn new() -> Self {
        Self { phase: Phase::new(), trend: Trend::EMPTY, degrees: 0.0, waves: [0.0; 2], days: 0.0 }
    }

    fn step(&mut self, x: f64) -> Option<bool> {
        self.trend.push(x);
        let (cycle, degrees) = self.phase.step(x)?;
        let change = degrees - std::mem::replace(&mut self.degrees, degrees);
        let [sine, lead] = waves(degrees);
        let [old_sine, old_lead] = std::mem::replace(&mut self.waves, [sine, lead]);
        let line = self.trend.line(cycle.period);
        let mut trend = true;
        if (sine > lead && old_sine <= old_lead) || (sine < lead && old_sine >= old_lead) {
            self.days = 0.0;
            trend = false;
        }
        self.days += 1.0;
        let turn = 360.0 / cycle.period;
        let normal = cycle.period != 0.0 && change > 0.67 * turn && change < 1.5 * turn;
        trend &= self.days >= 0.5 * cycle.period && !normal;
        trend |= line != 0.0 && ((cycle.smoothed - line) / line).abs() >= 0.015;
        self.phase.warm().then_some(trend)
    }
}

impl Node for TrendMode {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        Some(f64::from(self.step(x).unwrap_or(false)))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

indicator! {
    /// Period of the dominant cycle in candles, 6 to 50.
    ///
    /// ```
    /// let wave: Vec<f64> = (0..200).map(|i| 100.0 + f64::sin(f64::from(i) * 0.314)).collect(); // 20 candles
    /// let mut out = vec![0.0; 200];
    /// qtp_indicators::cycle::ht_dcperiod(&wave, &mut out)?;
    /// assert!((out[199] - 20.0).abs() < 1.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    HtDcPeriod() = || Ok(Period(Hilbert::new(12))) => Period, f64 => f64;
    ht_dcperiod(&[f64]) -> one
}
indicator! {
    /// Phase of the dominant cycle in degrees, -45 to 315.
    HtDcPhase() = || Ok(Degrees(Phase::new())) => Degrees, f64 => f64;
    ht_dcphase(&[f64]) -> one
}
indicator! {
    /// In-phase and quadrature parts of the dominant cycle, in units of the input.
    HtPhasor() = || Ok(Phasor(Hilbert::new(12))) => Phasor, f64 => [f64; 2];
    ht_phasor(&[f64]) -> 2
}
indicator! {
    /// Sine of the dominant cycle's phase, and of an eighth of a turn ahead.
    HtSine() = || Ok(Sine(Phase::new())) => Sine, f64 => [f64; 2];
    ht_sine(&[f64]) -> 2
}
indicator! {
    /// Instantaneous trend line: the price without its dominant cycle.
    HtTrendline() = || Ok(TrendLine::new()) => TrendLine, f64 => f64;
    ht_trendline(&[f64]) -> one
}
indicator! {
    /// 1 in a trend, 0 in a cycle; 0 for the first 63 inputs, as in TA-Lib.
    HtTrendMode() = || Ok(TrendMode::new()) => TrendMode, f64 => f64;
    ht_trendmode(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.ht_dcperiod",
        "TA-Lib HT_DCPERIOD: period of the dominant cycle (Hilbert transform)",
        &[],
        &[OutputInfo::new("real", "candles")],
        "33",
        |args| Ok(over(HtDcPeriod::new()?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ht_dcphase",
        "TA-Lib HT_DCPHASE: phase of the dominant cycle",
        &[],
        &[OutputInfo::new("real", "degrees")],
        "64",
        |args| Ok(over(HtDcPhase::new()?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ht_phasor",
        "TA-Lib HT_PHASOR: phasor components of the dominant cycle",
        &[],
        &[
            OutputInfo::new("inphase", "unit of the source"),
            OutputInfo::new("quadrature", "unit of the source"),
        ],
        "33",
        |args| Ok(over(HtPhasor::new()?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ht_sine",
        "TA-Lib HT_SINE: sine wave of the dominant cycle",
        &[],
        &[OutputInfo::new("sine", "-1 to 1"), OutputInfo::new("leadsine", "-1 to 1")],
        "64",
        |args| Ok(over(HtSine::new()?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ht_trendline",
        "TA-Lib HT_TRENDLINE: instantaneous trend line",
        &[],
        REAL,
        "64",
        |args| Ok(over(HtTrendline::new()?.0.node, args.source())),
    ),
    Entry::series(
        "talib.ht_trendmode",
        "TA-Lib HT_TRENDMODE: 1 in a trend, 0 in a cycle (0 for the first 63 candles)",
        &[],
        INTEGER,
        "1",
        |args| Ok(over(HtTrendMode::new()?.0.node, args.source())),
    ),
];
