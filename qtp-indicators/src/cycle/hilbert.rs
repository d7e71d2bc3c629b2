//! Ehlers' Hilbert transform discriminator, shared by everything that follows the dominant cycle.
//!
//! Formulas: J. Ehlers, *Rocket Science for Traders*, 2001. The detrender keeps TA-Lib's order of operations, because it
//! takes differences of prices; what follows is arranged so that little of it waits for the period of the candle before.

use serde::{Deserialize, Serialize};

/// Degrees of a radian, as TA-Lib computes them.
pub(crate) const DEGREES: f64 = 45.0 / std::f64::consts::FRAC_PI_4;

const A: f64 = 0.0962;
const B: f64 = 0.5769;

/// One filter of one parity of candles.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Filter {
    ring: [f64; 3],
    scaled: f64,
    input: f64,
}

impl Filter {
    /// What the output is made of besides `A` times the present input.
    #[inline(always)]
    fn rest(&self, slot: usize) -> f64 {
        (B * self.input - self.scaled) - self.ring[slot % 3]
    }

    #[inline(always)]
    fn take(&mut self, x: f64, slot: usize) {
        self.ring[slot % 3] = A * x;
        (self.scaled, self.input) = (B * self.input, x);
    }
}

/// The four filters of one parity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Filters {
    detrender: Filter,
    quadrature: Filter,
    advanced_in: Filter,
    advanced_quad: Filter,
    /// Detrender of one and of three candles before.
    delayed: [f64; 2],
}

impl Filters {
    /// The detrender before its gain, in TA-Lib's order.
    #[inline(always)]
    fn detrended(&self, x: f64, slot: usize) -> f64 {
        let Filter { ring, scaled, input } = self.detrender;
        ((-ring[slot % 3] + A * x) - scaled) + B * input
    }
}

/// What one candle gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cycle {
    /// Four-candle weighted price.
    pub(crate) smoothed: f64,
    pub(crate) inphase: f64,
    pub(crate) quadrature: f64,
    /// Smoothed twice: the dominant cycle's period, 6 to 50 candles.
    pub(crate) period: f64,
}

/// Four-candle weighted mean of prices by running sums.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Weighted {
    /// Inputs taken.
    count: usize,
    prices: [f64; 3],
    weighted: f64,
    plain: f64,
    leaving: f64,
}

impl Weighted {
    /// `None` for the first three.
    #[inline(always)]
    fn step(&mut self, x: f64) -> Option<f64> {
        let index = self.count;
        self.count += 1;
        self.plain += x;
        if index < 3 {
            self.weighted += x * (index + 1) as f64;
            self.prices[index] = x;
            return None;
        }
        self.plain -= self.leaving;
        self.weighted += x * 4.0;
        self.leaving = self.prices[0];
        self.prices = [self.prices[1], self.prices[2], x];
        let smoothed = self.weighted * 0.1;
        self.weighted -= self.plain;
        Some(smoothed)
    }
}

/// The smoothed phasor and the period that its rotation gives.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Rotor {
    inphase: f64,
    quad: f64,
    real: f64,
    imaginary: f64,
    period: f64,
    smooth_period: f64,
}

impl Rotor {
    /// Renews the period; `inphase` and `quad` are a fifth of the new phasor.
    #[inline(always)]
    fn turn(&mut self, inphase: f64, quad: f64, atan: impl Fn(f64) -> f64) {
        let last = *self;
        let (fifth_in, fifth_quad) = (0.2 * last.inphase, 0.2 * last.quad);
        self.inphase = inphase + 0.8 * last.inphase;
        self.quad = quad + 0.8 * last.quad;
        self.real = self.inphase * fifth_in + (self.quad * fifth_quad + 0.8 * last.real);
        self.imaginary = self.inphase * fifth_quad + (0.8 * last.imaginary - self.quad * fifth_in);
        let mut period = last.period;
        if self.imaginary != 0.0 && self.real != 0.0 {
            period = 360.0 / (atan(self.imaginary / self.real) * DEGREES);
        }
        // No more than half as long again and no less than two thirds of the last one, and 6 to 50.
        let bound = |period: f64| if period > 6.0 { if period < 50.0 { period } else { 50.0 } } else { 6.0 };
        let (least, most) = (bound(0.67 * last.period), bound(1.5 * last.period));
        period = if period < most { period } else { most };
        period = if period > least { period } else { least };
        self.period = 0.2 * period + 0.8 * last.period;
        self.smooth_period = 0.33 * self.period + 0.67 * last.smooth_period;
    }
}

/// The discriminator; it starts at candle `start` (from 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hilbert {
    start: usize,
    weighted: Weighted,
    parity: [Filters; 2],
    slot: usize,
    rotor: Rotor,
}

impl Hilbert {
    pub(crate) fn new(start: usize) -> Self {
        let (weighted, rotor) = (Weighted::default(), Rotor::default());
        Self { start, weighted, parity: [Filters::default(); 2], slot: 0, rotor }
    }

    /// Inputs taken.
    pub(crate) fn count(&self) -> usize {
        self.weighted.count
    }

    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.start);
    }

    pub(crate) fn step(&mut self, x: f64) -> Option<Cycle> {
        let mut rotor = self.rotor;
        let cycle = self.advance(&mut rotor, x, libm::atan);
        self.rotor = rotor;
        cycle
    }

    /// Calls `emit` with the index and the cycle of every input from `start` on. The arc tangent is the standard
    /// library's.
    #[inline(always)]
    pub(crate) fn run(&self, input: &[f64], mut emit: impl FnMut(usize, Cycle)) {
        // The rotor is apart from the filters, which are reached by index: so it stays in registers.
        let (mut filters, mut rotor) = (Self::new(self.start), Rotor::default());
        for (i, x) in input.iter().enumerate() {
            if let Some(cycle) = filters.advance(&mut rotor, *x, f64::atan) {
                emit(i, cycle);
            }
        }
    }

    #[inline(always)]
    fn advance(&mut self, rotor: &mut Rotor, x: f64, atan: impl Fn(f64) -> f64) -> Option<Cycle> {
        let index = self.weighted.count;
        let smoothed = self.weighted.step(x)?;
        if index < self.start {
            return None;
        }
        let (odd, slot) = (index % 2, self.slot);
        let filters = &mut self.parity[odd];
        let inphase = filters.delayed[1];
        let raw = filters.detrended(smoothed, slot);
        let rests = [&filters.quadrature, &filters.advanced_in, &filters.advanced_quad].map(|f| f.rest(slot));
        let gain = 0.075 * rotor.period + 0.54;
        let detrender = raw * gain;
        let quadrature = ((A * raw) * gain + rests[0]) * gain;
        // A fifth of what is added to the smoothed phasor.
        let advanced_in = (A * inphase + rests[1]) * (0.2 * gain);
        let advanced_quad = (A * quadrature + rests[2]) * (0.2 * gain);
        rotor.turn(0.2 * inphase - advanced_quad, 0.2 * quadrature + advanced_in, atan);
        filters.detrender.take(smoothed, slot);
        filters.quadrature.take(detrender, slot);
        filters.advanced_in.take(inphase, slot);
        filters.advanced_quad.take(quadrature, slot);
        let other = &mut self.parity[1 - odd].delayed;
        *other = [detrender, other[0]];
        if odd == 0 {
            self.slot = (slot + 1) % 3;
        }
        Some(Cycle { smoothed, inphase, quadrature, period: rotor.smooth_period })
    }
}
