//! Exponential smoothing seeded by a mean.

use serde::{Deserialize, Serialize};

use super::{Node, peek_by_copy};
use crate::sweep::{self, Scan};

/// Exponential smoothing, `level += k * (x - level)`, seeded by the mean of the first `n` inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Smooth {
    n: usize,
    k: f64,
    /// Inputs taken, counted up to `n`.
    seen: usize,
    /// Sum of the inputs while seeding, the average afterwards.
    level: f64,
}

impl Smooth {
    /// `k = 2 / (n + 1)`.
    pub(crate) fn ema(n: usize) -> Self {
        Self { n, k: 2.0 / (n as f64 + 1.0), seen: 0, level: 0.0 }
    }

    /// A constant of its own, seeded as for `n`.
    pub(crate) fn with_k(n: usize, k: f64) -> Self {
        Self { k, ..Self::ema(n) }
    }

    /// `k = 1 / n`: Wilder's.
    pub(crate) fn wilder(n: usize) -> Self {
        Self::with_k(n, 1.0 / n as f64)
    }

    /// The same recurrence by blocks, from this state on.
    pub(crate) fn scan(&self) -> Scan {
        Scan::new(1.0 - self.k, self.k, self.level)
    }

    /// Takes in `input` by vectors and writes the level after each of it; the seed is complete.
    pub(crate) fn run(&mut self, input: &[f64], out: &mut [f64]) {
        let mut scan = self.scan();
        scan.run(input, out);
        self.level = scan.level();
    }

    /// Goes on from where a scan has come.
    pub(crate) fn resume(&mut self, scan: &Scan) {
        self.level = scan.level();
    }

    pub(crate) fn period(&self) -> usize {
        self.n
    }
}

impl Node for Smooth {
    type In = f64;
    type Out = f64;

    #[inline]
    fn next(&mut self, x: f64) -> Option<f64> {
        if self.seen == self.n {
            self.level += self.k * (x - self.level);
            return Some(self.level);
        }
        self.seen += 1;
        self.level += x;
        if self.seen < self.n {
            return None;
        }
        self.level /= self.n as f64;
        Some(self.level)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.n
    }

    fn reset(&mut self) {
        self.seen = 0;
        self.level = 0.0;
    }

    fn smooth(&mut self) -> Option<&mut Smooth> {
        Some(self)
    }

    fn carries(&self) -> bool {
        true
    }

    fn carry(&mut self, input: &[f64], from: usize, out: &mut [&mut [f64]]) {
        let at = super::catch_up(self, from, input, out);
        self.run(&input[at..], &mut sweep::one(out)[at..]);
    }
}
