//! MESA sine wave of a fixed period.
//!
//! Source: J. Ehlers, *MESA and Trading Market Cycles*, 2001, in the form of the Tulip library.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Node, indicator},
    registry::{Entry, OutputInfo, ParamInfo, over},
    window::Window,
};

/// Sine of the phase of a window's first harmonic. An update reads the window: O(period).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Harmonic {
    window: Window,
    /// Cosine and sine of the harmonic, from the oldest input to the newest.
    waves: Vec<(f64, f64)>,
}

impl Harmonic {
    fn new(n: usize) -> Self {
        let wave = |age: usize| {
            let angle = 2.0 * PI * age as f64 / n as f64;
            (libm::cos(angle), libm::sin(angle))
        };
        // One more than it reads: Tulip's first output waits for it.
        Self { window: Window::new(n + 1), waves: (0..n).rev().map(wave).collect() }
    }

    fn phase(&self, x: f64) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (x, (cos, sin)) in self.window.iter_with(x).skip(1).zip(&self.waves) {
            real += cos * x;
            imaginary += sin * x;
        }
        let mut phase = if real.abs() > 0.001 {
            libm::atan(imaginary / real)
        } else {
            PI * if imaginary < 0.0 { -1.0 } else { 1.0 }
        };
        if real < 0.0 {
            phase += PI;
        }
        phase += PI / 2.0;
        if phase < 0.0 {
            phase += 2.0 * PI;
        }
        if phase > 2.0 * PI { phase - 2.0 * PI } else { phase }
    }
}

impl Node for Harmonic {
    type In = f64;
    type Out = [f64; 2];

    fn next(&mut self, x: f64) -> Option<[f64; 2]> {
        let out = self.peek(x);
        self.window.push(x);
        out
    }

    fn peek(&self, x: f64) -> Option<[f64; 2]> {
        if !self.window.fills() {
            return None;
        }
        let phase = self.phase(x);
        Some([libm::sin(phase), libm::sin(phase + PI / 4.0)])
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

indicator! {
    /// MESA sine wave, `[sine, lead]`: sine of the phase that the last `period` inputs (1 to 100,000) have in a cycle of
    /// that length, and the same an eighth of a cycle ahead. An update reads the whole window.
    Msw(period: usize) = |period| Ok(Harmonic::new(check_period("period", period, 1)?)) => Harmonic, f64 => [f64; 2];
    msw(&[f64]) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "msw",
    "MESA sine wave: sine of the phase in a cycle of a fixed length, and its lead",
    &[ParamInfo::integer("period", 1, 5)],
    &[OutputInfo::new("sine", "-1 to 1"), OutputInfo::new("lead", "-1 to 1")],
    "period + 1",
    |args| Ok(over(Msw::new(args.count(0))?.0.node, args.source())),
)];
