//! Volume by price, as plain data.

use qtp_indicators::SpecError;
use qtp_indicators::profile::{Profile as Counted, ProfileParams, Spread};

use super::data::Bar;

/// Volume by price with its point of control and value area.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Profile {
    /// The rows, lowest price first.
    pub rows: Vec<ProfileRow>,
    /// Price of the row with the largest volume.
    pub poc: f64,
    /// Lowest price of the value area.
    pub low: f64,
    /// Highest price of the value area.
    pub high: f64,
}

/// One row of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProfileRow {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Volume in it.
    pub volume: f64,
}

impl Profile {
    /// The profile of the range of these candles in about `rows` rows: a candle's volume is spread over the rows that it
    /// touches, and the value area is the classic one of 70 %. `None` without candles, without volume, or where all prices are equal.
    ///
    /// # Errors
    ///
    /// [`SpecError`] for candles that no profile can be made of.
    pub fn of(bars: &[Bar], rows: usize) -> Result<Option<Self>, SpecError> {
        let candles: Vec<_> = bars.iter().map(|bar| bar.ohlcv).collect();
        let low = candles.iter().map(|candle| candle.low).fold(f64::INFINITY, f64::min);
        let high = candles.iter().map(|candle| candle.high).fold(f64::NEG_INFINITY, f64::max);
        if low >= high {
            return Ok(None);
        }
        let base = ProfileParams { spread: Spread::Overlap, ..ProfileParams::default() };
        let params = base.with_rows(low, high, rows)?;
        let counted = Counted::of(&candles, params)?;
        let Some(levels) = counted.levels(params.tie, params.share).filter(|levels| levels.volume > 0.0)
        else {
            return Ok(None);
        };
        let half = params.tick / 2.0;
        let row = |row: &qtp_indicators::profile::ProfileRow| ProfileRow {
            low: row.price - half,
            high: row.price + half,
            volume: row.volume,
        };
        Ok(Some(Self {
            rows: counted.rows().iter().map(row).collect(),
            poc: levels.poc,
            low: levels.classic.low,
            high: levels.classic.high,
        }))
    }
}
