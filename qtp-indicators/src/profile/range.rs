//! Profiles that follow the market: session, rolling, anchored; and the POCs that past sessions left behind.

use std::collections::VecDeque;

use qtp_core::Side;
use serde::{Deserialize, Serialize};

use super::{
    Levels, Profile, ProfileParams,
    rows::{Entry, Rows},
};
use crate::{SpecError, TimedOhlcv, error::check_period};

/// Nanoseconds of a UTC day.
const DAY: i64 = 86_400_000_000_000;

/// Naked POCs kept; the oldest is forgotten first.
const MAX_NAKED: usize = 1_000;

/// Which candles or trades a [`VolumeProfile`] is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileRange {
    /// Those since the UTC date last changed.
    Session,
    /// The last so many, 1 to 100,000; 20 is documented.
    Rolling(usize),
    /// Those from this time on, in nanoseconds since 1970-01-01 UTC.
    Anchored(i64),
}

/// The POC of a past session that no later candle or trade has touched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NakedPoc {
    /// First instant of the session's UTC day, in nanoseconds since 1970-01-01 UTC.
    pub session: i64,
    /// Price.
    pub price: f64,
    /// Volume at that price in its session.
    pub volume: f64,
}

/// Volume by price over a range that moves with the market.
///
/// After each candle or trade [`levels`](Self::levels) gives the developing ones: they know nothing of what comes.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{TimedOhlcv, profile::{ProfileParams, ProfileRange, VolumeProfile}};
///
/// let params = ProfileParams { tick: 1.0, ..ProfileParams::default() };
/// let mut profile = VolumeProfile::new(ProfileRange::Session, params)?;
/// let day = 86_400_000_000_000;
/// for (open_time, price) in [(0, 10.0), (1, 10.0), (2, 12.0), (day, 15.0)] {
///     let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume: 1.0 };
///     profile.update(TimedOhlcv { open_time, ohlcv })?;
/// }
/// assert_eq!(profile.levels().unwrap().poc, 15.0); // the new day
/// assert_eq!(profile.naked()[0].price, 10.0); // yesterday's, not touched since
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VolumeProfile {
    range: ProfileRange,
    params: ProfileParams,
    rows: Rows,
    /// The entries of a rolling range, oldest first.
    window: VecDeque<Entry>,
    day: Option<i64>,
    naked: VecDeque<NakedPoc>,
}

impl VolumeProfile {
    /// Makes an empty profile.
    ///
    /// # Errors
    ///
    /// [`SpecError::OutOfRange`] for a parameter outside its range.
    pub fn new(range: ProfileRange, params: ProfileParams) -> Result<Self, SpecError> {
        if let ProfileRange::Rolling(window) = range {
            check_period("window", window, 1)?;
        }
        let (params, rows) = (params.check()?, Rows::default());
        Ok(Self { range, params, rows, window: VecDeque::new(), day: None, naked: VecDeque::new() })
    }

    /// Takes a closed candle; one before an anchored range begins counts for nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError::TooManyRows`] and, for a candle that is not finite, upside down or of negative volume,
    /// [`SpecError::OutOfRange`]; the profile is then as it was before.
    pub fn update(&mut self, candle: TimedOhlcv) -> Result<(), SpecError> {
        let prices = (candle.ohlcv.low, candle.ohlcv.high);
        self.enter(candle.open_time, Entry::Candle(candle.ohlcv), prices)
    }

    /// Takes a trade at `time`, in nanoseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub fn trade(
        &mut self,
        time: i64,
        price: f64,
        quantity: f64,
        taker: Option<Side>,
    ) -> Result<(), SpecError> {
        self.enter(time, Entry::Trade { price, quantity, taker }, (price, price))
    }

    /// The developing levels, in O(n log n) of the rows; `None` while the range is empty.
    #[must_use]
    pub fn levels(&self) -> Option<Levels> {
        self.rows.levels(&self.params)
    }

    /// The whole histogram.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.rows.profile(&self.params)
    }

    /// POCs of past sessions that nothing has touched since, oldest first, at most 1,000; empty for other ranges.
    #[must_use]
    pub fn naked(&self) -> Vec<NakedPoc> {
        self.naked.iter().copied().collect()
    }

    fn enter(&mut self, time: i64, entry: Entry, (low, high): (f64, f64)) -> Result<(), SpecError> {
        match self.range {
            ProfileRange::Session => self.session(time, &entry)?,
            ProfileRange::Rolling(window) => self.roll(window, entry)?,
            ProfileRange::Anchored(from) if time < from => return Ok(()),
            ProfileRange::Anchored(_) => self.rows.add(&self.params, &entry)?,
        }
        self.naked.retain(|poc| !(low..=high).contains(&poc.price));
        Ok(())
    }

    fn session(&mut self, time: i64, entry: &Entry) -> Result<(), SpecError> {
        let day = time.div_euclid(DAY);
        if self.day == Some(day) {
            return self.rows.add(&self.params, entry);
        }
        // The new session starts only if the entry is good.
        let mut rows = Rows::default();
        rows.add(&self.params, entry)?;
        let past = std::mem::replace(&mut self.rows, rows);
        if let Some((session, levels)) = self.day.replace(day).zip(past.levels(&self.params)) {
            if self.naked.len() == MAX_NAKED {
                self.naked.pop_front();
            }
            let (session, price) = (session.saturating_mul(DAY), levels.poc);
            self.naked.push_back(NakedPoc { session, price, volume: levels.poc_volume });
        }
        Ok(())
    }

    /// Counts the window afresh: taking the oldest away again would leave its rounding behind.
    fn roll(&mut self, window: usize, entry: Entry) -> Result<(), SpecError> {
        let gone = usize::from(self.window.len() >= window.max(1));
        let mut rows = if gone == 0 { self.rows.clone() } else { Rows::default() };
        if gone == 1 {
            for kept in self.window.iter().skip(1) {
                rows.add(&self.params, kept)?;
            }
        }
        rows.add(&self.params, &entry)?;
        self.rows = rows;
        self.window.drain(..gone);
        self.window.push_back(entry);
        Ok(())
    }
}
