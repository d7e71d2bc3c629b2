//! Candles that close by activity rather than by the clock.

use qtp_core::{InstrumentId, Notional, Ohlcv, Price, Quantity, Side, Timestamp, Trade};
use serde::{Deserialize, Serialize};

use super::{LatePolicy, ResampleCounts};
use crate::SpecError;

/// When an [`EventCandle`] closes: with the trade that reaches the limit, which it holds whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventRule {
    /// After so many trades.
    Ticks(u64),
    /// At this base quantity.
    Volume(Quantity),
    /// At this value in the quote currency: price times quantity, summed.
    Dollar(Notional),
}

/// A candle of as many trades as its rule asked for. Every number is exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCandle {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Time of the first trade.
    pub open_time: Timestamp,
    /// Time of the last trade.
    pub close_time: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base quantity.
    pub volume: Quantity,
    /// Value in the quote currency.
    pub value: Notional,
    /// Part of the volume whose taker bought.
    pub bought: Quantity,
    /// Part of the volume whose taker sold.
    pub sold: Quantity,
    /// Number of trades.
    pub trades: u64,
}

impl EventCandle {
    /// The five numbers for indicators.
    #[must_use]
    pub fn ohlcv(&self) -> Ohlcv {
        Ohlcv {
            open: self.open.to_f64(),
            high: self.high.to_f64(),
            low: self.low.to_f64(),
            close: self.close.to_f64(),
            volume: self.volume.to_f64(),
        }
    }
}

/// Makes tick, volume or dollar candles from trades.
///
/// ```
/// use qtp_core::{Timestamp, Trade};
/// use qtp_indicators::resample::{EventCandles, EventRule, LatePolicy};
///
/// let mut candles = EventCandles::new(EventRule::Volume("1".parse()?), LatePolicy::Error)?;
/// let mut done = Vec::new();
/// for (second, price, quantity) in [(1, "100", "0.6"), (2, "101", "0.7"), (3, "99", "0.2")] {
///     done.extend(candles.update(&Trade {
///         instrument: "BTC-USDT@binance".parse()?,
///         time: Timestamp::from_secs(second),
///         price: price.parse()?,
///         quantity: quantity.parse()?,
///         taker: None,
///     })?);
/// }
/// assert_eq!((done.len(), done[0].volume.to_string(), done[0].value.to_string()), (1, "1.3".into(), "130.7".into()));
/// assert_eq!(candles.forming().unwrap().trades, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCandles {
    rule: EventRule,
    late: LatePolicy,
    forming: Option<EventCandle>,
    instrument: Option<InstrumentId>,
    reached: Option<Timestamp>,
    counts: ResampleCounts,
}

impl EventCandles {
    /// Makes candles by `rule`; a trade earlier than the one before it is late.
    ///
    /// # Errors
    ///
    /// [`SpecError::Input`] for a limit that is not above zero.
    pub fn new(rule: EventRule, late: LatePolicy) -> Result<Self, SpecError> {
        let positive = match rule {
            EventRule::Ticks(limit) => limit > 0,
            EventRule::Volume(limit) => limit.signum() > 0,
            EventRule::Dollar(limit) => limit.signum() > 0,
        };
        if !positive {
            return Err(SpecError::Input { reason: "a candle's limit must be above zero".to_owned() });
        }
        let counts = ResampleCounts::default();
        Ok(Self { rule, late, forming: None, instrument: None, reached: None, counts })
    }

    /// Takes a trade; returns the candle that it finishes.
    ///
    /// # Errors
    ///
    /// [`SpecError::Late`] by the policy, [`SpecError::Input`] for a trade of another instrument or without a quantity. The
    /// candles are then as they were before.
    pub fn update(&mut self, trade: &Trade) -> Result<Option<EventCandle>, SpecError> {
        let refused = |reason: String| Err(SpecError::Input { reason });
        if self.instrument.as_ref().is_some_and(|known| *known != trade.instrument) {
            return refused(format!("`{}` is another instrument", trade.instrument));
        }
        if trade.quantity.signum() <= 0 {
            return refused(format!("the trade at {} has no quantity", trade.time));
        }
        if let Some(reached) = self.reached.filter(|reached| trade.time < *reached) {
            if self.late == LatePolicy::Error {
                let (time, reached) = (trade.time.as_nanos(), reached.as_nanos());
                return Err(SpecError::Late { time, reached });
            }
            self.counts.late += 1;
            return Ok(None);
        }
        self.reached = Some(trade.time);
        let mut candle = self.forming.take().unwrap_or_else(|| started(trade));
        self.instrument = Some(trade.instrument.clone());
        candle.close_time = trade.time;
        candle.high = candle.high.max(trade.price);
        candle.low = candle.low.min(trade.price);
        candle.close = trade.price;
        candle.volume += trade.quantity;
        candle.value += trade.price.notional(trade.quantity);
        candle.trades += 1;
        match trade.taker {
            Some(Side::Buy) => candle.bought += trade.quantity,
            Some(Side::Sell) => candle.sold += trade.quantity,
            None => {}
        }
        let done = match self.rule {
            EventRule::Ticks(limit) => candle.trades >= limit,
            EventRule::Volume(limit) => candle.volume >= limit,
            EventRule::Dollar(limit) => candle.value >= limit,
        };
        if done {
            return Ok(Some(candle));
        }
        self.forming = Some(candle);
        Ok(None)
    }

    /// The candle that forms, if any.
    #[must_use]
    pub fn forming(&self) -> Option<&EventCandle> {
        self.forming.as_ref()
    }

    /// Closes the candle that forms, short of its limit.
    pub fn finish(&mut self) -> Option<EventCandle> {
        self.forming.take()
    }

    /// How many late trades were left out so far.
    #[must_use]
    pub fn counts(&self) -> ResampleCounts {
        self.counts
    }
}

fn started(trade: &Trade) -> EventCandle {
    EventCandle {
        instrument: trade.instrument.clone(),
        open_time: trade.time,
        close_time: trade.time,
        open: trade.price,
        high: trade.price,
        low: trade.price,
        close: trade.price,
        volume: Quantity::ZERO,
        value: Notional::ZERO,
        bought: Quantity::ZERO,
        sold: Quantity::ZERO,
        trades: 0,
    }
}
