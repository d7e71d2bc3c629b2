//! What a finished histogram says: POC, value areas, delta.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::{
    ProfileParams,
    rows::{Entry, Rows},
};
use crate::SpecError;

/// One row of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// Price at the row's middle.
    pub price: f64,
    /// Volume.
    pub volume: f64,
    /// Part of the volume whose taker bought, where known.
    pub buy: f64,
    /// Part of the volume whose taker sold, where known.
    pub sell: f64,
}

/// Which row is the POC when several have the largest volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PocTie {
    /// The lowest price: the documented definition.
    #[default]
    Lowest,
    /// The one nearest to the middle of the profile, the lower of two as near: the CBOT's.
    Middle,
}

/// A range of prices that holds a share of the volume; both ends are rows of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValueArea {
    /// Lowest price.
    pub low: f64,
    /// Highest price.
    pub high: f64,
}

/// The levels of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Price with the largest volume.
    pub poc: f64,
    /// Volume at the POC.
    pub poc_volume: f64,
    /// Value area by the documented definition: the largest rows, contiguous or not.
    pub documented: ValueArea,
    /// Value area by the CBOT's definition: grown from the POC by pairs of rows.
    pub classic: ValueArea,
    /// All volume.
    pub volume: f64,
    /// Bought less sold volume; `None` if no side is known.
    pub delta: Option<f64>,
}

/// Volume by price, lowest price first; rows without volume between others may be absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Profile {
    rows: Vec<ProfileRow>,
    sided: bool,
}

impl Profile {
    pub(super) fn new(rows: Vec<ProfileRow>, sided: bool) -> Self {
        Self { rows, sided }
    }

    /// The profile of these candles: the visible range of a chart.
    ///
    /// # Errors
    ///
    /// [`SpecError::TooManyRows`] if the range needs more rows than allowed, [`SpecError::OutOfRange`] for a parameter
    /// outside its range or a candle that is not finite, upside down or of negative volume.
    ///
    /// ```
    /// use qtp_core::Ohlcv;
    /// use qtp_indicators::profile::{PocTie, Profile, ProfileParams};
    ///
    /// let candles = [(10.0, 12.0, 30.0), (11.0, 11.0, 50.0)]
    ///     .map(|(low, high, volume)| Ohlcv { open: low, high, low, close: high, volume });
    /// let profile = Profile::of(&candles, ProfileParams { tick: 1.0, ..ProfileParams::default() })?;
    /// let levels = profile.levels(PocTie::Lowest, 0.7).unwrap();
    /// assert_eq!((levels.poc, levels.poc_volume, levels.volume), (11.0, 60.0, 80.0));
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    pub fn of(candles: &[Ohlcv], params: ProfileParams) -> Result<Self, SpecError> {
        let params = params.check()?;
        let mut rows = Rows::default();
        for candle in candles {
            rows.add(&params, &Entry::Candle(*candle))?;
        }
        Ok(rows.profile(&params))
    }

    /// The rows, lowest price first.
    #[must_use]
    pub fn rows(&self) -> &[ProfileRow] {
        &self.rows
    }

    /// All volume.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.rows.iter().map(|row| row.volume).sum()
    }

    /// Bought less sold volume; `None` if no side is known.
    #[must_use]
    pub fn delta(&self) -> Option<f64> {
        self.sided.then(|| self.rows.iter().map(|row| row.buy - row.sell).sum())
    }

    /// POC and value areas that hold `share` of the volume; `None` without rows.
    #[must_use]
    pub fn levels(&self, tie: PocTie, share: f64) -> Option<Levels> {
        let poc = self.poc(tie)?;
        let (price, poc_volume) = (self.rows[poc].price, self.rows[poc].volume);
        Some(Levels {
            poc: price,
            poc_volume,
            documented: self.documented(poc, share),
            classic: grow(&self.volumes(), poc, share).map(|(low, high)| self.area(low, high))?,
            volume: self.volume(),
            delta: self.delta(),
        })
    }

    /// Rows with more volume than mean + `factor` deviations (population) over the rows present: 1.5 is documented.
    #[must_use]
    pub fn high_volume(&self, factor: f64) -> Vec<ProfileRow> {
        let (mean, deviation) = self.spread();
        self.rows.iter().filter(|row| row.volume > mean + factor * deviation).copied().collect()
    }

    /// Rows with less volume than mean - `factor` deviations: 0.5 is documented.
    #[must_use]
    pub fn low_volume(&self, factor: f64) -> Vec<ProfileRow> {
        let (mean, deviation) = self.spread();
        self.rows.iter().filter(|row| row.volume < mean - factor * deviation).copied().collect()
    }

    pub(super) fn volumes(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.volume).collect()
    }

    fn poc(&self, tie: PocTie) -> Option<usize> {
        largest(&self.volumes(), tie)
    }

    fn area(&self, low: usize, high: usize) -> ValueArea {
        ValueArea { low: self.rows[low].price, high: self.rows[high].price }
    }

    /// The largest rows until they hold the share; of equal rows the POC comes first, then the lower.
    fn documented(&self, poc: usize, share: f64) -> ValueArea {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|a, b| {
            self.rows[*b].volume.total_cmp(&self.rows[*a].volume).then((*a != poc).cmp(&(*b != poc)))
        });
        let wanted = share * self.volume();
        let (mut low, mut high) = (poc, poc);
        let mut held = 0.0;
        for row in order {
            (low, high) = (low.min(row), high.max(row));
            held += self.rows[row].volume;
            if held >= wanted {
                break;
            }
        }
        self.area(low, high)
    }

    fn spread(&self) -> (f64, f64) {
        let n = self.rows.len().max(1) as f64;
        let mean = self.volume() / n;
        let squares: f64 = self.rows.iter().map(|row| (row.volume - mean) * (row.volume - mean)).sum();
        (mean, (squares / n).sqrt())
    }
}

/// The place of the largest value.
pub(super) fn largest(values: &[f64], tie: PocTie) -> Option<usize> {
    let most = values.iter().copied().reduce(f64::max)?;
    let mut places = values.iter().enumerate().filter(|(_, value)| **value == most).map(|(place, _)| place);
    match tie {
        PocTie::Lowest => places.next(),
        // Twice the distance from the middle, in whole numbers.
        PocTie::Middle => places.min_by_key(|place| (2 * place).abs_diff(values.len() - 1)),
    }
}

/// Grows from `start` by the larger pair of rows above or below (the upper of two equal ones) until the share is held.
pub(super) fn grow(values: &[f64], start: usize, share: f64) -> Option<(usize, usize)> {
    let wanted = share * values.iter().sum::<f64>();
    let mut held = *values.get(start)?;
    let (mut low, mut high) = (start, start);
    while held < wanted && (low > 0 || high + 1 < values.len()) {
        let top = (high + 2).min(values.len() - 1);
        let bottom = low.saturating_sub(2);
        let above: f64 = values[high + 1..=top].iter().sum();
        let below: f64 = values[bottom..low].iter().sum();
        // A side without rows never wins, not even when the other side's rows are empty.
        if top > high && (above >= below || low == 0) {
            (high, held) = (top, held + above);
        } else {
            (low, held) = (bottom, held + below);
        }
    }
    Some((low, high))
}
