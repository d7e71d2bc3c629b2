//! Labels below the candles: one stands where a year, month, day, hour or minute begins, the largest first.

use qtp_core::Timestamp;

use crate::report::svg::month_name;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Weights of instants within a day: the largest of these widths that begins there.
const WIDTHS: [(i64, u8); 11] = [
    (12 * 3600, 18),
    (6 * 3600, 17),
    (3 * 3600, 16),
    (3600, 15),
    (1800, 14),
    (900, 13),
    (300, 12),
    (60, 11),
    (30, 10),
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
    let mut before = times.first().map(|first| {
        let step = times.get(1).map_or(SECOND, |second| second.as_nanos() - first.as_nanos());
        Timestamp::from_nanos(first.as_nanos().saturating_sub(step))
    });
    for (index, time) in times.iter().enumerate() {
        if let Some(weight) = before.and_then(|before| weight(before, *time)) {
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
    let finest = taken.iter().map(|(_, weight)| class(*weight)).min().unwrap_or(0);
    let mark = |(index, weight): (usize, u8)| {
        let time = *times.get(index)?;
        let strong = class(weight) > finest;
        Some(TimeMark { index, label: label(time, weight), strong })
    };
    taken.into_iter().filter_map(mark).collect()
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
            if weight <= 10 { clock } else { clock.chars().take(5).collect() }
        }
    }
}
