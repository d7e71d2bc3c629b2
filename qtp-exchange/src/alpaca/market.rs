//! The venue's data as [`MarketData`].

mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, Instrument, InstrumentId, MarketTopic, OrderBook, Timeframe,
    Timestamp, Venue,
};
use tokio::sync::OnceCell;

use super::wire::{self, MarketClock, Session};
use super::{AssetClass, DATA_STREAM_URL, DATA_URL, Requests, limits, trading_url};
use crate::native::Symbols;
use crate::native::candles::{Backwards, newest};
use crate::polled::{self, Hours, PollSettings, Scope};
use crate::transport::{Budget, Http, HttpSettings, Reply, Request, SocketSettings};

/// Events that wait in a stream before the network does.
const STREAM_ROOM: usize = 4_096;
/// Candles of one answer.
const PAGE: u32 = 10_000;
/// Answers to one question: the venue may break one into several.
const PAGES: usize = 1_000;

/// How to reach the venue, and with which key. `Debug` shows no key.
#[derive(Clone)]
pub struct MarketSettings {
    /// Name of the venue in ids, such as `alpaca`.
    pub venue: Venue,
    /// Stocks or crypto.
    pub class: AssetClass,
    /// Id and secret of the key. Live and paper have different ones.
    pub key: Option<(String, String)>,
    /// Where stock data comes from: `iex` without a plan, `sip` for the whole market.
    pub feed: String,
    /// The trading host, which lists assets and sessions.
    pub trading: HttpSettings,
    /// The data host.
    pub data: HttpSettings,
    /// Data streams; the addresses end before the route (`/v2/iex`).
    pub socket: SocketSettings,
    /// When candles are asked for that the venue does not stream. The hours follow from `class`.
    pub polling: PollSettings,
}

impl fmt::Debug for MarketSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MarketSettings")
            .field("venue", &self.venue)
            .field("class", &self.class)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .field("feed", &self.feed)
            .finish_non_exhaustive()
    }
}

impl MarketSettings {
    /// The venue's own addresses and limits; the free feed.
    pub fn new(venue: Venue, class: AssetClass, paper: bool, key: Option<(String, String)>) -> Self {
        let http = |url: &str| {
            let mut http = HttpSettings::new([url]);
            http.budget = Arc::new(Budget::new(limits()));
            http
        };
        Self {
            venue,
            class,
            key,
            feed: "iex".to_owned(),
            trading: http(trading_url(paper)),
            data: http(DATA_URL),
            socket: SocketSettings::new([DATA_STREAM_URL]),
            polling: PollSettings { delay: Duration::from_secs(1), ..PollSettings::default() },
        }
    }
}

/// Market data of US stocks or crypto.
///
/// # Contract
/// - Candles are unadjusted. Where nothing was traded there is none: minutes without a trade, and all time outside
///   sessions, are missing.
/// - Streams carry prints, best bid and ask, and candles of a minute. Other widths are asked for once they have closed, as
///   [`Polled`](crate::polled::Polled) does.
///
/// A clone speaks of the same connections.
#[derive(Clone)]
pub struct AlpacaMarket {
    class: AssetClass,
    venue: Venue,
    feed: String,
    trading: Arc<Http>,
    data: Arc<Http>,
    requests: Arc<Requests>,
    socket: SocketSettings,
    polling: PollSettings,
    listed: Arc<OnceCell<Catalogue>>,
}

pub(super) struct Catalogue {
    pub(super) instruments: Vec<Instrument>,
    pub(super) symbols: Arc<Symbols>,
    /// By the names that positions have: crypto without its slash.
    pub(super) plain: Symbols,
}

impl fmt::Debug for AlpacaMarket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlpacaMarket").field("venue", &self.venue).finish_non_exhaustive()
    }
}

