//! Prints, quotes, marks and funding.

use serde::{Deserialize, Serialize};

use crate::error::ValueError;
use crate::id::InstrumentId;
use crate::money::{Notional, Price, Quantity, Ratio};
use crate::order::Side;
use crate::time::{Timeframe, Timestamp};

/// A public print on the tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trade {
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Price.
    pub price: Price,
    /// Base quantity, above zero.
    pub quantity: Quantity,
    /// Side of the taker, where the venue says so.
    pub taker: Option<Side>,
}

/// Best bid and ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Highest bid.
    pub bid: Price,
    /// Quantity at the bid.
    pub bid_quantity: Quantity,
    /// Lowest ask.
    pub ask: Price,
    /// Quantity at the ask.
    pub ask_quantity: Quantity,
}

impl Quote {
    /// Halfway between bid and ask.
    ///
    /// # Errors
    /// Never for two prices in range.
    pub fn mid(&self) -> Result<Price, ValueError> {
        Price::new((self.bid.get() + self.ask.get()) / rust_decimal::Decimal::TWO)
    }
}

/// The rate of one funding payment. Positive means longs pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FundingRate {
    /// Instrument.
    pub instrument: InstrumentId,
    /// When it is paid.
    pub time: Timestamp,
    /// Share of notional for the whole interval.
    pub rate: Ratio,
    /// Oracle or mark price that the payment uses; the last known mark where absent.
    pub reference: Option<Price>,
}

/// The price that margin, liquidation and most triggers use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkPrice {
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Mark.
    pub mark: Price,
    /// Index or oracle price.
    pub index: Option<Price>,
}

/// Open interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenInterest {
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Base quantity outstanding.
    pub quantity: Quantity,
    /// Its value, where the venue says so.
    pub value: Option<Notional>,
}

/// Data that should be there is not: downtime, a lost message, minutes without a candle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// What is missing.
    pub topic: MarketTopic,
    /// First missing instant.
    pub from: Timestamp,
    /// First instant that is there again.
    pub to: Timestamp,
    /// Why, as a short code: `restart`, `overflow`, `sequence`, `no_trades`.
    pub cause: String,
}

/// What a strategy or a driver can listen to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketTopic {
    /// Closed candles.
    Candles(InstrumentId, Timeframe),
    /// Prints.
    Trades(InstrumentId),
    /// Best bid and ask.
    Quotes(InstrumentId),
    /// Order book.
    Book(InstrumentId),
    /// Mark, index and funding.
    Mark(InstrumentId),
}

impl MarketTopic {
    /// The instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        match self {
            Self::Candles(instrument, _)
            | Self::Trades(instrument)
            | Self::Quotes(instrument)
            | Self::Book(instrument)
            | Self::Mark(instrument) => instrument,
        }
    }
}
