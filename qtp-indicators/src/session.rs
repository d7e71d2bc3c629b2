//! Calendar sessions in UTC.

use serde::{Deserialize, Serialize};

/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;
/// Nanoseconds of a day.
const DAY: i64 = 24 * HOUR;

/// A span of the calendar in UTC, after which something starts afresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Session {
    /// From midnight to midnight.
    #[default]
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the first of the next.
    Month,
    /// From full hour to full hour.
    Hour,
}

impl Session {
    /// Every session with its name in a spec, the default first.
    pub const NAMES: [&str; 4] = ["day", "week", "month", "hour"];
    const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Hour];

    pub(crate) fn at(index: usize) -> Self {
        Self::ALL.get(index).copied().unwrap_or_default()
    }

    /// Returns a number that is the same for all times of one session; `open_time` is in nanoseconds since 1970-01-01.
    ///
    /// ```
    /// use qtp_indicators::Session;
    ///
    /// let hours = |n: i64| n * 3_600_000_000_000;
    /// assert_eq!(Session::Day.number(hours(23)), Session::Day.number(hours(0)));
    /// assert_ne!(Session::Day.number(hours(24)), Session::Day.number(hours(0)));
    /// // 1970-01-01 was a Thursday.
    /// assert_eq!(Session::Week.number(hours(95)), Session::Week.number(hours(0)));
    /// assert_ne!(Session::Week.number(hours(96)), Session::Week.number(hours(0)));
    /// ```
    #[must_use]
    pub fn number(self, open_time: i64) -> i64 {
        match self {
            Self::Hour => open_time.div_euclid(HOUR),
            Self::Day => open_time.div_euclid(DAY),
            Self::Week => (open_time.div_euclid(DAY) + 3).div_euclid(7),
            Self::Month => month(open_time.div_euclid(DAY)),
        }
    }
}

/// Months since the year 0, from days since 1970-01-01.
///
/// Counted in years that begin in March, so that the leap day comes last (H. Hinnant, *chrono-compatible low-level date
/// algorithms*).
fn month(days: i64) -> i64 {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    (era * 400 + year_of_era) * 12 + march_month + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_change_on_their_first_day() {
        // 1970-01-31, 1970-02-01, 2000-02-29, 2000-03-01, 2023-12-31, 2024-01-01.
        let months = [30, 31, 11_016, 11_017, 19_722, 19_723].map(month);
        assert_eq!(months.map(|m| m.rem_euclid(12) + 1), [1, 2, 2, 3, 12, 1]);
        assert_eq!(months.map(|m| m.div_euclid(12)), [1970, 1970, 2000, 2000, 2023, 2024]);
    }
}
