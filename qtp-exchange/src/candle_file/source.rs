//! What a driver in simulated time reads its market from.

use qtp_core::{CandleBatch, FundingRate, Timestamp};

/// Market data in the order in which it became known, for a synchronous loop.
///
/// # Contract
/// - Close times strictly ascend from batch to batch; a batch holds all candles that closed at its instant,
///   ordered by timeframe, then instrument.
/// - `funding_until` hands each rate out once, ordered by time, then instrument. It may be asked for instants
///   up to the close time of the last batch; a source knows nothing of later ones.
/// - The same source from the same start gives the same bytes.
/// - A source that was restored goes on with the bytes that the saved one would have given.
pub trait CandleSource: Send {
    /// Fills `batch`, whose old candles are dropped, with the next candles and returns when they closed;
    /// `None` at the end, with an empty batch.
    fn next_into(&mut self, batch: &mut CandleBatch) -> Option<Timestamp>;

    /// Appends the funding rates that are paid at `time` or before and were not handed out yet.
    fn funding_until(&mut self, time: Timestamp, out: &mut Vec<FundingRate>);

    /// Where it stands, as JSON text, for a checkpoint; `None` if it cannot say.
    fn save(&self) -> Option<String> {
        None
    }

    /// Goes on where another source of the same settings was saved.
    ///
    /// # Errors
    /// [`RestoreError`] if the text is not of such a source; this one is then unchanged.
    fn restore(&mut self, state: &str) -> Result<(), RestoreError> {
        let _ = state;
        Err(RestoreError("this source cannot be restored".to_owned()))
    }
}

/// A saved state is not one of this source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("source: {0}")]
pub struct RestoreError(pub String);

impl<S: CandleSource + ?Sized> CandleSource for Box<S> {
    fn next_into(&mut self, batch: &mut CandleBatch) -> Option<Timestamp> {
        (**self).next_into(batch)
    }

    fn funding_until(&mut self, time: Timestamp, out: &mut Vec<FundingRate>) {
        (**self).funding_until(time, out);
    }

    fn save(&self) -> Option<String> {
        (**self).save()
    }

    fn restore(&mut self, state: &str) -> Result<(), RestoreError> {
        (**self).restore(state)
    }
}
