//! Sums over a sliding window whose rounding error stays bounded however long the series.
//!
//! A running sum gains one rounding error per update, and a large value that has left the window leaves its error
//! behind. Beside each running sum goes another one, over the present lap of the ring alone: when the lap is complete,
//! that is the sum of the window without anything ever having been taken from it, and replaces the running one. What has
//! shrunk below [`SHRUNK`] of its peak since then is summed afresh from the window at once. So at most `n` updates'
//! rounding, none larger than `1 / SHRUNK` units in the last place of the result, is ever in an output.
//!
//! `peek` and `update` share `slide`, which reads the window as it was before the new input.

use serde::{Deserialize, Serialize};

use crate::{sweep::larger, window::Window};

/// A sum below this share of its peak has lost four decimal digits to what was subtracted since.
const SHRUNK: f64 = 1e-4;

/// Sum of the window.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingSum {
    sum: f64,
    /// Sum of this lap's inputs.
    lap: f64,
    peak: f64,
}

impl RollingSum {
    pub(crate) fn get(self) -> f64 {
        self.sum
    }

    /// The sum after `x` enters `window` (and the oldest leaves it when full).
    #[inline]
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        let lap = self.lap + x;
        if window.closes_lap() {
            return Self { sum: lap, lap: 0.0, peak: lap.abs() };
        }
        if !window.is_full() {
            return Self { sum: lap, lap, peak: 0.0 };
        }
        let sum = (self.sum - window.oldest()) + x;
        let peak = larger(self.peak, sum.abs());
        if sum.abs() < peak * SHRUNK {
            return Self { lap, ..Self::fresh(window, x) };
        }
        Self { sum, lap, peak }
    }

    #[cold]
    fn fresh(window: &Window, x: f64) -> Self {
        let sum = window.iter_with(x).fold(0.0, |sum, v| sum + v);
        Self { sum, lap: 0.0, peak: sum.abs() }
    }
}

/// Sums of deviations from an anchor: of the inputs, and of the inputs times their weights.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Weighed {
    anchor: f64,
    weighted: f64,
    plain: f64,
}

impl Weighed {
    #[inline]
    fn with(self, x: f64, weight: f64) -> Self {
        let x = x - self.anchor;
        Self { weighted: self.weighted + x * weight, plain: self.plain + x, ..self }
    }
}

/// Linearly weighted sum of the window: the newest input weighs `n`, the oldest 1.
///
/// Deviations from an anchor are summed, the first input of a lap: a slope is then as exact far from zero as near it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingWeightedSum {
    sum: Weighed,
    /// The same of this lap's inputs.
    lap: Weighed,
}

impl RollingWeightedSum {
    /// The weighted sum of the deviations.
    pub(crate) fn weighted(self) -> f64 {
        self.sum.weighted
    }

    pub(crate) fn anchor(self) -> f64 {
        self.sum.anchor
    }

    /// Takes `x`, which is about to enter `window`; the sums count once that makes it full.
    ///
    /// In place: given back as a value, the sums would go through memory in pieces of another width than they are read.
    #[inline]
    pub(crate) fn slide(&mut self, window: &Window, x: f64) {
        if window.starts_lap() {
            self.lap = Weighed { anchor: x, ..Weighed::default() };
        }
        self.lap = self.lap.with(x, (window.place() + 1) as f64);
        let n = window.capacity() as f64;
        if window.closes_lap() {
            self.sum = self.lap;
        } else if window.is_full() {
            let Weighed { anchor, weighted, plain } = self.sum;
            self.sum.weighted = (weighted - plain) + (x - anchor) * n;
            self.sum.plain = (plain - window.oldest()) + x;
        } else {
            return;
        }
        let Weighed { anchor, weighted, .. } = self.sum;
        let level = anchor * (n * (n + 1.0) * 0.5);
        // The oldest input that left may have dwarfed what stays.
        let left = (window.oldest() - anchor).abs() * n;
        if (weighted + level).abs() < larger(left, larger(level.abs(), weighted.abs())) * SHRUNK {
            self.sum = Self::fresh(window, x);
        }
    }

    #[cold]
    fn fresh(window: &Window, x: f64) -> Weighed {
        let fresh = Weighed { anchor: x, ..Weighed::default() };
        window.iter_with(x).enumerate().fold(fresh, |sum, (i, v)| sum.with(v, (i + 1) as f64))
    }
}

/// Sums of deviations from an anchor and of their squares.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Squares {
    anchor: f64,
    sum: f64,
    squares: f64,
}

impl Squares {
    #[inline]
    fn with(self, x: f64) -> Self {
        let x = x - self.anchor;
        Self { sum: self.sum + x, squares: self.squares + x * x, ..self }
    }

    /// Sum of squared deviations from the mean of a window of `n` inputs, but for rounding.
    #[inline]
    fn spread(self, n: f64) -> f64 {
        self.squares - self.sum * self.sum / n
    }
}

/// Squared deviations of the window from its mean.
///
/// Deviations are taken from an anchor, the first input of a lap, not from zero: summing squared prices would cancel
/// nearly all digits when the spread is small against the price.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingSpread {
    sums: Squares,
    /// The same of this lap's inputs.
    lap: Squares,
    peak: f64,
}

impl RollingSpread {
    /// Sum of squared deviations from the mean of a window of `n` inputs, never negative.
    #[inline]
    pub(crate) fn get(self, n: f64) -> f64 {
        larger(self.sums.spread(n), 0.0)
    }

    /// Mean of a window of `n` inputs.
    #[inline]
    pub(crate) fn mean(self, n: f64) -> f64 {
        self.sums.anchor + self.sums.sum / n
    }

    /// The sums after `x` enters `window`; they count once that makes it full.
    #[inline]
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        let before = if window.starts_lap() { Squares { anchor: x, ..Squares::default() } } else { self.lap };
        let lap = before.with(x);
        let (sums, peak) = if window.closes_lap() {
            (lap, lap.squares)
        } else if window.is_full() {
            let Squares { anchor, sum, squares } = self.sums;
            let (new, old) = (x - anchor, window.oldest() - anchor);
            let sums = Squares { anchor, sum: (sum - old) + new, squares: (squares - old * old) + new * new };
            (sums, larger(self.peak, sums.squares))
        } else {
            return Self { lap, ..self };
        };
        if sums.spread(window.capacity() as f64) < peak * SHRUNK {
            return Self { lap, ..Self::fresh(window, x) };
        }
        Self { sums, lap, peak }
    }

    #[cold]
    fn fresh(window: &Window, x: f64) -> Self {
        // Measuring the mean from `x` makes it exact for a window of equal values: their spread is then exactly 0.
        let offset = window.iter_with(x).fold(0.0, |sum, v| sum + (v - x));
        let anchor = x + offset / window.capacity() as f64;
        let sums = Squares { anchor, ..Squares::default() };
        let sums = window.iter_with(x).fold(sums, Squares::with);
        Self { sums, lap: Squares::default(), peak: sums.squares }
    }
}