impl AlpacaMarket {
    /// A market. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: MarketSettings) -> Result<Self, ExchangeError> {
        let key = settings.key.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
        let mut requests = Requests::new(settings.class, key);
        requests.feed = Some(settings.feed.clone());
        Ok(Self {
            class: settings.class,
            venue: settings.venue,
            feed: settings.feed,
            trading: Arc::new(Http::new(settings.trading)?),
            data: Arc::new(Http::new(settings.data)?),
            requests: Arc::new(requests),
            socket: settings.socket,
            polling: settings.polling,
            listed: Arc::new(OnceCell::new()),
        })
    }

    /// Whether the market is open, and when it opens or closes next.
    ///
    /// # Errors
    /// As every read.
    pub async fn clock(&self) -> Result<MarketClock, ExchangeError> {
        wire::market_clock(self.ask(self.requests.clock()?).await?.text())
    }

    /// Regular sessions of these days, both included, such as `2024-01-31`, ascending.
    ///
    /// # Errors
    /// As every read.
    pub async fn calendar(&self, first: &str, last: &str) -> Result<Vec<Session>, ExchangeError> {
        wire::calendar(self.ask(self.requests.calendar(first, last)?).await?.text())
    }

    pub(super) fn requests(&self) -> &Requests {
        &self.requests
    }

    pub(super) fn trading(&self) -> &Http {
        &self.trading
    }

    /// Asks the trading host.
    pub(super) async fn ask(&self, request: Request) -> Result<Reply, ExchangeError> {
        succeeded(self.trading.read(|| Ok(request.clone())).await?)
    }

    async fn read(&self, request: Request) -> Result<Reply, ExchangeError> {
        succeeded(self.data.read(|| Ok(request.clone())).await?)
    }

    /// What is traded, asked for once.
    pub(super) async fn catalogue(&self) -> Result<&Catalogue, ExchangeError> {
        let load = || async {
            let reply = self.ask(self.requests.assets()?).await?;
            let listed = wire::instruments(reply.text(), self.class, &self.venue)?;
            let names = || listed.iter().map(|(native, instrument)| (native.clone(), instrument));
            let plain: Vec<_> =
                names().map(|(native, instrument)| (native.replace('/', ""), instrument)).collect();
            let plain = Symbols::new(plain.iter().map(|(native, instrument)| (native.as_str(), *instrument)));
            let symbols = listed.iter().map(|(native, instrument)| (native.as_str(), instrument));
            let symbols = Arc::new(Symbols::new(symbols));
            let instruments = listed.into_iter().map(|(_, instrument)| instrument).collect();
            Ok(Catalogue { instruments, symbols, plain })
        };
        self.listed.get_or_try_init(load).await
    }

    pub(super) async fn native(
        &self,
        operation: &'static str,
        id: &InstrumentId,
    ) -> Result<&str, ExchangeError> {
        self.catalogue().await?.symbols.native(operation, id)
    }
}

pub(super) fn succeeded(reply: Reply) -> Result<Reply, ExchangeError> {
    if reply.is_success() {
        return Ok(reply);
    }
    Err(wire::error_of(reply.operation(), reply.status(), reply.text()))
}

struct Pages<'a> {
    market: &'a AlpacaMarket,
    symbol: &'a str,
    query: &'a CandleQuery,
    now: Timestamp,
}

#[async_trait]
impl Backwards for Pages<'_> {
    async fn before(&self, end: Timestamp, count: u32) -> Result<Vec<Candle>, ExchangeError> {
        let (market, timeframe) = (self.market, self.query.timeframe);
        let symbols = &market.catalogue().await?.symbols;
        let stretch = (self.query.start.max(Timestamp::EPOCH), end);
        let (mut candles, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let request =
                market.requests.candles_before(self.symbol, timeframe, stretch, count, token.as_deref())?;
            let page = wire::candles(market.read(request).await?.text(), symbols, timeframe, self.now)?;
            candles.extend(page.items);
            token = page.next;
            if token.is_none() || candles.len() >= count as usize {
                break;
            }
        }
        candles.sort_by_key(Candle::open_time);
        Ok(candles)
    }

    fn page(&self) -> u32 {
        PAGE
    }
}

#[async_trait]
impl MarketData for AlpacaMarket {
    fn venue(&self) -> Venue {
        self.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.catalogue().await?.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.native("candles", &query.instrument).await?;
        let now = self.clock().await?.time;
        let pages = Pages { market: self, symbol, query, now };
        newest(&pages, query, query.limit.unwrap_or(usize::MAX), now).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        let symbol = self.native("order_book", instrument).await?;
        let reply = self.read(self.requests.order_book(symbol)?).await?;
        wire::order_book(reply.text(), symbol, instrument, depth)
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let symbols = Arc::clone(&self.catalogue().await?.symbols);
        let (sender, stream) = EventStream::channel(STREAM_ROOM);
        let route = match self.class {
            AssetClass::Stock => format!("/v2/{}", self.feed),
            AssetClass::Crypto => "/v1beta3/crypto/us".to_owned(),
        };
        let login = self.requests.stream_login(false)?;
        let wide = |topic: &MarketTopic| match topic {
            MarketTopic::Candles(_, timeframe) => *timeframe != Timeframe::M1,
            _ => false,
        };
        let (asked, streamed): (Vec<_>, Vec<_>) = topics.iter().cloned().partition(wide);
        for topic in &asked {
            symbols.native("subscribe", topic.instrument())?;
        }
        if !asked.is_empty() {
            let hours = match self.class {
                AssetClass::Stock => |_: &InstrumentId| Hours::NewYork,
                AssetClass::Crypto => |_: &InstrumentId| Hours::Always,
            };
            let settings = PollSettings { hours, ..self.polling.clone() };
            polled::start(Arc::new(self.clone()), settings, &asked, (sender.clone(), Scope::Topics))?;
        }
        if !streamed.is_empty() {
            stream::open(&self.socket, &route, login, (&streamed, &symbols), sender)?;
        }
        Ok(stream)
    }
}
