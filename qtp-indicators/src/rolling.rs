//! Sums over a sliding window whose rounding error stays bounded however long the series.
//!
//! A running sum gains one rounding error per update, and a large value that has left the window leaves its error
//! behind. Each sum here is therefore taken afresh from the window once per lap of the ring (amortised O(1)), and
//! also as soon as it has shrunk below [`SHRUNK`] of its peak since the last fresh sum. So at most `n` updates'
//! rounding, none larger than `1 / SHRUNK` units in the last place of the result, is ever in an output.
//!
//! Each `slide` is a pure function of the old sums, the window and the new input: `peek` and `update` share it.

use serde::{Deserialize, Serialize};

use crate::window::Window;

/// A sum below this share of its peak has lost four decimal digits to what was subtracted since.
const SHRUNK: f64 = 1e-4;

/// Sum of the window.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingSum {
    sum: f64,
    peak: f64,
}

impl RollingSum {
    pub(crate) fn get(self) -> f64 {
        self.sum
    }

    /// The sum after `x` enters `window` (and the oldest leaves it when full).
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        let sum = if window.is_full() { (self.sum - window.oldest()) + x } else { self.sum + x };
        let peak = self.peak.max(sum.abs());
        if window.is_full() && (window.closes_lap() || sum.abs() < peak * SHRUNK) {
            let sum = window.iter_with(x).fold(0.0, |sum, v| sum + v);
            return Self { sum, peak: sum.abs() };
        }
        Self { sum, peak }
    }
}

/// Linearly weighted sum of the window: the newest input weighs `n`, the oldest 1.
///
/// Deviations from an anchor are summed, the input with which the last fresh sum was taken: a slope is then as exact
/// far from zero as near it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingWeightedSum {
    anchor: f64,
    weighted: f64,
    plain: f64,
}

impl RollingWeightedSum {
    /// The weighted sum of the deviations.
    pub(crate) fn weighted(self) -> f64 {
        self.weighted
    }

    pub(crate) fn anchor(self) -> f64 {
        self.anchor
    }

    /// The sums after `x` enters `window`.
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        if !window.is_full() {
            // They start once the window is full.
            return if window.fills() { Self::fresh(window, x) } else { self };
        }
        let (n, oldest) = (window.capacity() as f64, window.oldest());
        let weighted = (self.weighted - self.plain) + (x - self.anchor) * n;
        let level = self.anchor * (n * (n + 1.0) * 0.5);
        let stale = (weighted + level).abs() < level.abs().max(weighted.abs()) * SHRUNK;
        let left = (oldest - self.anchor).abs() * n * SHRUNK > weighted.abs() + level.abs();
        if window.closes_lap() || stale || left {
            return Self::fresh(window, x);
        }
        Self { weighted, plain: (self.plain - oldest) + x, ..self }
    }

    fn fresh(window: &Window, x: f64) -> Self {
        let mut fresh = Self { anchor: x, ..Self::default() };
        for (i, v) in window.iter_with(x).enumerate() {
            let deviation = v - x;
            fresh.weighted += deviation * (i + 1) as f64;
            fresh.plain += deviation;
        }
        fresh
    }
}

/// Squared deviations of the window from its mean.
///
/// Deviations are taken from an anchor, the mean at the last fresh sum, not from zero: summing squared prices would
/// cancel nearly all digits when the spread is small against the price.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingSpread {
    anchor: f64,
    sum: f64,
    squares: f64,
    peak: f64,
}

impl RollingSpread {
    /// Sum of squared deviations from the mean of a window of `n` inputs, never negative.
    pub(crate) fn get(self, n: usize) -> f64 {
        (self.squares - self.sum * self.sum / n as f64).max(0.0)
    }

    /// The sums after `x` enters `window`; they start once that makes it full.
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        if !window.is_full() {
            return if window.fills() { Self::fresh(window, x) } else { self };
        }
        let (new, old) = (x - self.anchor, window.oldest() - self.anchor);
        let next =
            Self { sum: (self.sum - old) + new, squares: (self.squares - old * old) + new * new, ..self };
        let peak = self.peak.max(next.squares);
        if window.closes_lap() || next.get(window.capacity()) < peak * SHRUNK {
            return Self::fresh(window, x);
        }
        Self { peak, ..next }
    }

    fn fresh(window: &Window, x: f64) -> Self {
        // Measuring the mean from `x` makes it exact for a window of equal values: their spread is then exactly 0.
        let offset = window.iter_with(x).fold(0.0, |sum, v| sum + (v - x));
        let anchor = x + offset / window.capacity() as f64;
        let (sum, squares) = window.iter_with(x).fold((0.0, 0.0), |(sum, squares), v| {
            let deviation = v - anchor;
            (sum + deviation, squares + deviation * deviation)
        });
        Self { anchor, sum, squares, peak: squares }
    }
}
