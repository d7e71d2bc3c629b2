//! Trades to time candles.

use qtp_core::{Timeframe, Timestamp, Trade};
use serde::{Deserialize, Serialize};

use super::{
    Alignment, ResampleCounts, ResamplePolicy, Resampled,
    gather::{Gather, Input},
};
use crate::SpecError;

/// Makes time candles from trades.
///
/// A candle is finished by the first trade after it, or by [`advance`](Self::advance), which tells the time. A gap is a
/// candle without trades. A trade earlier than the one before it is late.
///
/// ```
/// use qtp_core::{Timeframe, Timestamp, Trade};
/// use qtp_indicators::resample::{Alignment, GapPolicy, LatePolicy, ResamplePolicy, TradeResampler};
///
/// let policy = ResamplePolicy { gap: GapPolicy::Fill, late: LatePolicy::Error };
/// let mut minutes = TradeResampler::new(Timeframe::M1, Alignment::Utc, policy)?;
/// let trade = |second, price: &str| -> Result<Trade, qtp_core::ValueError> {
///     Ok(Trade {
///         instrument: "BTC-USDT@binance".parse()?,
///         time: Timestamp::from_secs(second),
///         price: price.parse()?,
///         quantity: "0.5".parse()?,
///         taker: None,
///     })
/// };
/// assert!(minutes.update(&trade(5, "100")?)?.is_empty());
/// let done = minutes.update(&trade(125, "103")?)?; // the second minute had no trade
/// assert_eq!(done.iter().map(|c| c.inputs).collect::<Vec<_>>(), [1, 0]);
/// assert_eq!(done[1].candle.close().to_string(), "100");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TradeResampler(Gather);

impl TradeResampler {
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

    /// Takes a trade; returns the candles that it finishes, oldest first, fillers included.
    ///
    /// # Errors
    ///
    /// As [`CandleResampler::update`](super::CandleResampler::update).
    pub fn update(&mut self, trade: &Trade) -> Result<Vec<Resampled>, SpecError> {
        let (time, price) = (trade.time.as_nanos(), trade.price);
        let (open, high, low, close) = (price, price, price, price);
        let input = Input { from: time, to: time, open, high, low, close, volume: trade.quantity };
        self.0.take(&trade.instrument, input)
    }

    /// Says that it is `now`: no trade before then is to come. Returns the candles that this finishes.
    ///
    /// # Errors
    ///
    /// [`SpecError::Gap`] by the policy.
    pub fn advance(&mut self, now: Timestamp) -> Result<Vec<Resampled>, SpecError> {
        self.0.advance(now.as_nanos())
    }

    /// The candle that forms, if any.
    #[must_use]
    pub fn forming(&self) -> Option<Resampled> {
        self.0.forming()
    }

    /// Closes the candle that forms.
    ///
    /// # Errors
    ///
    /// Never for trades that [`update`](Self::update) took.
    pub fn finish(&mut self) -> Result<Option<Resampled>, SpecError> {
        self.0.finish()
    }

    /// How much was skipped or filled so far.
    #[must_use]
    pub fn counts(&self) -> ResampleCounts {
        self.0.counts()
    }
}
