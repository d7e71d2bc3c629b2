//! An indicator made from a spec.

use qtp_core::Ohlcv;
use serde_json::{Value, json};

use super::{MAX_OUTPUTS, kernel::Kernel, spec::Spec};
use crate::{Candles, SpecError, node::same_length};

/// A running indicator made from a [`Spec`]: candles in, one number per column out.
///
/// It keeps the contract of [`Indicator`](crate::Indicator). Calls that yield a row write it to `out` and return
/// `true`; before the first output they fill `out` with NaN and return `false`. `out` needs [`width`](Self::width)
/// places: further ones are left alone, missing ones dropped. A spec's timeframe is only carried: the caller feeds
/// candles of that timeframe.
///
/// ```
/// use qtp_core::Ohlcv;
///
/// let mut macd = qtp_indicators::build("macd(2,3,1)")?;
/// assert_eq!(macd.columns(), ["macd(2,3,1).macd", "macd(2,3,1).signal", "macd(2,3,1).histogram"]);
/// let mut row = [0.0; 3];
/// for (i, close) in [1.0, 2.0, 3.0].into_iter().enumerate() {
///     let candle = Ohlcv { open: close, high: close, low: close, close, volume: 1.0 };
///     macd.update(&candle, i as i64 * 60_000_000_000, &mut row);
/// }
/// assert_eq!(row, [0.5, 0.5, 0.0]);
///
/// let snapshot = macd.save()?.to_string();
/// let mut restored = qtp_indicators::build("macd(2,3,1)")?;
/// restored.restore(&serde_json::from_str(&snapshot)?)?;
/// assert_eq!(restored.save()?, macd.save()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SpecIndicator {
    spec: Spec,
    columns: Vec<String>,
    /// The one output that is a column, if not all are.
    selected: Option<usize>,
    kernel: Box<dyn Kernel>,
}

impl Clone for SpecIndicator {
    fn clone(&self) -> Self {
        let (spec, columns) = (self.spec.clone(), self.columns.clone());
        Self { spec, columns, selected: self.selected, kernel: self.kernel.boxed() }
    }
}

impl SpecIndicator {
    pub(super) fn new(spec: Spec, kernel: Box<dyn Kernel>) -> Self {
        Self { columns: spec.columns(), selected: spec.output_index(), spec, kernel }
    }

    /// Returns the spec it was made from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the column names in the order of the row.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the number of columns, at most [`MAX_OUTPUTS`].
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Returns the number of candles until the first row, at least 1.
    #[must_use]
    pub fn warmup(&self) -> usize {
        self.kernel.warmup()
    }

    /// Takes a closed candle; `open_time` is in nanoseconds since 1970-01-01 UTC.
    pub fn update(&mut self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool {
        let (selected, width) = (self.selected, self.columns.len());
        whole(selected, width, out, |row| self.kernel.update(candle, open_time, row))
    }

    /// Writes the row that `update` would give for a forming candle, without taking the candle.
    pub fn peek(&self, candle: &Ohlcv, open_time: i64, out: &mut [f64]) -> bool {
        whole(self.selected, self.width(), out, |row| self.kernel.peek(candle, open_time, row))
    }

    /// Writes the row of the last candle taken.
    pub fn value(&self, out: &mut [f64]) -> bool {
        whole(self.selected, self.width(), out, |row| self.kernel.value(row))
    }

    /// Writes the outputs of whole columns for a fresh state, one slice per column, NaN until warm.
    ///
    /// `open_times` are in nanoseconds since 1970-01-01 UTC, one per candle. The state is neither read nor changed.
    ///
    /// # Errors
    ///
    /// [`SpecError::BufferLength`] if the lengths do not agree.
    pub fn batch(
        &self,
        candles: Candles<'_>,
        open_times: &[i64],
        columns: &mut [&mut [f64]],
    ) -> Result<(), SpecError> {
        same_length("open_times", candles.len(), open_times.len())?;
        same_length("columns", self.width(), columns.len())?;
        for column in columns.iter() {
            same_length("a column", candles.len(), column.len())?;
        }
        if self.width() == self.spec.info().outputs.len() {
            self.kernel.batch(candles, open_times, columns);
            return Ok(());
        }
        // One output is selected: the others are computed into scratch columns.
        let first = self.selected.unwrap_or(0);
        let others = self.spec.info().outputs.len() - 1;
        let mut scratch = vec![vec![0.0; candles.len()]; others];
        let mut views: Vec<&mut [f64]> = scratch.iter_mut().map(Vec::as_mut_slice).collect();
        if let [column] = columns {
            views.insert(first, column);
            self.kernel.batch(candles, open_times, &mut views);
        }
        Ok(())
    }

    /// Forgets every candle, as if newly built.
    pub fn reset(&mut self) {
        self.kernel.reset();
    }

    /// Returns the state as JSON; as text it restores to the same bits.
    ///
    /// # Errors
    ///
    /// [`SpecError::Snapshot`] if the state cannot be written as JSON.
    pub fn save(&self) -> Result<Value, SpecError> {
        let state = self.kernel.save().map_err(|error| self.refused(error.to_string()))?;
        Ok(json!({ "spec": self.spec.canonical(), "state": state }))
    }

    /// Takes over a state that `save` of the same spec returned; on an error nothing changes.
    ///
    /// # Errors
    ///
    /// [`SpecError::Snapshot`] if the snapshot is of another spec or damaged.
    pub fn restore(&mut self, snapshot: &Value) -> Result<(), SpecError> {
        let spec = self.spec.canonical();
        if snapshot.get("spec").and_then(Value::as_str) != Some(spec.as_str()) {
            return Err(self.refused("it was saved from another spec".to_owned()));
        }
        let state = snapshot.get("state").ok_or_else(|| self.refused("it holds no state".to_owned()))?;
        let mut restored = self.kernel.boxed();
        restored.restore(state).map_err(|error| self.refused(error.to_string()))?;
        // Compared when fresh: what waits for a session to end only knows its warm-up afterwards.
        let fresh = |kernel: &dyn Kernel| {
            let mut fresh = kernel.boxed();
            fresh.reset();
            fresh.warmup()
        };
        if fresh(&*restored) != fresh(&*self.kernel) {
            return Err(self.refused("its state has other parameters".to_owned()));
        }
        self.kernel = restored;
        Ok(())
    }

    fn refused(&self, reason: String) -> SpecError {
        SpecError::Snapshot { spec: self.spec.text().to_owned(), reason }
    }
}

/// Lets `write` write a row of all outputs, and `out` have the columns.
#[inline]
fn whole(
    selected: Option<usize>,
    width: usize,
    out: &mut [f64],
    write: impl FnOnce(&mut [f64]) -> bool,
) -> bool {
    // Where every output is a column, there is no row in between.
    if selected.is_none()
        && let Some(out) = out.get_mut(..width)
    {
        return write(out);
    }
    let mut row = [f64::NAN; MAX_OUTPUTS];
    let warm = write(&mut row);
    for (to, from) in out.iter_mut().zip(row.iter().skip(selected.unwrap_or(0)).take(width)) {
        *to = *from;
    }
    warm
}
