//! The fall from a peak.

use qtp_core::Timestamp;
use serde::{Deserialize, Serialize};

/// A fall from a peak to a trough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Drawdown {
    /// Share of the peak: from 0 to 1, above 1 if equity went below zero.
    pub fraction: f64,
    /// The same fall in money.
    pub value: f64,
    /// When the peak stood.
    pub peak_time: Timestamp,
    /// When the trough stood.
    pub trough_time: Timestamp,
}

/// Finds the deepest fall with one comparison a mark: only a mark below `alarm` can be a deeper one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DrawdownTracker {
    peak: f64,
    peak_time: Timestamp,
    alarm: f64,
    worst: Drawdown,
}

impl DrawdownTracker {
    pub(super) fn new(start: Timestamp, initial: f64) -> Self {
        let worst = Drawdown { peak_time: start, trough_time: start, ..Drawdown::default() };
        Self { peak: initial, peak_time: start, alarm: initial, worst }
    }

    /// True if this mark is the deepest so far.
    #[inline]
    pub(super) fn on_mark(&mut self, time: Timestamp, value: f64) -> bool {
        if value > self.peak {
            self.peak = value;
            self.peak_time = time;
            self.alarm = value - value * self.worst.fraction;
            return false;
        }
        value < self.alarm && self.deepen(time, value)
    }

    pub(super) const fn worst(&self) -> Drawdown {
        self.worst
    }

    fn deepen(&mut self, time: Timestamp, value: f64) -> bool {
        self.alarm = value;
        let fraction = if self.peak > 0.0 { (self.peak - value) / self.peak } else { 0.0 };
        if fraction > self.worst.fraction {
            let value = self.peak - value;
            self.worst = Drawdown { fraction, value, peak_time: self.peak_time, trough_time: time };
        }
        true
    }
}
