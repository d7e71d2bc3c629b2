//! The venue's public data as [`MarketData`].

mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic, OpenInterest,
    OrderBook, Timeframe, Timestamp, Venue,
};
use tokio::sync::OnceCell;

use super::request::interval;
use super::{Category, Requests, limits, rest_url, socket_url, wire};
use crate::native::Symbols;
use crate::native::candles::{Backwards, newest};
use crate::transport::{Budget, Heartbeat, Http, HttpSettings, Reply, Request, SocketSettings};

/// Events that wait in a stream before the network does.
const STREAM_ROOM: usize = 4_096;
/// Candles of one answer.
const PAGE: u32 = 1_000;
/// Pages of one list.
pub(super) const PAGES: usize = 1_000;
/// Widths of candles that the venue has, in minutes.
const MINUTES: [u64; 12] = [1, 3, 5, 15, 30, 60, 120, 240, 360, 720, 1_440, 10_080];

/// How to reach the venue.
#[derive(Debug, Clone)]
pub struct MarketSettings {
    /// Name of the venue in ids, such as `bybit` or `bybit-linear`.
    pub venue: Venue,
    /// REST.
    pub http: HttpSettings,
    /// Streams; the addresses end before the route (`/v5/public/linear`).
    pub socket: SocketSettings,
}

impl MarketSettings {
    /// The venue's own addresses and limits.
    pub fn new(venue: Venue, testnet: bool) -> Self {
        let mut http = HttpSettings::new([rest_url(testnet)]);
        http.budget = Arc::new(Budget::new(limits()));
        let mut socket = SocketSettings::new([socket_url(testnet)]);
        socket.heartbeat = Heartbeat::Text(r#"{"op":"ping"}"#.to_owned());
        socket.heartbeat_every = Duration::from_secs(20);
        socket.stale_after = Duration::from_secs(45);
        Self { venue, http, socket }
    }
}

/// Market data of spot or linear contracts. It needs no key.
///
/// # Contract
/// - A book is kept from the venue's snapshot and changes, the best 50 levels; after a gap in its numbers it is asked
///   for anew, and a gap is told.
/// - After a connection was lost a stream reports a gap of each topic; what was missed is read over REST.
pub struct BybitMarket {
    category: Category,
    venue: Venue,
    http: Http,
    requests: Requests,
    socket: SocketSettings,
    listed: OnceCell<Catalogue>,
}

pub(super) struct Catalogue {
    pub(super) instruments: Vec<Instrument>,
    pub(super) symbols: Arc<Symbols>,
}

impl fmt::Debug for BybitMarket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BybitMarket").field("venue", &self.venue).finish_non_exhaustive()
    }
}

impl BybitMarket {
    /// A market. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(category: Category, settings: MarketSettings) -> Result<Self, ExchangeError> {
        Ok(Self {
            category,
            venue: settings.venue,
            http: Http::new(settings.http)?,
            requests: Requests::new(category, None),
            socket: settings.socket,
            listed: OnceCell::new(),
        })
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    /// An answer whose code the caller reads: HTTP says 200 of refusals too.
    pub(super) async fn read(&self, request: Request) -> Result<Reply, ExchangeError> {
        self.http.read(|| Ok(request.clone())).await
    }

    /// What is traded, asked for once.
    pub(super) async fn catalogue(&self) -> Result<&Catalogue, ExchangeError> {
        let load = || async {
            let (mut listed, mut cursor) = (Vec::new(), None);
            for _ in 0..PAGES {
                let reply = self.read(self.requests.instruments(cursor.as_deref())).await?;
                let page = wire::instruments(reply.text(), self.category, &self.venue)?;
                listed.extend(page.items);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            let names = listed.iter().map(|listed| (listed.native.as_str(), &listed.instrument));
            let symbols = Arc::new(Symbols::new(names));
            let instruments = listed.into_iter().map(|listed| listed.instrument).collect();
            Ok(Catalogue { instruments, symbols })
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

    /// The venue's time: by our own clock a candle might seem closed that is not.
    pub(super) async fn now(&self) -> Result<Timestamp, ExchangeError> {
        wire::server_time(self.read(self.requests.time()).await?.text())
    }

    fn linear(&self, operation: &'static str, what: &str) -> Result<(), ExchangeError> {
        match self.category {
            Category::Linear => Ok(()),
            Category::Spot => Err(ExchangeError::Unsupported { operation, what: format!("{what} of spot") }),
        }
    }
}

/// The venue's word for a width.
fn width(operation: &'static str, timeframe: Timeframe) -> Result<String, ExchangeError> {
    let seconds = timeframe.as_duration().as_secs();
    let known = seconds.is_multiple_of(60) && MINUTES.contains(&(seconds / 60));
    if known && Duration::from_secs(seconds) == timeframe.as_duration() {
        return Ok(interval(timeframe));
    }
    Err(ExchangeError::Unsupported { operation, what: format!("candles of {timeframe}") })
}

struct Pages<'a> {
    market: &'a BybitMarket,
    symbol: &'a str,
    query: &'a CandleQuery,
    now: Timestamp,
}

#[async_trait]
impl Backwards for Pages<'_> {
    async fn before(&self, end: Timestamp, count: u32) -> Result<Vec<Candle>, ExchangeError> {
        let (market, timeframe) = (self.market, self.query.timeframe);
        let reply = market.read(market.requests.candles_before(self.symbol, timeframe, end, count)).await?;
        wire::candles(reply.text(), &self.query.instrument, timeframe, self.now)
    }

    fn page(&self) -> u32 {
        PAGE
    }
}

#[async_trait]
impl MarketData for BybitMarket {
    fn venue(&self) -> Venue {
        self.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.catalogue().await?.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.native("candles", &query.instrument).await?;
        width("candles", query.timeframe)?;
        let now = self.now().await?;
        let pages = Pages { market: self, symbol, query, now };
        newest(&pages, query, query.limit.unwrap_or(usize::MAX), now).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        let symbol = self.native("order_book", instrument).await?;
        let longest = if self.category == Category::Spot { 200 } else { 500 };
        let limit = u32::try_from(depth).unwrap_or(u32::MAX).clamp(1, longest);
        let reply = self.read(self.requests.order_book(symbol, limit)).await?;
        wire::order_book(reply.text(), &self.catalogue().await?.symbols, depth)
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        self.linear("funding_rate", "funding")?;
        let symbol = self.native("funding_rate", instrument).await?;
        wire::funding_rate(self.read(self.requests.ticker(symbol)).await?.text(), instrument)
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        self.linear("open_interest", "open interest")?;
        let symbol = self.native("open_interest", instrument).await?;
        let now = self.now().await?;
        wire::open_interest(self.read(self.requests.ticker(symbol)).await?.text(), instrument, now)
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let symbols = Arc::clone(&self.catalogue().await?.symbols);
        let (sender, stream) = EventStream::channel(STREAM_ROOM);
        stream::open(self.category, &self.socket, topics, &symbols, sender)?;
        Ok(stream)
    }
}
