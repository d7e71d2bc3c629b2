//! Where candles begin and end.

use std::time::Duration;

use qtp_core::{Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SpecError;

const DAY: i64 = 86_400_000_000_000;
const WEEK: i64 = 7 * DAY;

/// The first Monday after 1970-01-01, a Thursday.
const MONDAY: i64 = 4 * DAY;

/// One trading session: open inclusive, close exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// First instant of trading.
    pub open: Timestamp,
    /// First instant after trading.
    pub close: Timestamp,
}

/// What candles are aligned to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// Whole multiples of the width since 1970-01-01 UTC; weeks start on Monday.
    #[default]
    Utc,
    /// As `Utc`, with days that start so long after UTC midnight. A width that does not divide a day starts afresh with
    /// each day, whose last candle is then shorter.
    DailyAt(Duration),
    /// An exchange's sessions in order, holidays left out and daylight saving applied. Candles start with the session's
    /// open and end with its close at the latest; widths of a day and more are one candle a session.
    Sessions(Vec<Session>),
}

/// An alignment and a width, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grid {
    alignment: Alignment,
    timeframe: Timeframe,
}

/// A candle's place: first instant, first instant after it.
pub(super) type Bucket = (i64, i64);

impl Grid {
    pub(super) fn new(alignment: Alignment, timeframe: Timeframe) -> Result<Self, SpecError> {
        let refused = |reason: &str| Err(SpecError::Input { reason: reason.to_owned() });
        match &alignment {
            Alignment::Utc => {}
            Alignment::DailyAt(offset) if offset.as_nanos() >= DAY as u128 => {
                return refused("a day starts less than a day after UTC midnight");
            }
            Alignment::DailyAt(_) => {}
            Alignment::Sessions(sessions) => {
                let ordered = sessions.windows(2).all(|pair| pair[0].close <= pair[1].open);
                if !ordered || sessions.iter().any(|session| session.open >= session.close) {
                    return refused("sessions must be in order, not overlap and close after they open");
                }
            }
        }
        Ok(Self { alignment, timeframe })
    }

    /// The candle that holds an instant; `None` outside the sessions.
    pub(super) fn bucket(&self, time: i64) -> Option<Bucket> {
        match &self.alignment {
            Alignment::Utc => Some(self.aligned(time, 0)),
            Alignment::DailyAt(offset) => {
                let offset = i64::try_from(offset.as_nanos()).unwrap_or(0);
                if self.width() >= DAY || DAY % self.width() == 0 {
                    return Some(self.aligned(time, offset));
                }
                let day = time.saturating_sub(time.saturating_sub(offset).rem_euclid(DAY));
                Some(self.within(time, day, day.saturating_add(DAY)))
            }
            Alignment::Sessions(sessions) => {
                let next = sessions.partition_point(|session| session.open.as_nanos() <= time);
                let session = sessions.get(next.checked_sub(1)?)?;
                let (open, close) = (session.open.as_nanos(), session.close.as_nanos());
                (time < close).then(|| self.within(time, open, close))
            }
        }
    }

    /// The first instant at or after `time` for which data is expected; `None` after the last session.
    pub(super) fn expected(&self, time: i64) -> Option<i64> {
        let Alignment::Sessions(sessions) = &self.alignment else { return Some(time) };
        let next = sessions.partition_point(|session| session.close.as_nanos() <= time);
        sessions.get(next).map(|session| session.open.as_nanos().max(time))
    }

    pub(super) const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    fn width(&self) -> i64 {
        self.timeframe.as_nanos()
    }

    fn aligned(&self, time: i64, offset: i64) -> Bucket {
        let anchor = if self.width() % WEEK == 0 { MONDAY + offset } else { offset };
        let start = time.saturating_sub(time.saturating_sub(anchor).rem_euclid(self.width()));
        (start, start.saturating_add(self.width()))
    }

    fn within(&self, time: i64, open: i64, close: i64) -> Bucket {
        if self.width() >= DAY {
            return (open, close);
        }
        let start = time - (time - open) % self.width();
        (start, start.saturating_add(self.width()).min(close))
    }
}
