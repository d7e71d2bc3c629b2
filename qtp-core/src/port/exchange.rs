//! Our connection to a venue.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{AccountStream, MarketStream};
use crate::error::ExchangeError;
use crate::event::Reason;
use crate::id::{AccountId, ClientOrderId, InstrumentId, Venue, VenueOrderId};
use crate::instrument::{Instrument, VenueCapabilities};
use crate::market::{Candle, CandleQuery, FundingRate, MarketTopic, OpenInterest, OrderBook};
use crate::money::Quantity;
use crate::order::{CancelRequest, Fill, LeverageRequest, ModifyRequest, OrderGroup, OrderReport};
use crate::risk::Approved;
use crate::time::Timestamp;

/// What a venue says of the market.
///
/// # Contract
/// - Candles are closed ones, ascending by open time, without duplicates.
/// - Reads may be retried by the implementation; cancel safe throughout.
/// - A stream reports gaps, reconnects and lag as events of its own; it never hides them.
#[async_trait]
pub trait MarketData: Send + Sync {
    /// The venue.
    fn venue(&self) -> Venue;

    /// All instruments.
    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError>;

    /// Closed candles.
    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError>;

    /// The book's best `depth` levels a side.
    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        let _ = (instrument, depth);
        Err(ExchangeError::Unsupported { operation: "order_book", what: "order books".into() })
    }

    /// The rate of the next funding payment.
    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        let _ = instrument;
        Err(ExchangeError::Unsupported { operation: "funding_rate", what: "funding".into() })
    }

    /// Open interest.
    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        let _ = instrument;
        Err(ExchangeError::Unsupported { operation: "open_interest", what: "open interest".into() })
    }

    /// Live events of these topics, from now on.
    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError>;
}

/// The venue's answer to a submit, one an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAck {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// The venue's id.
    pub venue_order_id: Option<VenueOrderId>,
}

/// An account at one instant, as the venue sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSnapshot {
    /// Account.
    pub account: AccountId,
    /// The venue's time.
    pub time: Timestamp,
    /// Balances by currency.
    pub balances: crate::account::Totals,
    /// Net quantities by instrument; flat ones may be left out.
    pub positions: BTreeMap<InstrumentId, Quantity>,
}

/// How much a [`Finding`] weighs, the heavier first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No order may leave.
    Refuse,
    /// An operator should know.
    Warn,
}

/// Something that was found before a run could send its first order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Weight.
    pub severity: Severity,
    /// What it is, and why.
    pub reason: Reason,
}

impl Finding {
    /// No order may leave.
    pub fn refuse(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Refuse, reason: Reason::new(code, message) }
    }

    /// An operator should know.
    pub fn warn(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warn, reason: Reason::new(code, message) }
    }
}

/// Orders and account at a venue.
///
/// # Contract
/// - `submit` is sent at most once. If its outcome is not known it returns
///   [`ExchangeError::OutcomeUnknown`] and never tries again. Its future must be driven to the end: dropping it
///   leaves the outcome unknown.
/// - `cancel` is idempotent: an order that is gone is not an error.
/// - Reports and fills of what was submitted arrive on the account stream; nothing on it is ever dropped.
/// - `fills_since` is inclusive, ascending and complete; callers deduplicate by trade id.
#[async_trait]
pub trait Execution: Send + Sync {
    /// The account.
    fn account(&self) -> AccountId;

    /// What the venue can do.
    fn capabilities(&self) -> VenueCapabilities;

    /// What only this venue can tell before a live run: role and expiry of the key, position and margin mode, what a
    /// mainnet must not be used for yet. Reads only: nothing is switched.
    async fn preflight(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        let _ = instruments;
        Ok(Vec::new())
    }

    /// Sends orders that passed the gate.
    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError>;

    /// Changes an order in place.
    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        let _ = request;
        Err(ExchangeError::Unsupported { operation: "modify", what: "changing an order in place".into() })
    }

    /// Sets leverage and margin mode.
    async fn set_leverage(&self, request: &Approved<LeverageRequest>) -> Result<(), ExchangeError> {
        let _ = request;
        Err(ExchangeError::Unsupported { operation: "set_leverage", what: "leverage".into() })
    }

    /// Cancels an order.
    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError>;

    /// Looks one order up; `None` if the venue does not know it.
    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError>;

    /// All working orders of the account, ours or not.
    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError>;

    /// Executions since an instant.
    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError>;

    /// The account at one instant.
    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError>;

    /// Live account events, from now on.
    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError>;
}

/// Both halves. Implement them; this comes by itself.
pub trait Exchange: MarketData + Execution {}

impl<T: MarketData + Execution + ?Sized> Exchange for T {}

#[async_trait]
impl<T: MarketData + ?Sized> MarketData for Arc<T> {
    fn venue(&self) -> Venue {
        (**self).venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        (**self).instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        (**self).candles(query).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        (**self).order_book(instrument, depth).await
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        (**self).funding_rate(instrument).await
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        (**self).open_interest(instrument).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        (**self).subscribe(topics).await
    }
}
