//! Candles to candles of a higher timeframe.

use qtp_core::{Candle, Timeframe};
use serde::{Deserialize, Serialize};

use super::{
    Alignment, ResampleCounts, ResamplePolicy, Resampled,
    gather::{Gather, Input},
};
use crate::SpecError;

/// Makes candles of a higher timeframe from candles.
///
/// A candle is finished by the input that ends it, or by the first one after it; [`finish`](Self::finish) closes the one
/// that forms at the end of the data.
///
/// ```
/// use qtp_core::{Candle, CandleParts, Timeframe, Timestamp};
/// use qtp_indicators::resample::{Alignment, CandleResampler, ResamplePolicy};
///
/// let mut hours = CandleResampler::new(Timeframe::H1, Alignment::Utc, ResamplePolicy::STRICT)?;
/// for minute in 0..60 {
///     let done = hours.update(&Candle::new(CandleParts {
///         instrument: "BTC-USDT@binance".parse()?,
///         timeframe: Timeframe::M1,
///         open_time: Timestamp::from_secs(minute * 60),
///         open: "100".parse()?, high: "101.5".parse()?, low: "99".parse()?, close: "100.25".parse()?,
///         volume: "0.1".parse()?,
///     })?)?;
///     assert_eq!(done.len(), usize::from(minute == 59));
///     if let Some(hour) = done.first() {
///         assert_eq!((hour.candle.volume().to_string(), hour.inputs), ("6".to_owned(), 60));
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CandleResampler(Gather);

impl CandleResampler {
    /// Makes a resampler to `timeframe`.
    ///
    /// # Errors
    ///
    /// [`SpecError::Input`] for sessions out of order or a day's start of a day or more.
    pub fn new(
        timeframe: Timeframe,
        alignment: Alignment,
        policy: ResamplePolicy,
    ) -> Result<Self, SpecError> {
        Ok(Self(Gather::new(timeframe, alignment, policy)?))
    }

    /// Takes a closed candle; returns the candles that it finishes, oldest first, fillers included.
    ///
    /// # Errors
    ///
    /// [`SpecError::Gap`] and [`SpecError::Late`] by the policy; [`SpecError::Input`] for a candle of another instrument,
    /// one that does not fit into a single higher candle, or, by the policy, one outside the sessions. The resampler is
    /// then as it was before.
    pub fn update(&mut self, candle: &Candle) -> Result<Vec<Resampled>, SpecError> {
        let input = Input {
            from: candle.open_time().as_nanos(),
            to: candle.close_time().as_nanos(),
            open: candle.open(),
            high: candle.high(),
            low: candle.low(),
            close: candle.close(),
            volume: candle.volume(),
        };
        self.0.take(candle.instrument(), input)
    }

    /// The candle that forms, if any.
    #[must_use]
    pub fn forming(&self) -> Option<Resampled> {
        self.0.forming()
    }

    /// Closes the candle that forms, complete or not.
    ///
    /// # Errors
    ///
    /// Never for candles that [`update`](Self::update) took.
    pub fn finish(&mut self) -> Result<Option<Resampled>, SpecError> {
        self.0.finish()
    }

    /// How much was skipped or filled so far.
    #[must_use]
    pub fn counts(&self) -> ResampleCounts {
        self.0.counts()
    }
}
