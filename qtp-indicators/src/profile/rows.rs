//! Volume on a grid of prices, with a bound on the rows.

use std::collections::BTreeMap;

use qtp_core::{Ohlcv, Side};
use serde::{Deserialize, Serialize};

use super::{Levels, PocTie, Profile, ProfileRow};
use crate::SpecError;

/// How a candle's volume is spread over the prices of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spread {
    /// Equal shares at `floor((high - low) / tick) + 1` prices from low to high, each moved to the nearest row: the
    /// documented definition.
    #[default]
    Even,
    /// To each row in proportion to how much of it the range covers.
    Overlap,
}

/// How a profile counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfileParams {
    /// Height of a row in price units.
    pub tick: f64,
    /// How a candle's volume is spread; trades count at their own price.
    pub spread: Spread,
    /// Share of the volume that a value area holds, above 0 to 1.
    pub share: f64,
    /// Which of several rows with the largest volume is the POC.
    pub tie: PocTie,
    /// Rows from the lowest to the highest price that a profile may have, 1 to 1,000,000.
    pub max_rows: usize,
}

impl Default for ProfileParams {
    fn default() -> Self {
        Self { tick: 0.5, spread: Spread::Even, share: 0.7, tie: PocTie::Lowest, max_rows: 100_000 }
    }
}

impl ProfileParams {
    /// The row height that divides `low` to `high` into `rows` rows.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] unless `high` is above `low`, both finite, and there are 1 to 1,000,000 rows.
    pub fn with_rows(self, low: f64, high: f64, rows: usize) -> Result<Self, SpecError> {
        in_range("rows", rows as f64, 1.0, 1e6)?;
        let tick = (high - low) / rows as f64;
        in_range("high - low", high - low, f64::MIN_POSITIVE, f64::MAX)?;
        Self { tick, ..self }.check()
    }

    pub(super) fn check(self) -> Result<Self, SpecError> {
        in_range("tick", self.tick, 1e-12, 1e12)?;
        in_range("share", self.share, f64::MIN_POSITIVE, 1.0)?;
        in_range("max_rows", self.max_rows as f64, 1.0, 1e6)?;
        Ok(self)
    }
}

pub(super) fn in_range(name: &'static str, value: f64, min: f64, max: f64) -> Result<f64, SpecError> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(SpecError::OutOfRange { at: None, name, value, min, max })
}

/// The row nearest to a price, half to even; `None` where neighbouring rows cannot be told apart any more.
pub(super) fn row_of(price: f64, tick: f64) -> Option<i64> {
    let row = (price / tick).round_ties_even();
    (row.abs() < 9e15).then_some(row as i64)
}

/// Volume of one row.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) volume: f64,
    pub(super) buy: f64,
    pub(super) sell: f64,
}

/// One thing that adds volume.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Entry {
    Candle(Ohlcv),
    Trade { price: f64, quantity: f64, taker: Option<Side> },
}

impl Entry {
    /// Lowest price, highest price, volume.
    fn extent(&self) -> (f64, f64, f64) {
        match self {
            Self::Candle(candle) => (candle.low, candle.high, candle.volume),
            Self::Trade { price, quantity, .. } => (*price, *price, *quantity),
        }
    }
}

/// Rows by their number on the grid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Rows {
    cells: BTreeMap<i64, Cell>,
    /// Whether any side was known.
    sided: bool,
}

impl Rows {
    /// Adds an entry, or refuses it and stays as it was.
    pub(super) fn add(&mut self, params: &ProfileParams, entry: &Entry) -> Result<(), SpecError> {
        let (low, high, volume) = entry.extent();
        for (name, value) in [("low", low), ("high", high), ("volume", volume)] {
            in_range(name, value, -1e140, 1e140)?;
        }
        in_range("high - low", high - low, 0.0, f64::MAX)?;
        in_range("volume", volume, 0.0, 1e140)?;
        let most = params.max_rows;
        let too_many = || SpecError::TooManyRows { most, tick: params.tick };
        let bottom = row_of(low, params.tick).ok_or_else(too_many)?;
        let top = row_of(high, params.tick).ok_or_else(too_many)?;
        let first = self.cells.keys().next().map_or(bottom, |row| bottom.min(*row));
        let last = self.cells.keys().next_back().map_or(top, |row| top.max(*row));
        if last.abs_diff(first) >= most as u64 {
            return Err(too_many());
        }
        match entry {
            Entry::Trade { taker, .. } => {
                let cell = self.cells.entry(bottom).or_default();
                cell.volume += volume;
                match taker {
                    Some(Side::Buy) => cell.buy += volume,
                    Some(Side::Sell) => cell.sell += volume,
                    None => {}
                }
                self.sided |= taker.is_some();
            }
            Entry::Candle(_) if params.spread == Spread::Even => self.even(params.tick, low, high, volume),
            Entry::Candle(_) => self.overlap(params.tick, (low, high), (bottom, top), volume),
        }
        Ok(())
    }

    fn even(&mut self, tick: f64, low: f64, high: f64, volume: f64) {
        let count = ((high - low) / tick).floor() as u64 + 1;
        let step = if count > 1 { (high - low) / (count - 1) as f64 } else { 0.0 };
        let share = volume / count as f64;
        for i in 0..count {
            // The last price is the high itself, not what rounding makes of it.
            let price = if i > 0 && i + 1 == count { high } else { i as f64 * step + low };
            if let Some(row) = row_of(price, tick) {
                self.cells.entry(row).or_default().volume += share;
            }
        }
    }

    fn overlap(&mut self, tick: f64, (low, high): (f64, f64), (bottom, top): (i64, i64), volume: f64) {
        let height = high - low;
        for row in bottom..=top {
            let (from, to) = ((row as f64 - 0.5) * tick, (row as f64 + 0.5) * tick);
            let covered = if bottom == top { 1.0 } else { (to.min(high) - from.max(low)).max(0.0) / height };
            self.cells.entry(row).or_default().volume += volume * covered;
        }
    }

    pub(super) fn profile(&self, params: &ProfileParams) -> Profile {
        let row = |(row, cell): (&i64, &Cell)| ProfileRow {
            price: *row as f64 * params.tick,
            volume: cell.volume,
            buy: cell.buy,
            sell: cell.sell,
        };
        Profile::new(self.cells.iter().map(row).collect(), self.sided)
    }

    pub(super) fn levels(&self, params: &ProfileParams) -> Option<Levels> {
        self.profile(params).levels(params.tie, params.share)
    }
}
