//! Orders and account: the venue as an exchange.

mod execution;
mod history;
mod preflight;
mod stream;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, MarketData, MarketStream, SystemClock};
use qtp_core::{
    AccountId, Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic,
    OpenInterest, OrderBook, Timestamp, Venue,
};

use super::market::{BybitMarket, MarketSettings, PAGES};
use super::{Category, Requests, wire};
use crate::native::known::Known;
use crate::transport::{Credentials, Reply, Request, SocketSettings, VenueClock};

/// How to reach the venue, and as whom. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// Public data.
    pub market: MarketSettings,
    /// Spot or linear contracts.
    pub category: Category,
    /// Our name of the account.
    pub account: AccountId,
    /// Key and secret. It needs the right to trade, not to withdraw.
    pub credentials: Credentials,
    /// What is traded. An order is looked up by symbol: in these, in what [`preflight`] is asked about and in what
    /// orders are sent for.
    ///
    /// [`preflight`]: qtp_core::port::Execution::preflight
    pub instruments: Vec<InstrumentId>,
    /// The account's stream; the addresses end before the route (`/v5/private`).
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
        category: Category,
        account: AccountId,
        credentials: Credentials,
    ) -> Self {
        let account_socket = market.socket.clone();
        Self {
            market,
            category,
            account,
            credentials,
            instruments: Vec::new(),
            account_socket,
            receive_window: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Spot or linear contracts of a unified account, in one-way mode. A clone speaks of the same connection.
///
/// # Contract
/// - A submit is sent once, and an answer means only that the venue has taken it: what became of it comes on the
///   account's stream. An answer that was lost, or says nothing, is `OutcomeUnknown`; the order carries our id and ends
///   with the receive window, so a look-up tells.
/// - An order is looked up among the working ones and in history, in the instruments of the settings, of `preflight` and
///   of the orders sent. Without any, a look-up is an error: it could not tell that an order does not exist.
/// - Balances are those of the whole unified account, for spot and contracts alike.
#[derive(Clone)]
pub struct BybitExchange {
    inner: Arc<Inner>,
}

struct Inner {
    market: BybitMarket,
    requests: Requests,
    settings: ExchangeSettings,
    clock: VenueClock,
    known: Known,
}

impl fmt::Debug for BybitExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BybitExchange").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl BybitExchange {
    /// An exchange. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: ExchangeSettings) -> Result<Self, ExchangeError> {
        let market = BybitMarket::new(settings.category, settings.market.clone())?;
        let mut requests = Requests::new(settings.category, Some(settings.credentials.clone()));
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
    const fn linear(&self) -> bool {
        matches!(self.settings.category, Category::Linear)
    }

    /// The venue's time.
    async fn now(&self) -> Result<Timestamp, ExchangeError> {
        self.clock.synced(|| self.market.now()).await
    }

    /// Sends a signed request that may be repeated, each attempt with a time stamp of its own. A doubted time stamp is
    /// measured anew, once. The caller reads the code of the answer.
    async fn ask(
        &self,
        build: impl Fn(Timestamp) -> Result<Request, ExchangeError> + Send + Sync,
    ) -> Result<Reply, ExchangeError> {
        let mut doubted = false;
        loop {
            self.now().await?;
            let reply = self.market.http().read(|| build(self.clock.now())).await?;
            if doubted || !wire::is_clock_error(reply.text()) {
                return Ok(reply);
            }
            self.clock.doubt();
            doubted = true;
        }
    }

    /// Reads a list to its end.
    async fn pages<T>(
        &self,
        build: impl Fn(Option<&str>, Timestamp) -> Result<Request, ExchangeError> + Send + Sync,
        read: impl Fn(&str) -> Result<wire::Page<T>, ExchangeError> + Send + Sync,
    ) -> Result<Vec<T>, ExchangeError>
    where
        T: Send,
    {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let reply = self.ask(|at| build(cursor.as_deref(), at)).await?;
            let page = read(reply.text())?;
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(items);
            }
        }
        Err(crate::native::wrong("list", "pages", format!("more than {PAGES}")))
    }

    /// What contracts are settled in.
    async fn settles(&self) -> Result<BTreeSet<String>, ExchangeError> {
        let instruments = &self.market.catalogue().await?.instruments;
        Ok(instruments.iter().map(|instrument| instrument.settle.to_string()).collect())
    }
}

#[async_trait]
impl MarketData for BybitExchange {
    fn venue(&self) -> Venue {
        self.inner.market.venue()
    }

    /// With margin tiers, for contracts.
    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        let inner = &self.inner;
        let catalogue = inner.market.catalogue().await?;
        let mut instruments = catalogue.instruments.clone();
        if !inner.linear() {
            return Ok(instruments);
        }
        let build = |cursor: Option<&str>, _| Ok(inner.requests.margin_tiers(cursor));
        let tiers = inner.pages(build, wire::margin_tiers).await?;
        for instrument in &mut instruments {
            let native = catalogue.symbols.native("instruments", &instrument.id)?;
            let own = tiers.iter().filter(|(symbol, _)| symbol == native);
            instrument.margin_tiers = own.map(|(_, tier)| *tier).collect();
            instrument.margin_tiers.sort_by_key(|tier| tier.up_to);
            if let Some(last) = instrument.margin_tiers.last_mut() {
                // The venue takes no larger position: for us the last tier has no end.
                last.up_to = None;
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
