//! Orders and account: the venue as an exchange.

mod execution;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, Finding, MarketData, MarketStream, SystemClock};
use qtp_core::{
    AccountId, Candle, CandleQuery, ClientOrderId, ExchangeError, Fill, Instrument, InstrumentId,
    MarketTopic, OrderBook, OrderReport, Timestamp, Venue, VenueOrderId,
};

use super::market::{AlpacaMarket, MarketSettings, succeeded};
use super::{AssetClass, account_stream_url, wire};
use crate::native::known::{Known, Owner};
use crate::transport::{Reply, Request, SocketSettings, VenueClock};

/// Clocks that lie further apart are worth a word; requests carry no time here.
const OFFSET_WARNING: Duration = Duration::from_secs(2);

/// How to reach the venue, and as whom. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// Market data, key and hosts.
    pub market: MarketSettings,
    /// Our name of the account.
    pub account: AccountId,
    /// The account's stream.
    pub account_socket: SocketSettings,
    /// Our time.
    pub clock: Arc<dyn Clock>,
}

impl ExchangeSettings {
    /// The venue's own addresses, of paper or live trading.
    pub fn new(market: MarketSettings, paper: bool, account: AccountId) -> Self {
        let account_socket = SocketSettings::new([account_stream_url(paper)]);
        Self { market, account, account_socket, clock: Arc::new(SystemClock) }
    }
}

/// US stocks or crypto with an account, live or paper. A clone speaks of the same connection.
///
/// # Contract
/// - A submit is sent once, with our id. The venue has no field for the end of a request: an order whose answer was lost
///   may appear late, and is absent only after it was looked for twice.
/// - Only sales of what is held: an order that may only reduce is sent as a sale, since the venue has no such flag.
///   `preflight` refuses an account that could open a short position by it.
/// - A bracket goes out as one request. Its exits have ids of the venue's own, which are ours only while this value
///   lives; therefore the engine is not offered brackets.
/// - Commissions are zero; regulatory fees are booked by the venue at the end of the day and show as a difference.
#[derive(Clone)]
pub struct AlpacaExchange {
    inner: Arc<Inner>,
}

struct Inner {
    market: AlpacaMarket,
    settings: ExchangeSettings,
    clock: VenueClock,
    known: Known,
}

impl fmt::Debug for AlpacaExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlpacaExchange").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl AlpacaExchange {
    /// An exchange. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: ExchangeSettings) -> Result<Self, ExchangeError> {
        let market = AlpacaMarket::new(settings.market.clone())?;
        let clock = VenueClock::new(Arc::clone(&settings.clock));
        Ok(Self { inner: Arc::new(Inner { market, settings, clock, known: Known::default() }) })
    }

    /// Settings.
    pub fn settings(&self) -> &ExchangeSettings {
        &self.inner.settings
    }

    /// Market data with the session's clock and calendar.
    pub fn market(&self) -> &AlpacaMarket {
        &self.inner.market
    }
}

impl Inner {
    /// The venue's time.
    async fn now(&self) -> Result<Timestamp, ExchangeError> {
        self.clock.synced(|| async { Ok(self.market.clock().await?.time) }).await
    }

    /// Asks; `None` where there is no such thing.
    async fn find(&self, request: Request) -> Result<Option<Reply>, ExchangeError> {
        let reply = self.market.trading().read(|| Ok(request.clone())).await?;
        if reply.status() == 404 { Ok(None) } else { succeeded(reply).map(Some) }
    }

    /// Our id of an order that the venue named itself: an exit of a bracket.
    fn own(&self, report: &mut OrderReport) {
        let Some(number) = &report.venue_order_id else { return };
        match (report.client_order_id, self.known.owner(number)) {
            (None, Some(owner)) => report.client_order_id = owner.client_order_id,
            (Some(id), None) => self.remember(number, Some(id)),
            _ => {}
        }
    }

    fn remember(&self, number: &VenueOrderId, client_order_id: Option<ClientOrderId>) {
        self.known.owned(number, Owner { client_order_id, external: None });
    }

    /// Puts our id on a fill, or why it is not ours.
    async fn claim(&self, fill: &mut Fill) -> Result<(), ExchangeError> {
        use qtp_core::ExternalCause::{Manual, Unknown};
        let Some(number) = fill.venue_order_id.clone() else { return Ok(()) };
        let found = match self.known.owner(&number) {
            Some(owner) => Some(owner.client_order_id),
            None => match self.find(self.market.requests().order(number.as_str())?).await? {
                Some(reply) => {
                    let (symbols, account) =
                        (&self.market.catalogue().await?.symbols, &self.settings.account);
                    let orders = wire::orders("fills_since", reply.text(), symbols, account)?;
                    let id = orders.first().and_then(|order| order.client_order_id);
                    self.remember(&number, id);
                    Some(id)
                }
                None => None,
            },
        };
        fill.client_order_id = found.flatten();
        fill.external = match found {
            Some(Some(_)) => None,
            Some(None) => Some(Manual),
            None => Some(Unknown),
        };
        Ok(())
    }

    /// Looks at clock, account and session, and changes nothing.
    async fn inspect(&self) -> Result<Vec<Finding>, ExchangeError> {
        let (now, mut found) = (self.now().await?, Vec::new());
        let (offset, behind) = self.clock.offset();
        if offset > OFFSET_WARNING {
            let side = if behind { "behind" } else { "ahead of" };
            found.push(Finding::warn("clock", format!("our clock is {offset:?} {side} the venue's")));
        }
        let reply = self.market.ask(self.market.requests().account()?).await?;
        let account = wire::account_settings(reply.text())?;
        if account.status != "ACTIVE" || account.account_blocked || account.trading_blocked {
            let words = format!("the account may not trade: {}", account.status);
            found.push(Finding::refuse("account_blocked", words));
        }
        if account.pattern_day_trader {
            found.push(Finding::warn("pattern_day_trader", "the account is marked for day trading"));
        }
        if self.settings.market.class == AssetClass::Stock {
            if account.shorting_enabled {
                let words = "the venue has no orders that only reduce, so an exit could open a short position: \
                             switch short selling off in the account's settings (no_shorting)";
                found.push(Finding::refuse("shorting_enabled", words));
            }
            let clock = self.market.clock().await?;
            if !clock.is_open {
                let words = format!("the market is closed at {now} and opens {}", clock.next_open);
                found.push(Finding::warn("market_closed", words));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl MarketData for AlpacaExchange {
    fn venue(&self) -> Venue {
        self.inner.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.inner.market.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.inner.market.candles(query).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        self.inner.market.order_book(instrument, depth).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.inner.market.subscribe(topics).await
    }
}
