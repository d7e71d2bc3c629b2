//! Ticks at round numbers and round times.

use qtp_core::Timestamp;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const STEPS: [i64; 14] = [
    SECOND,
    5 * SECOND,
    15 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];
const MONTH_STEPS: [i64; 9] = [1, 3, 6, 12, 24, 60, 120, 240, 600];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A place on the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeTick {
    /// When.
    pub time: Timestamp,
    /// What stands there.
    pub label: String,
    /// A new day, month or year begins here.
    pub major: bool,
}

/// Round values from `low` to `high`, about `count` of them (Heckbert 1990), and their decimals.
///
/// ```
/// use qtp_engine::report::svg::value_ticks;
/// assert_eq!(value_ticks(8.0, 41.0, 4), (vec![10.0, 20.0, 30.0, 40.0], 0));
/// ```
pub fn value_ticks(low: f64, high: f64, count: usize) -> (Vec<f64>, usize) {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return (Vec::new(), 0);
    }
    let raw = span / count.max(1) as f64;
    let power = floor_log10(raw);
    let unit = power_of_ten(power);
    let step = unit
        * match raw / unit {
            share if share < 1.5 => 1.0,
            share if share < 3.5 => 2.0,
            share if share < 7.5 => 5.0,
            _ => 10.0,
        };
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    let decimals = if step >= 1.0 { 0 } else { usize::try_from(-power).unwrap_or(0) };
    ((first..=last).take(64).map(|index| index as f64 * step).collect(), decimals)
}

/// Round times from `start` to `end`, at most `count` of them.
pub fn time_ticks(start: Timestamp, end: Timestamp, count: usize) -> Vec<TimeTick> {
    let (start, end) = (start.as_nanos(), end.as_nanos());
    let room = end.saturating_sub(start) / i64::try_from(count.max(1)).unwrap_or(1);
    if end <= start {
        return Vec::new();
    }
    match STEPS.into_iter().find(|step| *step >= room) {
        Some(step) => even_ticks(start, end, step),
        None => month_ticks(start, end, room),
    }
}

fn even_ticks(start: i64, end: i64, step: i64) -> Vec<TimeTick> {
    let first = start + (step - start.rem_euclid(step)) % step;
    let times = (0..64).map(|index| first.saturating_add(index * step)).take_while(|time| *time <= end);
    let tick = |time: i64| {
        let major = time.rem_euclid(DAY) == 0 && step < DAY;
        let stamp = Timestamp::from_nanos(time);
        let label = if major || step >= DAY {
            let (_, month, day) = stamp.date();
            format!("{day} {}", month_name(month))
        } else {
            let clock = stamp.time_of_day();
            if step < MINUTE { clock } else { clock.chars().take(5).collect() }
        };
        TimeTick { time: stamp, label, major }
    };
    times.map(tick).collect()
}

fn month_ticks(start: i64, end: i64, room: i64) -> Vec<TimeTick> {
    let wanted = room / (28 * DAY) + 1;
    let step = MONTH_STEPS.into_iter().find(|step| *step >= wanted).unwrap_or(1200);
    let (year, month, _) = Timestamp::from_nanos(start).date();
    let first = (i64::from(year) * 12 + i64::from(month) - 1).div_euclid(step) * step;
    let mut ticks = Vec::new();
    for index in 0..64 {
        let month = first + index * step;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12));
        let time = days_from_civil(year, month + 1).saturating_mul(DAY);
        if time > end {
            break;
        }
        if time >= start {
            let major = month == 0;
            let name = month_name(u32::try_from(month + 1).unwrap_or(1));
            let label = if major { year.to_string() } else { name.to_owned() };
            ticks.push(TimeTick { time: Timestamp::from_nanos(time), label, major });
        }
    }
    ticks
}

pub(crate) fn month_name(month: u32) -> &'static str {
    usize::try_from(month).ok().and_then(|month| MONTHS.get(month.checked_sub(1)?)).copied().unwrap_or("")
}

/// Days from 1970-01-01 to the first of a month (Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The power of ten at or below `value`. By comparison, so that every processor agrees.
fn floor_log10(value: f64) -> i32 {
    let mut power = 0;
    while power < 300 && power_of_ten(power + 1) <= value {
        power += 1;
    }
    while power > -300 && power_of_ten(power) > value {
        power -= 1;
    }
    power
}

fn power_of_ten(power: i32) -> f64 {
    let mut value = 1.0;
    for _ in 0..power.unsigned_abs() {
        value *= 10.0;
    }
    if power < 0 { 1.0 / value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ticks_are_round_and_few() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let labels = |from: &str, to: &str| {
            let ticks = time_ticks(time(from), time(to), 8);
            assert!(ticks.len() <= 9 && ticks.len() > 2, "{ticks:?}");
            ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        let day = labels("2024-02-28T20:10:00Z", "2024-02-29T20:10:00Z");
        assert_eq!(day, ["21:00", "29 Feb", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00"]);
        let months = labels("2023-10-15T00:00:00Z", "2024-05-20T00:00:00Z");
        assert_eq!(months, ["Nov", "Dec", "2024", "Feb", "Mar", "Apr", "May"]);
        let years = labels("1999-03-01T00:00:00Z", "2024-03-01T00:00:00Z");
        assert_eq!(years, ["2000", "2005", "2010", "2015", "2020"]);
    }

    #[test]
    fn value_ticks_survive_extreme_ranges() {
        for (low, high) in [(0.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(value_ticks(low, high, 5).0.is_empty());
        }
        assert_eq!(value_ticks(0.0, 0.0012, 4).1, 4);
        assert!(value_ticks(-1e12, 1e12, 5).0.contains(&0.0));
        assert!(value_ticks(1e15, 1e15 + 1.0, 5).0.len() <= 64);
    }
}
