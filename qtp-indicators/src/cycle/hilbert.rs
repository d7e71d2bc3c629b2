//! Ehlers' Hilbert transform discriminator, shared by everything that follows the dominant cycle.
//!
//! Formulas: J. Ehlers, *Rocket Science for Traders*, 2001, in TA-Lib's order of operations.

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
    fn step(&mut self, x: f64, slot: usize, gain: f64) -> f64 {
        let scaled = A * x;
        let old = std::mem::replace(&mut self.ring[slot % 3], scaled);
        let next = B * self.input;
        let out = (((-old + scaled) - self.scaled) + next) * gain;
        (self.scaled, self.input) = (next, x);
        out
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

/// The discriminator; it starts at candle `start` (from 0).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hilbert {
    start: usize,
    /// Inputs taken.
    count: usize,
    prices: [f64; 3],
    weighted: f64,
    plain: f64,
    leaving: f64,
    parity: [Filters; 2],
    slot: usize,
    inphase: f64,
    quad: f64,
    real: f64,
    imaginary: f64,
    period: f64,
    smooth_period: f64,
}

impl Hilbert {
    pub(crate) fn new(start: usize) -> Self {
        Self {
            start,
            count: 0,
            prices: [0.0; 3],
            weighted: 0.0,
            plain: 0.0,
            leaving: 0.0,
            parity: [Filters::default(); 2],
            slot: 0,
            inphase: 0.0,
            quad: 0.0,
            real: 0.0,
            imaginary: 0.0,
            period: 0.0,
            smooth_period: 0.0,
        }
    }

    /// Inputs taken.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn restart(&mut self) {
        *self = Self::new(self.start);
    }

    /// Four-candle weighted mean of the prices; `None` for the first three.
    fn smooth(&mut self, x: f64) -> Option<f64> {
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

    pub(crate) fn step(&mut self, x: f64) -> Option<Cycle> {
        let index = self.count;
        let smoothed = self.smooth(x)?;
        if index < self.start {
            return None;
        }
        let gain = 0.075 * self.period + 0.54;
        let odd = index % 2;
        let (slot, filters) = (self.slot, &mut self.parity[odd]);
        let inphase = filters.delayed[1];
        let detrender = filters.detrender.step(smoothed, slot, gain);
        let quadrature = filters.quadrature.step(detrender, slot, gain);
        let advanced_in = filters.advanced_in.step(inphase, slot, gain);
        let advanced_quad = filters.advanced_quad.step(quadrature, slot, gain);
        let other = &mut self.parity[1 - odd].delayed;
        *other = [detrender, other[0]];
        if odd == 0 {
            self.slot = (slot + 1) % 3;
        }
        let quad = 0.2 * (quadrature + advanced_in) + 0.8 * self.quad;
        let smooth_in = 0.2 * (inphase - advanced_quad) + 0.8 * self.inphase;
        self.measure(smooth_in, quad);
        Some(Cycle { smoothed, inphase, quadrature, period: self.smooth_period })
    }

    /// Renews the period from the phasor's rotation.
    fn measure(&mut self, inphase: f64, quad: f64) {
        self.real = 0.2 * (inphase * self.inphase + quad * self.quad) + 0.8 * self.real;
        self.imaginary = 0.2 * (inphase * self.quad - quad * self.inphase) + 0.8 * self.imaginary;
        (self.inphase, self.quad) = (inphase, quad);
        let last = self.period;
        let mut period = last;
        if self.imaginary != 0.0 && self.real != 0.0 {
            period = 360.0 / (libm::atan(self.imaginary / self.real) * DEGREES);
        }
        period = period.min(1.5 * last).max(0.67 * last).clamp(6.0, 50.0);
        self.period = 0.2 * period + 0.8 * last;
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
    }
}
