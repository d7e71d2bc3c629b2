//! One-minute candles of a coin, and wider ones made of them.

use std::collections::VecDeque;

use qtp_core::{Candle, Decimal, Timestamp};
use serde_json::{Value, json};

use super::super::number;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// Minutes that are kept: two weeks.
const KEPT: usize = 20_160;
/// Candles that one request brings at most.
const ANSWERED: usize = 5_000;

/// The year 9999, in milliseconds: no date is later.
const LAST: i64 = 253_402_300_799_000;

/// Intervals by their names, in milliseconds; a month stands for 0.
const INTERVALS: [(&str, i64); 14] = [
    ("1m", MINUTE),
    ("3m", 3 * MINUTE),
    ("5m", 5 * MINUTE),
    ("15m", 15 * MINUTE),
    ("30m", 30 * MINUTE),
    ("1h", 60 * MINUTE),
    ("2h", 120 * MINUTE),
    ("4h", 240 * MINUTE),
    ("8h", 480 * MINUTE),
    ("12h", 720 * MINUTE),
    ("1d", DAY),
    ("3d", 3 * DAY),
    ("1w", 7 * DAY),
    ("1M", 0),
];

/// Prices and volume of an interval; times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sim_server) struct Bar {
    pub open_time: i64,
    pub open: Decimal,
    pub high: Decimal,
    pub low: Decimal,
    pub close: Decimal,
    pub volume: Decimal,
    pub trades: u64,
}

impl Bar {
    const fn first(open_time: i64, price: Decimal) -> Self {
        Self {
            open_time,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Decimal::ZERO,
            trades: 0,
        }
    }

    fn add(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.trades += later.trades;
    }
}

/// The minutes of one coin, oldest first.
#[derive(Debug, Default)]
pub(in crate::sim_server) struct Candles {
    minutes: VecDeque<Bar>,
}

impl Candles {
    /// A print.
    pub(super) fn print(&mut self, time: Timestamp, price: Decimal, size: Decimal) {
        let open_time = floor(time.as_millis(), MINUTE);
        if self.minutes.back().is_none_or(|bar| bar.open_time != open_time) {
            self.push(Bar::first(open_time, price));
        }
        if let Some(bar) = self.minutes.back_mut() {
            bar.add(&Bar { volume: size, trades: 1, ..Bar::first(open_time, price) });
        }
    }

    /// A candle of the past, in minutes: one that is wider lies in its first minute.
    pub(super) fn remember(&mut self, candle: &Candle) {
        self.push(Bar {
            open_time: floor(candle.open_time().as_millis(), MINUTE),
            open: candle.open().get(),
            high: candle.high().get(),
            low: candle.low().get(),
            close: candle.close().get(),
            volume: candle.volume().get(),
            trades: 1 + u64::from(number::mix(candle.open_time().as_nanos().unsigned_abs()) as u8),
        });
    }

    fn push(&mut self, bar: Bar) {
        if self.minutes.len() >= KEPT {
            self.minutes.pop_front();
        }
        self.minutes.push_back(bar);
    }

    /// Candles whose interval meets `[from, to]` (milliseconds), the newest if there are too many; `None` for an
    /// unknown interval.
    pub(in crate::sim_server) fn between(&self, interval: &str, from: i64, to: i64) -> Option<Vec<Bar>> {
        let from = start_of(interval, from.clamp(0, LAST))?;
        let mut bars: Vec<Bar> = Vec::new();
        let first = self.minutes.partition_point(|bar| bar.open_time < from);
        for minute in self.minutes.range(first..) {
            let open_time = start_of(interval, minute.open_time)?;
            // A candle that begins in time is brought whole.
            if open_time > to {
                break;
            }
            match bars.last_mut() {
                Some(last) if last.open_time == open_time => last.add(minute),
                _ => bars.push(Bar { open_time, ..*minute }),
            }
        }
        bars.drain(..bars.len().saturating_sub(ANSWERED));
        Some(bars)
    }

