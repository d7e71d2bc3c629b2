//! Labels below the candles: one stands where a year, month, day, hour or minute begins, the largest first.

use qtp_core::Timestamp;

use crate::report::svg::month_name;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Weights of instants within a day: the largest of these widths that begins there.
const WIDTHS: [(i64, u8); 12] = [
    (12 * 3600, 19),
    (6 * 3600, 18),
    (3 * 3600, 17),
    (3600, 16),
    (1800, 15),
    (900, 14),
    (300, 13),
    (60, 12),
    (30, 11),
    (15, 10),
    (5, 9),
    (1, 8),
];
const YEAR: u8 = 40;
const MONTH: u8 = 30;
/// Days 11 and 21 stand before other days, so that days of a month are evenly spread.
const WEEK: u8 = 22;
const ANY_DAY: u8 = 20;

/// A label of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeMark {
    /// Which candle.
    pub(super) index: usize,
    /// What stands there.
    pub(super) label: String,
    /// Whether a larger unit than that of most labels begins here.
    pub(super) strong: bool,
}

/// Labels at least `apart` candles from each other, oldest first.
pub(super) fn time_marks(times: &[Timestamp], apart: usize) -> Vec<TimeMark> {
    let mut weighed: Vec<(u8, usize)> = Vec::new();
    let pairs = times.iter().zip(times.iter().skip(1));
    let step = pairs.map(|(a, b)| b.as_nanos() - a.as_nanos()).min().unwrap_or(SECOND).max(1);
    let mut before = times.first().map(|first| Timestamp::from_nanos(first.as_nanos().saturating_sub(step)));
    for (index, time) in times.iter().enumerate() {
        let weight = before.and_then(|before| weight(before, *time));
        if let Some(weight) = weight.filter(|weight| regular(*weight, step, apart)) {
            weighed.push((weight, index));
        }
        before = Some(*time);
    }
    weighed.sort_by_key(|(weight, index)| (u8::MAX - weight, *index));
    let mut taken: Vec<(usize, u8)> = Vec::new();
    for (weight, index) in weighed {
        let place = taken.partition_point(|(other, _)| *other < index);
        let left = place.checked_sub(1).and_then(|left| taken.get(left));
        let near =
            |other: Option<&(usize, u8)>| other.is_some_and(|(at, _)| at.abs_diff(index) < apart.max(1));
        if !near(left) && !near(taken.get(place)) {
            taken.insert(place, (index, weight));
        }
    }
    let finest = most_frequent(taken.iter().map(|(_, weight)| class(*weight)));
    // Days between months that happen to leave room for one would only confuse.
    taken.retain(|(_, weight)| class(*weight) >= finest);
    let mark = |(index, weight): (usize, u8)| {
        let time = *times.get(index)?;
        let strong = class(weight) > finest;
        Some(TimeMark { index, label: label(time, weight), strong })
    };
    taken.into_iter().filter_map(mark).collect()
}

/// Whether labels of a weight can stand in a row. Those that only now and then fall into a gap between larger ones, such
/// as 01:50 behind 01:00, would make an uneven axis.
fn regular(weight: u8, step: i64, apart: usize) -> bool {
    let width = WIDTHS.into_iter().find(|(_, of)| *of == weight).map(|(width, _)| width * SECOND);
    // A few days in a row are even enough: tens of days are few.
    let width = if weight == ANY_DAY { Some(5 * DAY) } else { width };
    width.is_none_or(|width| width / step >= i64::try_from(apart).unwrap_or(i64::MAX))
}

/// The class of most labels, the smaller one of equals.
fn most_frequent(classes: impl Iterator<Item = u8>) -> u8 {
    let mut counts = [0_usize; 4];
    for class in classes {
        if let Some(count) = counts.get_mut(usize::from(class)) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    (0..).zip(counts).find(|(_, count)| *count == most).map_or(0, |(class, _)| class)
}

/// What begins between two instants.
fn weight(before: Timestamp, now: Timestamp) -> Option<u8> {
    let (old, new) = (before.date(), now.date());
    if old.0 != new.0 {
        return Some(YEAR);
    }
    if old.1 != new.1 {
        return Some(MONTH);
    }
    let (from, to) = (before.as_nanos(), now.as_nanos());
    if from.div_euclid(DAY) != to.div_euclid(DAY) {
        let tenth = |day: u32| day.saturating_sub(1).min(29) / 10;
        return Some(if tenth(old.2) == tenth(new.2) { ANY_DAY } else { WEEK });
    }
    let begins = |width: i64| from.div_euclid(width * SECOND) != to.div_euclid(width * SECOND);
    WIDTHS.into_iter().find(|(width, _)| begins(*width)).map(|(_, weight)| weight)
}

const fn class(weight: u8) -> u8 {
    match weight {
        YEAR => 3,
        MONTH => 2,
        ANY_DAY..MONTH => 1,
        _ => 0,
    }
}

fn label(time: Timestamp, weight: u8) -> String {
    let (year, month, day) = time.date();
    match class(weight) {
        3 => year.to_string(),
        2 => month_name(month).to_owned(),
        1 => day.to_string(),
        _ => {
            let clock = time.time_of_day();
            if weight <= 11 { clock } else { clock.chars().take(5).collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(start: &str, step: i64, count: i64, apart: usize) -> Vec<String> {
        let start: Timestamp = start.parse().unwrap();
        let times: Vec<_> =
            (0..count).map(|index| Timestamp::from_secs(start.as_secs() + index * step)).collect();
        let marks = time_marks(&times, apart);
        assert!(marks.windows(2).all(|pair| pair[1].index - pair[0].index >= apart), "{marks:?}");
        marks
            .into_iter()
            .map(|mark| if mark.strong { format!("*{}", mark.label) } else { mark.label })
            .collect()
    }

    #[test]
    fn labels_go_from_seconds_to_years_with_the_candles() {
        assert_eq!(
            labels("2024-02-28T23:59:30Z", 1, 70, 10),
            ["23:59:30", "23:59:45", "*29", "00:00:15", "00:00:30"]
        );
        assert_eq!(labels("2024-02-28T22:00:00Z", 60, 240, 50), ["22:00", "23:00", "*29", "01:00"]);
        assert_eq!(labels("2024-02-26T00:00:00Z", 3600, 96, 12)[..4], ["*26", "12:00", "*27", "12:00"]);
        assert_eq!(labels("2024-01-15T00:00:00Z", 86_400, 60, 10), ["21", "*Feb", "11", "*Mar", "11"]);
        assert_eq!(labels("2023-11-15T00:00:00Z", 86_400, 150, 28), ["Dec", "*2024", "Feb", "Mar", "Apr"]);
        assert_eq!(
            labels("2015-11-15T00:00:00Z", 7 * 86_400, 300, 50),
            ["2016", "2017", "2018", "2019", "2020", "2021"]
        );
    }

    #[test]
    fn one_candle_has_at_most_one_label() {
        assert_eq!(labels("2024-01-01T00:00:00Z", 60, 1, 10), ["2024"]);
        assert!(labels("2024-01-01T00:00:00Z", 60, 0, 10).is_empty());
    }
}
