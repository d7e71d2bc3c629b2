//! Wall time in New York, which US stocks keep.

use qtp_core::Timestamp;

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// The instant at which a clock in New York shows this date and these seconds since midnight. In the hour that a spring
/// leaves out it is the later reading, in the one that autumn repeats the first. Rules of 1987 and of 2007.
pub(crate) fn new_york((year, month, day): (i32, u32, u32), seconds: i64) -> Option<Timestamp> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=DAY).contains(&seconds) {
        return None;
    }
    let wall = days(year, month, day) * DAY + seconds;
    // Clocks change at 2:00 of the wall, into summer in the first pair and out of it in the second.
    let ((first_month, first_week), (last_month, last_week)) =
        if year >= 2007 { ((3, 2), (11, 1)) } else { ((4, 1), (10, 0)) };
    let begins = sunday(year, first_month, first_week) * DAY + 2 * HOUR;
    let ends = sunday(year, last_month, last_week) * DAY + 2 * HOUR;
    let offset = if (begins..ends).contains(&wall) { 4 * HOUR } else { 5 * HOUR };
    Some(Timestamp::from_secs(wall + offset))
}

/// Reads `2024-01-31`.
pub(crate) fn date(text: &str) -> Option<(i32, u32, u32)> {
    let mut parts = text.splitn(3, '-');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Reads `09:30`, `0930` or `09:30:00` as seconds since midnight.
pub(crate) fn time_of_day(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |part| part.parse::<i64>().ok());
    let (hour, minute, second) = (part(0)?, part(2)?, part(4)?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * HOUR + minute * 60 + second)
}

/// Day number of the `week`-th Sunday of a month; of the last one for 0.
fn sunday(year: i32, month: u32, week: u32) -> i64 {
    if week == 0 {
        let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let first = days(next_year, next_month, 1);
        // The last Sunday before the next month.
        return first - 1 - (first - 1 + 4).rem_euclid(7);
    }
    let first = days(year, month, 1);
    // Day 0 was a Thursday.
    let until = (7 - (first + 4).rem_euclid(7)) % 7;
    first + until + i64::from(week - 1) * 7
}

/// Days since 1970-01-01 of a Gregorian date.
fn days(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let (era, month) = (year.div_euclid(400), i64::from(month));
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_in_new_york_follow_the_changes_of_the_clock() {
        for (day, time, expected) in [
            ("2024-01-02", "09:30", "2024-01-02T14:30:00Z"),
            ("2024-03-08", "16:00", "2024-03-08T21:00:00Z"),
            ("2024-03-11", "16:00", "2024-03-11T20:00:00Z"),
            ("2024-11-01", "0930", "2024-11-01T13:30:00Z"),
            ("2024-11-04", "0930", "2024-11-04T14:30:00Z"),
            ("2006-10-27", "16:00:00", "2006-10-27T20:00:00Z"),
            ("2006-10-30", "16:00:00", "2006-10-30T21:00:00Z"),
            ("2006-03-20", "16:00:00", "2006-03-20T21:00:00Z"),
            ("2006-04-03", "16:00:00", "2006-04-03T20:00:00Z"),
            ("2000-02-29", "00:00", "2000-02-29T05:00:00Z"),
        ] {
            let instant = new_york(date(day).unwrap(), time_of_day(time).unwrap()).unwrap();
            assert_eq!(instant, expected.parse().unwrap(), "{day} {time}");
        }
        assert_eq!((date("2024-1"), time_of_day("9:30"), time_of_day("2460")), (None, None, None));
        assert_eq!(new_york((2024, 13, 1), 0), None);
    }
}