    /// Candles that began at `since` (milliseconds) or still grew then.
    pub(in crate::sim_server) fn grown_since(&self, interval: &str, since: i64) -> Vec<Bar> {
        self.between(interval, since, i64::MAX).unwrap_or_default()
    }

    /// Price a day before `now` (milliseconds), and what was traded since: base and quote.
    pub(in crate::sim_server) fn day(&self, now: i64) -> Option<(Decimal, Decimal, Decimal)> {
        let first = self.minutes.partition_point(|bar| bar.open_time < now - DAY);
        let mut totals = (Decimal::ZERO, Decimal::ZERO);
        for bar in self.minutes.range(first..) {
            totals = (totals.0 + bar.volume, totals.1 + bar.volume * bar.close);
        }
        Some((self.minutes.get(first).or(self.minutes.back())?.open, totals.0, totals.1))
    }
}

/// A candle on the wire.
pub(in crate::sim_server) fn to_json(coin: &str, interval: &str, bar: &Bar) -> Value {
    json!({"t": bar.open_time, "T": end_of(interval, bar.open_time) - 1, "s": coin, "i": interval,
        "o": number::text(bar.open), "c": number::text(bar.close), "h": number::text(bar.high),
        "l": number::text(bar.low), "v": number::text(bar.volume), "n": bar.trades})
}

pub(in crate::sim_server) fn is_interval(name: &str) -> bool {
    width(name).is_some()
}

fn width(interval: &str) -> Option<i64> {
    INTERVALS.iter().find(|known| known.0 == interval).map(|known| known.1)
}

const fn floor(time: i64, width: i64) -> i64 {
    time.div_euclid(width) * width
}

fn start_of(interval: &str, time: i64) -> Option<i64> {
    match width(interval)? {
        0 => {
            let (year, month, _) = Timestamp::from_millis(time).date();
            Some(month_start(year, month))
        }
        width => Some(floor(time, width)),
    }
}

/// End of the interval that begins at `start`.
fn end_of(interval: &str, start: i64) -> i64 {
    match width(interval) {
        // No month has more than 31 days, and none begins within 31 days and a day of another but the next.
        Some(0) => {
            let (year, month, _) = Timestamp::from_millis(start + 32 * DAY).date();
            month_start(year, month)
        }
        width => start + width.unwrap_or(MINUTE),
    }
}

fn month_start(year: i32, month: u32) -> i64 {
    let mut days =
        i64::from(year - 1970) * 365 + (0..year - 1970).filter(|y| is_leap(1970 + y)).count() as i64;
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths.iter().take(usize::try_from(month - 1).unwrap_or(0)).sum::<i64>();
    days * DAY
}

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_make_wider_candles() {
        let mut candles = Candles::default();
        for (second, price, size) in [(0, 10, 1), (30, 12, 1), (61, 8, 2), (300, 9, 1)] {
            candles.print(Timestamp::from_secs(second), price.into(), size.into());
        }
        let five = candles.between("5m", 0, i64::MAX).unwrap();
        assert_eq!(five.len(), 2);
        assert_eq!(
            (five[0].open, five[0].high, five[0].low, five[0].close),
            (10.into(), 12.into(), 8.into(), 8.into())
        );
        assert_eq!((five[0].volume, five[0].trades), (4.into(), 3));
        assert_eq!(candles.between("5m", 0, 0).unwrap(), five[..1], "whole, though it ends later");
        assert!(candles.between("7m", 0, 1).is_none());
    }

    #[test]
    fn months_are_calendar_months() {
        let february = month_start(2024, 2);
        assert_eq!(Timestamp::from_millis(february).to_string(), "2024-02-01T00:00:00Z");
        assert_eq!(end_of("1M", february), month_start(2024, 3));
        assert_eq!(start_of("1M", february + 5 * DAY), Some(february));
    }
}
