//! Exponential smoothing seeded by a mean.

use serde::{Deserialize, Serialize};

use super::{Gate, Node, peek_by_copy};
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let from = super::catch_up(self, gate, out);
        let (input, mut scan, column) = (gate.columns(), self.scan(), sweep::one(out));
        gate.blocks(from, |at, end| scan.run(&input[at..end], &mut column[at..end]));
    }
}
