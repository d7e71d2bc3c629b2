//! Wider candles from one-minute candles.

use qtp_core::{Candle, CandleParts, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// The candle of one timeframe that is being built. Intervals are aligned to UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Aggregate {
    timeframe: Timeframe,
    /// `None` before the first minute of an interval: one that began earlier is never emitted half.
    building: Option<CandleParts>,
}

impl Aggregate {
    pub(super) const fn new(timeframe: Timeframe) -> Self {
        Self { timeframe, building: None }
    }

    /// First minute that the interval around `time` needs.
    pub(super) const fn needs_from(&self, time: Timestamp) -> Timestamp {
        self.timeframe.floor(time)
    }

    /// Takes in the next minute and returns the candle that it completes.
    pub(super) fn push(&mut self, minute: &CandleParts) -> Option<Candle> {
        let start = self.timeframe.floor(minute.open_time);
        match &mut self.building {
            Some(parts) if parts.open_time == start => {
                parts.high = parts.high.max(minute.high);
                parts.low = parts.low.min(minute.low);
                parts.close = minute.close;
                parts.volume += minute.volume;
            }
            building if minute.open_time == start => {
                *building = Some(CandleParts { timeframe: self.timeframe, ..minute.clone() });
            }
            building => *building = None,
        }
        let end = start.as_nanos().saturating_add(self.timeframe.as_nanos());
        let last = minute.open_time.as_nanos().saturating_add(minute.timeframe.as_nanos());
        if last < end {
            return None;
        }
        self.building.take().and_then(|parts| Candle::new(parts).ok())
    }
}
