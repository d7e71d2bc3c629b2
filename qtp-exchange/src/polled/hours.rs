//! When something is traded.

use qtp_core::{InstrumentId, InstrumentKind, Timestamp};

use crate::native::new_york::new_york;

const DAY: i64 = 86_400;
/// Regular trading in New York, in seconds since midnight.
const SESSION: (i64, i64) = (34_200, 57_600);

/// When an instrument is traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// Around the clock.
    Always,
    /// From 9:30 to 16:00 in New York, Monday to Friday. Holidays count as open: then nothing comes.
    NewYork,
}

impl Hours {
    /// New York's for a ticker alone, such as `AAPL@yahoo`; a pair, and a ticker with its exchange (`7203.T`), around the
    /// clock.
    pub fn of(instrument: &InstrumentId) -> Self {
        let stock = instrument.kind() == InstrumentKind::Stock && !instrument.symbol().contains('.');
        if stock { Self::NewYork } else { Self::Always }
    }

    /// True if there is trading at some instant from `from` on and before `to`.
    pub fn any_between(self, from: Timestamp, to: Timestamp) -> bool {
        from < to && (self == Self::Always || self.next_open(from) < to)
    }

    /// The first instant of trading from `time` on.
    pub fn next_open(self, time: Timestamp) -> Timestamp {
        if self == Self::Always {
            return time;
        }
        // A session lies within one day of UTC; no more than two days in a row have none.
        let days = (0..4).map(|ahead| Timestamp::from_secs(time.as_secs().saturating_add(ahead * DAY)));
        let sessions = days.filter_map(session);
        let open = sessions.filter(|(_, close)| *close > time).map(|(open, _)| open.max(time)).next();
        open.unwrap_or(time)
    }
}

/// Regular trading on the UTC day of an instant.
fn session(time: Timestamp) -> Option<(Timestamp, Timestamp)> {
    // Day 0 was a Thursday.
    let weekday = (time.as_secs().div_euclid(DAY) + 4).rem_euclid(7);
    if matches!(weekday, 0 | 6) {
        return None;
    }
    let date = time.date();
    Some((new_york(date, SESSION.0)?, new_york(date, SESSION.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn nights_weekends_and_the_change_of_clocks_are_kept() {
        for (time, open) in [
            ("2024-01-05T14:29:59Z", "2024-01-05T14:30:00Z"),
            ("2024-01-05T20:59:59Z", "2024-01-05T20:59:59Z"),
            ("2024-01-05T21:00:00Z", "2024-01-08T14:30:00Z"),
            ("2024-03-08T21:00:00Z", "2024-03-11T13:30:00Z"),
        ] {
            assert_eq!(Hours::NewYork.next_open(at(time)), at(open), "{time}");
        }
        let between = |from, to| Hours::NewYork.any_between(at(from), at(to));
        assert!(!between("2024-01-05T21:00:00Z", "2024-01-08T14:30:00Z"));
        assert!(between("2024-01-05T21:00:00Z", "2024-01-08T14:30:01Z"));
        assert!(between("2024-01-05T20:30:00Z", "2024-01-05T21:30:00Z"));
    }

    #[test]
    fn hours_follow_from_the_form_of_an_id() {
        let of = |id: &str| Hours::of(&id.parse().unwrap());
        assert_eq!(
            [of("AAPL@yahoo"), of("BTC-USD@yahoo"), of("7203.T@yahoo")],
            [Hours::NewYork, Hours::Always, Hours::Always]
        );
    }
}
