//! Smallest and largest of the last `n` inputs.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Two monotonic queues over a sliding window: amortised O(1) an input, no allocation once made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extremes {
    period: u64,
    taken: u64,
    /// Candidates with the count at which they came, values falling from front to back.
    high: VecDeque<(u64, f64)>,
    /// The same with values rising.
    low: VecDeque<(u64, f64)>,
}

impl Extremes {
    /// Looks over `period` inputs, at least 1.
    pub(crate) fn new(period: usize) -> Self {
        let queue = || VecDeque::with_capacity(period + 1);
        Self { period: period.max(1) as u64, taken: 0, high: queue(), low: queue() }
    }

    /// (smallest, largest) of the window that ends with `x`; `None` until that is full.
    pub(crate) fn with(&self, x: f64) -> Option<(f64, f64)> {
        let first = (self.taken + 1).checked_sub(self.period)?;
        // Only the front can have left the window since the last input.
        let front = |queue: &VecDeque<(u64, f64)>| {
            queue.iter().take(2).find(|(at, _)| *at >= first).map_or(x, |(_, value)| *value)
        };
        Some((front(&self.low).min(x), front(&self.high).max(x)))
    }

    pub(crate) fn push(&mut self, x: f64) {
        let first = (self.taken + 1).saturating_sub(self.period);
        slide(&mut self.high, first, |value| value <= x);
        slide(&mut self.low, first, |value| value >= x);
        self.high.push_back((self.taken, x));
        self.low.push_back((self.taken, x));
        self.taken += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.taken = 0;
        self.high.clear();
        self.low.clear();
    }
}

/// Drops what has left the window, and what the new input outdoes for good.
fn slide(queue: &mut VecDeque<(u64, f64)>, first: u64, outdone: impl Fn(f64) -> bool) {
    while queue.front().is_some_and(|(at, _)| *at < first) {
        queue.pop_front();
    }
    while queue.back().is_some_and(|(_, value)| outdone(*value)) {
        queue.pop_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_equal_a_scan_of_the_window() {
        let series: Vec<f64> = (0_u32..200).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 24)).collect();
        for period in [1, 2, 3, 7, 50] {
            let mut extremes = Extremes::new(period);
            for (i, x) in series.iter().enumerate() {
                let window = (i + 1).checked_sub(period).map(|first| &series[first..=i]);
                let fold = |f: fn(f64, f64) -> f64| window.map(|w| w.iter().copied().fold(*x, f));
                assert_eq!(extremes.with(*x), fold(f64::min).zip(fold(f64::max)), "{period} at {i}");
                extremes.push(*x);
            }
        }
    }
}
