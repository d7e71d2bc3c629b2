//! Time at price: one letter a period for each row touched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    PocTie, ValueArea,
    levels::{grow, largest},
    rows::{in_range, row_of},
};
use crate::{SpecError, TimedOhlcv};

/// Nanoseconds of a UTC day.
const DAY: i64 = 86_400_000_000_000;

/// Letters of the periods, first to last.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/// A market profile of the current UTC day, letter by letter.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{TimedOhlcv, profile::Tpo};
///
/// let half_hour = 1_800_000_000_000;
/// let mut tpo = Tpo::new(1.0, half_hour, 10_000)?;
/// for (period, low, high) in [(0, 100.0, 102.0), (1, 101.0, 103.0), (2, 101.0, 105.0)] {
///     let ohlcv = Ohlcv { open: low, high, low, close: high, volume: 1.0 };
///     tpo.update(TimedOhlcv { open_time: period * half_hour, ohlcv })?;
/// }
/// let profile = tpo.profile().unwrap();
/// assert_eq!(profile.rows[1].letters, "ABC");
/// assert_eq!((profile.poc, profile.initial_balance.high), (102.0, 103.0));
/// assert_eq!(profile.single_prints, [104.0]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tpo {
    tick: f64,
    period: i64,
    max_rows: usize,
    day: Option<i64>,
    /// One bit a period.
    rows: BTreeMap<i64, u64>,
    /// The range of the first two periods.
    balance: Option<(f64, f64)>,
    /// The session's first period.
    first: u32,
}

/// One row of a [`TpoProfile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TpoRow {
    /// Price at the row's middle.
    pub price: f64,
    /// The letters of the periods that traded here, in their order.
    pub letters: String,
}

/// What the letters say so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TpoProfile {
    /// Rows, lowest price first.
    pub rows: Vec<TpoRow>,
    /// Row with most letters, the nearest to the middle of several.
    pub poc: f64,
    /// Value area by letters, 70 %, grown from the POC by pairs of rows.
    pub value_area: ValueArea,
    /// Range of the first two periods with trades.
    pub initial_balance: ValueArea,
    /// Prices of rows with one letter, the highest and the lowest row excluded.
    pub single_prints: Vec<f64>,
    /// Whether two or more periods made the highest row.
    pub poor_high: bool,
    /// Whether two or more periods made the lowest row.
    pub poor_low: bool,
}

impl Tpo {
    /// Makes a profile of rows `tick` high and periods of `period` nanoseconds, at most `max_rows` rows.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] unless the tick is 1e-12 to 1e12, a day has 1 to 64 periods, and 1 to 1,000,000 rows are
    /// allowed.
    pub fn new(tick: f64, period: i64, max_rows: usize) -> Result<Self, SpecError> {
        in_range("tick", tick, 1e-12, 1e12)?;
        in_range("period", period as f64, (DAY / LETTERS.len() as i64) as f64, DAY as f64)?;
        in_range("max_rows", max_rows as f64, 1.0, 1e6)?;
        let rows = BTreeMap::new();
        Ok(Self { tick, period, max_rows, day: None, rows, balance: None, first: 0 })
    }

    /// Takes a closed candle; it counts for the period in which it opened, and its day's first candle starts afresh.
    ///
    /// # Errors
    ///
    /// [`SpecError::TooManyRows`], and [`SpecError::OutOfRange`] for a candle that is not finite or is upside down; the
    /// profile is then as it was before.
    pub fn update(&mut self, candle: TimedOhlcv) -> Result<(), SpecError> {
        let (low, high) = (candle.ohlcv.low, candle.ohlcv.high);
        in_range("low", low, -1e140, 1e140)?;
        in_range("high", high, low, 1e140)?;
        let (tick, most) = (self.tick, self.max_rows);
        let rows = row_of(low, tick).zip(row_of(high, tick));
        let (bottom, top) = rows.ok_or(SpecError::TooManyRows { most, tick })?;
        let day = candle.open_time.div_euclid(DAY);
        let fresh = self.day != Some(day);
        let known = |row: Option<&i64>, own: i64| row.filter(|_| !fresh).map_or(own, |row| *row);
        let first = known(self.rows.keys().next(), bottom).min(bottom);
        let last = known(self.rows.keys().next_back(), top).max(top);
        if last.abs_diff(first) >= most as u64 {
            return Err(SpecError::TooManyRows { most, tick });
        }
        let period = (candle.open_time.rem_euclid(DAY) / self.period.max(1)).min(63) as u32;
        if fresh {
            self.rows.clear();
            (self.day, self.balance, self.first) = (Some(day), None, period);
        }
        for row in bottom..=top {
            *self.rows.entry(row).or_default() |= 1 << period;
        }
        if period <= self.first.saturating_add(1) {
            let (from, to) = self.balance.unwrap_or((low, high));
            self.balance = Some((from.min(low), to.max(high)));
        }
        Ok(())
    }

    /// What the letters of the day say so far; `None` before the first candle.
    #[must_use]
    pub fn profile(&self) -> Option<TpoProfile> {
        let price = |row: &i64| *row as f64 * self.tick;
        let counts: Vec<f64> = self.rows.values().map(|mask| f64::from(mask.count_ones())).collect();
        let prices: Vec<f64> = self.rows.keys().map(price).collect();
        let poc = largest(&counts, PocTie::Middle)?;
        let (low, high) = grow(&counts, poc, 0.7)?;
        let (from, to) = self.balance?;
        let last = prices.len() - 1;
        let inside = prices.iter().zip(&counts).take(last).skip(1);
        Some(TpoProfile {
            rows: self
                .rows
                .iter()
                .map(|(row, mask)| TpoRow { price: price(row), letters: letters(*mask) })
                .collect(),
            poc: prices[poc],
            value_area: ValueArea { low: prices[low], high: prices[high] },
            initial_balance: ValueArea { low: from, high: to },
            single_prints: inside.filter(|(_, count)| **count == 1.0).map(|(price, _)| *price).collect(),
            poor_high: counts[last] >= 2.0,
            poor_low: counts[0] >= 2.0,
        })
    }
}

fn letters(mask: u64) -> String {
    let set = LETTERS.iter().enumerate().filter(|(period, _)| mask >> period & 1 == 1);
    set.map(|(_, letter)| char::from(*letter)).collect()
}
