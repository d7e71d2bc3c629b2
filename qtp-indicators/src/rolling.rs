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
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RollingWeightedSum {
    weighted: f64,
    plain: f64,
    peak: f64,
}

impl RollingWeightedSum {
    pub(crate) fn get(self) -> f64 {
        self.weighted
    }

    /// The sum without weights.
    pub(crate) fn plain(self) -> f64 {
        self.plain
    }

    /// The sums after `x` enters `window`.
    pub(crate) fn slide(self, window: &Window, x: f64) -> Self {
        if !window.is_full() {
            let weighted = self.weighted + x * (window.len() + 1) as f64;
            return Self { weighted, plain: self.plain + x, peak: self.peak.max(weighted.abs()) };
        }
        // Taking the plain sum away lowers every weight by one, which drops the oldest input.
        let weighted = (self.weighted - self.plain) + x * window.capacity() as f64;
        let peak = self.peak.max(weighted.abs());
        if window.closes_lap() || weighted.abs() < peak * SHRUNK {
            let mut fresh = Self::default();
            for (i, v) in window.iter_with(x).enumerate() {
                fresh.weighted += v * (i + 1) as f64;
                fresh.plain += v;
            }
            return Self { peak: fresh.weighted.abs(), ..fresh };
        }
        Self { weighted, plain: (self.plain - window.oldest()) + x, peak }
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
