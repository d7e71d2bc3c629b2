//! What must hold for an entry beside its condition.

use qtp_core::{Candle, Hours, Weekday};
use qtp_indicators::expression::{Evaluator, Handle};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) hours: Option<Hours>,
    pub(super) weekdays: Vec<Weekday>,
    /// Value, smallest, largest.
    pub(super) within: Vec<(Handle, Option<f64>, Option<f64>)>,
    pub(super) cooldown: u32,
}

impl Filter {
    /// `flat`: closes since the last position ended.
    pub(super) fn passes(&self, candle: &Candle, values: &Evaluator, flat: Option<u32>) -> bool {
        let second = candle.close_time().as_secs();
        let rested = flat.is_none_or(|flat| flat > self.cooldown);
        let in_hours = self.hours.is_none_or(|hours| inside(hours, second.rem_euclid(DAY) / HOUR));
        let on_day = self.weekdays.is_empty() || self.weekdays.contains(&weekday(second));
        rested && in_hours && on_day && self.within.iter().all(|bounds| is_within(values, bounds))
    }
}

fn is_within(values: &Evaluator, (value, min, max): &(Handle, Option<f64>, Option<f64>)) -> bool {
    values
        .number(*value)
        .is_some_and(|value| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max))
}

fn inside(hours: Hours, hour: i64) -> bool {
    let (from, to) = (i64::from(hours.from), i64::from(hours.to));
    if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
}

/// The UTC day of a second since 1970-01-01, a Thursday.
fn weekday(second: i64) -> Weekday {
    match (second.div_euclid(DAY) + 3).rem_euclid(7) {
        0 => Weekday::Monday,
        1 => Weekday::Tuesday,
        2 => Weekday::Wednesday,
        3 => Weekday::Thursday,
        4 => Weekday::Friday,
        5 => Weekday::Saturday,
        _ => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_may_go_around_midnight() {
        let day = Hours { from: 8, to: 20 };
        let night = Hours { from: 22, to: 4 };
        let of = |hours| (0..24).filter(|hour| inside(hours, *hour)).collect::<Vec<_>>();
        assert_eq!(of(day), (8..20).collect::<Vec<_>>());
        assert_eq!(of(night), [0, 1, 2, 3, 22, 23]);
        assert_eq!(of(Hours { from: 0, to: 24 }).len(), 24);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(weekday(0), Weekday::Thursday);
        assert_eq!(weekday(-1), Weekday::Wednesday);
        // 2024-02-29 12:00 UTC
        assert_eq!(weekday(1_709_208_000), Weekday::Thursday);
        assert_eq!(weekday(1_709_208_000 + 3 * DAY), Weekday::Sunday);
    }
}
