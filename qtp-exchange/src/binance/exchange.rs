//! Orders and account: the venue as an exchange.

mod execution;
mod history;
mod preflight;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, MarketData, MarketStream, SystemClock};
use qtp_core::{
    AccountId, Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic,
    OpenInterest, OrderBook, Timestamp, Venue,
};

use super::market::{BinanceMarket, MarketSettings};
use super::{Product, Requests, wire};
use crate::native::known::Known;
use crate::transport::{Credentials, Reply, Request, SocketSettings, VenueClock};

/// How to reach the venue, and as whom. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// Public data.
    pub market: MarketSettings,
    /// Spot or futures.
    pub product: Product,
    /// Play money.
    pub testnet: bool,
    /// Our name of the account.
    pub account: AccountId,
    /// Key and secret, or Ed25519 key. It needs the right to trade, not to withdraw.
    pub credentials: Credentials,
    /// What is traded. The venue tells orders and fills by symbol: only these, what [`preflight`] is asked about and
    /// what orders are sent for is looked at.
    ///
    /// [`preflight`]: qtp_core::port::Execution::preflight
    pub instruments: Vec<InstrumentId>,
    /// The account's stream.
    pub account_socket: SocketSettings,
    /// For how long after its time stamp the venue may act on a request. Clocks that lie further apart are an error.
    pub receive_window: Duration,
    /// Our time.
    pub clock: Arc<dyn Clock>,
}

impl ExchangeSettings {
    /// The venue's own addresses and limits; nothing is traded yet.
    pub fn new(
        market: MarketSettings,
        product: Product,
        testnet: bool,
        account: AccountId,
        credentials: Credentials,
    ) -> Self {
        let account_socket = SocketSettings::new([product.account_stream_url(testnet)]);
        Self {
            market,
            product,
            testnet,
            account,
            credentials,
            instruments: Vec::new(),
            account_socket,
            receive_window: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Spot or USD-M futures with an account, in one-way mode. A clone speaks of the same connection.
///
/// # Contract
/// - A submit is sent once. An answer that was lost, or says nothing, is `OutcomeUnknown`; the order carries our id and
///   ends with the receive window, so a look-up tells.
/// - Orders and fills are looked up in the instruments of the settings, of `preflight`, and of the orders sent.
///   Without any, a look-up is an error: it could not tell that an order does not exist.
/// - Conditional futures orders stand in a list of their own at the venue; look-ups, cancels and open orders cover both.
#[derive(Clone)]
pub struct BinanceExchange {
    inner: Arc<Inner>,
}

struct Inner {
    market: BinanceMarket,
    requests: Requests,
    settings: ExchangeSettings,
    clock: VenueClock,
    known: Known,
}

impl fmt::Debug for BinanceExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinanceExchange").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl BinanceExchange {
    /// An exchange. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: ExchangeSettings) -> Result<Self, ExchangeError> {
        let market = BinanceMarket::new(settings.product, settings.market.clone())?;
        let mut requests = Requests::new(settings.product, Some(settings.credentials.clone()));
        requests.receive_window = settings.receive_window;
        let known = Known::default();
        known.watch(&settings.instruments);
        let clock = VenueClock::new(Arc::clone(&settings.clock));
        Ok(Self { inner: Arc::new(Inner { market, requests, settings, clock, known }) })
    }

    /// Settings.
    pub fn settings(&self) -> &ExchangeSettings {
        &self.inner.settings
    }
}

impl Inner {
    const fn futures(&self) -> bool {
        matches!(self.settings.product, Product::UsdMargin)
    }

    /// The venue's time.
    async fn now(&self) -> Result<Timestamp, ExchangeError> {
        self.clock.synced(|| self.market.now()).await
    }

    /// Sends a signed request that may be repeated, each attempt with a time stamp of its own. A doubted time stamp is
    /// measured anew, once.
    async fn ask(
        &self,
        build: impl Fn(Timestamp) -> Result<Request, ExchangeError> + Send + Sync,
    ) -> Result<Reply, ExchangeError> {
        let mut doubted = false;
        loop {
            self.now().await?;
            let reply = self.market.http().read(|| build(self.clock.now())).await?;
            if reply.is_success() || doubted || !wire::is_clock_error(reply.text()) {
                return Ok(reply);
            }
            self.clock.doubt();
            doubted = true;
        }
    }

    /// As [`Self::ask`], where any refusal is an error.
    async fn read(
        &self,
        build: impl Fn(Timestamp) -> Result<Request, ExchangeError> + Send + Sync,
    ) -> Result<Reply, ExchangeError> {
        let reply = self.ask(build).await?;
        if reply.is_success() {
            Ok(reply)
        } else {
            Err(wire::error_of(reply.operation(), reply.status(), reply.text()))
        }
    }

    /// As [`Self::ask`]; `None` where the venue does not know the order.
    async fn find(
        &self,
        build: impl Fn(Timestamp) -> Result<Request, ExchangeError> + Send + Sync,
    ) -> Result<Option<Reply>, ExchangeError> {
        let reply = self.ask(build).await?;
        if reply.is_success() {
            return Ok(Some(reply));
        }
        match wire::error_of(reply.operation(), reply.status(), reply.text()) {
            error if wire::is_unknown_order(&error) => Ok(None),
            error => Err(error),
        }
    }
}

#[async_trait]
impl MarketData for BinanceExchange {
    fn venue(&self) -> Venue {
        self.inner.market.venue()
    }

    /// With the account's margin tiers, for futures.
    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        let inner = &self.inner;
        let catalogue = inner.market.catalogue().await?;
        let mut instruments = catalogue.instruments.clone();
        if inner.futures() {
            let reply = inner.read(|at| inner.requests.leverage_brackets(at)).await?;
            let mut tiers = wire::margin_tiers(reply.text())?;
            for instrument in &mut instruments {
                let native = catalogue.symbols.native("instruments", &instrument.id)?;
                instrument.margin_tiers = tiers.remove(native).unwrap_or_default();
            }
        }
        Ok(instruments)
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.inner.market.candles(query).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        self.inner.market.order_book(instrument, depth).await
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        self.inner.market.funding_rate(instrument).await
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        self.inner.market.open_interest(instrument).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.inner.market.subscribe(topics).await
    }
}
