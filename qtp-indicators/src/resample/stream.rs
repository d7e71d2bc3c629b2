//! An indicator of a higher timeframe, fed with the candles of a lower one as they close.

use qtp_core::{Ohlcv, Timeframe};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Alignment, grid::Grid};
use crate::{SpecError, SpecIndicator, registry::MAX_OUTPUTS};

/// Runs a spec such as `rsi(14)@4h` candle by candle, with the rows that [`batch_at`](super::batch_at) gives.
///
/// After each candle the row is that of the last higher candle that had ended by its close: nothing is seen before its
/// time. Where candles are missing, higher ones are made of those that are there. No allocation per candle.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{build, resample::HigherIndicator};
///
/// let mut hourly = HigherIndicator::new(build("sma(1)@1h")?, "15m".parse()?)?;
/// let mut rows = Vec::new();
/// for i in 0..5 {
///     let close = f64::from(i);
///     let candle = Ohlcv { open: close, high: close, low: close, close, volume: 1.0 };
///     rows.push(hourly.update(&candle, i64::from(i) * 15 * 60_000_000_000)[0]);
/// }
/// assert!(rows[..3].iter().all(|x| x.is_nan()));
/// assert_eq!(rows[3..], [3.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HigherIndicator {
    indicator: SpecIndicator,
    /// Higher candles and how many lower ones they hold; `None` where the timeframes are the same.
    higher: Option<(Grid, usize)>,
    lower: Timeframe,
    forming: Option<Forming>,
    row: [f64; MAX_OUTPUTS],
}

/// The higher candle that forms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Forming {
    start: i64,
    end: i64,
    ohlcv: Ohlcv,
}

impl HigherIndicator {
    /// Runs an indicator of any timeframe over candles of `lower`.
    ///
    /// # Errors
    ///
    /// [`SpecError::Input`] if the spec's timeframe is no multiple of `lower`.
    pub fn new(indicator: SpecIndicator, lower: Timeframe) -> Result<Self, SpecError> {
        let refused = |reason: String| SpecError::Input { reason };
        let wanted = match indicator.spec().timeframe() {
            Some(wanted) => wanted.text().parse().map_err(|error| refused(format!("{error}")))?,
            None => lower,
        };
        let higher = if wanted == lower {
            None
        } else {
            if wanted.as_nanos() <= lower.as_nanos() || wanted.as_nanos() % lower.as_nanos() != 0 {
                let words = format!("{wanted} candles cannot be made of {lower} candles");
                return Err(refused(format!("{}: {words}", indicator.spec())));
            }
            let ratio = usize::try_from(wanted.as_nanos() / lower.as_nanos()).unwrap_or(usize::MAX);
            Some((Grid::new(Alignment::Utc, wanted)?, ratio))
        };
        Ok(Self { indicator, higher, lower, forming: None, row: [f64::NAN; MAX_OUTPUTS] })
    }

    /// The indicator.
    #[must_use]
    pub fn indicator(&self) -> &SpecIndicator {
        &self.indicator
    }

    /// Lower candles until the first row, where none is missing; at most so many.
    #[must_use]
    pub fn warmup(&self) -> usize {
        let ratio = self.higher.as_ref().map_or(1, |(_, ratio)| *ratio);
        self.indicator.warmup().saturating_mul(ratio)
    }

    /// Takes a closed candle and returns the row in force, NaN until warm; `open_time` is in nanoseconds since
    /// 1970-01-01 UTC.
    pub fn update(&mut self, candle: &Ohlcv, open_time: i64) -> &[f64] {
        let width = self.indicator.width();
        let Some((grid, _)) = &self.higher else {
            self.indicator.update(candle, open_time, &mut self.row[..width]);
            return &self.row[..width];
        };
        // Aligned to UTC, every instant has its candle.
        if let Some((start, end)) = grid.bucket(open_time) {
            if self.forming.is_some_and(|forming| forming.start != start) {
                self.finish();
            }
            match &mut self.forming {
                Some(forming) => forming.grow(candle),
                None => self.forming = Some(Forming { start, end, ohlcv: *candle }),
            }
            if open_time.saturating_add(self.lower.as_nanos()) >= end {
                self.finish();
            }
        }
        &self.row[..width]
    }

    /// The row in force.
    #[must_use]
    pub fn row(&self) -> &[f64] {
        &self.row[..self.indicator.width()]
    }

    /// The timeframe of its candles.
    #[must_use]
    pub fn timeframe(&self) -> Timeframe {
        self.higher.as_ref().map_or(self.lower, |(grid, _)| grid.timeframe())
    }

    /// Takes a whole candle of its own timeframe, where there is a history of them: what forms is dropped.
    pub(crate) fn take_whole(&mut self, candle: &Ohlcv, open_time: i64) {
        self.forming = None;
        let width = self.indicator.width();
        self.indicator.update(candle, open_time, &mut self.row[..width]);
    }

    fn finish(&mut self) {
        if let Some(forming) = self.forming.take() {
            let width = self.indicator.width();
            self.indicator.update(&forming.ohlcv, forming.start, &mut self.row[..width]);
        }
    }

    /// Returns the state as JSON; as text it restores to the same bits.
    ///
    /// # Errors
    ///
    /// [`SpecError::Snapshot`] if the state cannot be written as JSON.
    pub fn save(&self) -> Result<Value, SpecError> {
        let row: Vec<Option<f64>> = self.row().iter().map(|x| x.is_finite().then_some(*x)).collect();
        Ok(json!({ "indicator": self.indicator.save()?, "forming": self.forming, "row": row }))
    }

    /// Takes over a state that `save` of the same spec returned; on an error nothing changes.
    ///
    /// # Errors
    ///
    /// [`SpecError::Snapshot`] if the snapshot is of another spec or damaged.
    pub fn restore(&mut self, snapshot: &Value) -> Result<(), SpecError> {
        let refused = |reason: &str| SpecError::Snapshot {
            spec: self.indicator.spec().text().to_owned(),
            reason: reason.to_owned(),
        };
        let forming = snapshot.get("forming").map(Option::<Forming>::deserialize);
        let forming = forming.and_then(Result::ok).ok_or_else(|| refused("no candle that forms"))?;
        let row = snapshot.get("row").map(Vec::<Option<f64>>::deserialize);
        let row = row.and_then(Result::ok).ok_or_else(|| refused("no row"))?;
        if row.len() != self.indicator.width() {
            return Err(refused("its row has another width"));
        }
        let state = snapshot.get("indicator").ok_or_else(|| refused("no indicator"))?;
        self.indicator.restore(state)?;
        self.forming = forming;
        for (to, from) in self.row.iter_mut().zip(row) {
            *to = from.unwrap_or(f64::NAN);
        }
        Ok(())
    }
}

impl Forming {
    fn grow(&mut self, candle: &Ohlcv) {
        self.ohlcv.high = self.ohlcv.high.max(candle.high);
        self.ohlcv.low = self.ohlcv.low.min(candle.low);
        self.ohlcv.close = candle.close;
        self.ohlcv.volume += candle.volume;
    }
}
