//! The venue's public data as [`MarketData`].

mod depth;
mod stream;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::{EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic, OpenInterest,
    OrderBook, Timestamp, Venue,
};
use tokio::sync::OnceCell;

use super::wire;
use super::{Product, Requests};
use crate::native::candles::{Backwards, PAGES, newest};
use crate::native::{Levels, Symbols};
use crate::transport::{Budget, Http, HttpSettings, Reply, Request, SocketSettings, UsageHeader};

/// Events that wait in a stream before the network does.
const STREAM_ROOM: usize = 4_096;

/// How to reach the venue.
#[derive(Debug, Clone)]
pub struct MarketSettings {
    /// Name of the venue in ids, such as `binance` or `binance-usdm`.
    pub venue: Venue,
    /// REST.
    pub http: HttpSettings,
    /// Streams; the addresses end before the route (`/stream`, `/public/ws`).
    pub socket: SocketSettings,
}

impl MarketSettings {
    /// The venue's own addresses and limits.
    pub fn new(venue: Venue, product: Product, testnet: bool) -> Self {
        let mut http = HttpSettings::new([product.rest_url(testnet)]);
        http.budget = Arc::new(Budget::new(product.limits()));
        http.usage = vec![UsageHeader { name: "x-mbx-used-weight-1m", limit: 0 }];
        let mut socket = SocketSettings::new([product.stream_url(testnet)]);
        // Five messages a second are taken.
        socket.pace = std::time::Duration::from_millis(250);
        Self { venue, http, socket }
    }
}

/// Market data of spot or USD-M futures. It needs no key.
///
/// # Contract
/// - A book of the stream has the best 20 levels, at most ten times a second, out of a snapshot and changes. Where a
///   change is missing a gap is told, and the book begins anew with the next snapshot.
/// - After a connection was lost a stream reports a gap of each topic; what was missed is read over REST.
pub struct BinanceMarket {
    product: Product,
    venue: Venue,
    http: Arc<Http>,
    requests: Requests,
    socket: SocketSettings,
    listed: OnceCell<Catalogue>,
}

pub(super) struct Catalogue {
    pub(super) instruments: Vec<Instrument>,
    pub(super) symbols: Arc<Symbols>,
}

impl fmt::Debug for BinanceMarket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinanceMarket").field("venue", &self.venue).finish_non_exhaustive()
    }
}

impl BinanceMarket {
    /// A market. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(product: Product, settings: MarketSettings) -> Result<Self, ExchangeError> {
        Ok(Self {
            product,
            venue: settings.venue,
            http: Arc::new(Http::new(settings.http)?),
            requests: Requests::new(product, None),
            socket: settings.socket,
            listed: OnceCell::new(),
        })
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    async fn read(&self, request: Request) -> Result<Reply, ExchangeError> {
        read(&self.http, request).await
    }

    /// What is traded, asked for once.
    pub(super) async fn catalogue(&self) -> Result<&Catalogue, ExchangeError> {
        let load = || async {
            let reply = self.read(self.requests.exchange_info()).await?;
            let listed = wire::instruments(reply.text(), self.product, &self.venue)?;
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

    /// All candles of the query, oldest page first.
    async fn all(&self, symbol: &str, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let now = self.now().await?;
        let end = query.end.min(now);
        let mut candles: Vec<Candle> = Vec::new();
        let mut start = query.start.max(Timestamp::EPOCH);
        for _ in 0..PAGES {
            if start >= end {
                break;
            }
            let interval = query.timeframe.to_string();
            let text = self.read(self.requests.candles(symbol, &interval, start, self.page())).await?;
            let mut page = wire::candles(text.text(), &query.instrument, query.timeframe, now)?;
            page.retain(|candle| candle.open_time() >= start && candle.open_time() < end);
            let Some(last) = page.last() else { break };
            start = last.close_time();
            candles.append(&mut page);
        }
        Ok(candles)
    }

    const fn page(&self) -> u32 {
        match self.product {
            Product::Spot => 1000,
            Product::UsdMargin => 1500,
        }
    }

    /// The venue's time: by our own clock a candle might seem closed that is not.
    pub(super) async fn now(&self) -> Result<Timestamp, ExchangeError> {
        wire::server_time(self.read(self.requests.time()).await?.text())
    }
}

/// An answer, or the venue's error.
async fn read(http: &Http, request: Request) -> Result<Reply, ExchangeError> {
    let reply = http.read(|| Ok(request.clone())).await?;
    match reply.is_success() {
        true => Ok(reply),
        false => Err(wire::error_of(request.operation, reply.status(), reply.text())),
    }
}

struct Pages<'a> {
    market: &'a BinanceMarket,
    symbol: &'a str,
    query: &'a CandleQuery,
    now: Timestamp,
}

#[async_trait]
impl Backwards for Pages<'_> {
    async fn before(&self, end: Timestamp, count: u32) -> Result<Vec<Candle>, ExchangeError> {
        let (market, timeframe) = (self.market, self.query.timeframe);
        let request = market.requests.candles_before(self.symbol, &timeframe.to_string(), end, count);
        let reply = market.read(request).await?;
        wire::candles(reply.text(), &self.query.instrument, timeframe, self.now)
    }

    fn page(&self) -> u32 {
        self.market.page()
    }
}

#[async_trait]
impl MarketData for BinanceMarket {
    fn venue(&self) -> Venue {
        self.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.catalogue().await?.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.native("candles", &query.instrument).await?;
        match query.limit {
            Some(limit) => {
                let now = self.now().await?;
                newest(&Pages { market: self, symbol, query, now }, query, limit, now).await
            }
            None => self.all(symbol, query).await,
        }
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        let symbol = self.native("order_book", instrument).await?;
        // The lengths that futures know; spot takes any.
        let steps = [5u32, 10, 20, 50, 100, 500, 1000];
        let limit = steps.into_iter().find(|step| *step as usize >= depth).unwrap_or(1000);
        let reply = self.read(self.requests.order_book(symbol, limit)).await?;
        let answer = wire::depth(reply.text())?;
        let mut levels = Levels::default();
        levels.apply(&answer.bids, &answer.asks);
        let time = match answer.time {
            Some(time) => time,
            None => self.now().await?,
        };
        Ok(levels.book(instrument.clone(), time, depth))
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        let symbol = self.native("funding_rate", instrument).await?;
        let reply = self.read(self.requests.premium(symbol)?).await?;
        Ok(wire::premium(reply.text(), &self.catalogue().await?.symbols)?.1)
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        let symbol = self.native("open_interest", instrument).await?;
        let reply = self.read(self.requests.open_interest(symbol)?).await?;
        wire::open_interest(reply.text(), &self.catalogue().await?.symbols)
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let symbols = Arc::clone(&self.catalogue().await?.symbols);
        let (sender, stream) = EventStream::channel(STREAM_ROOM);
        let (http, requests) = (Arc::clone(&self.http), self.requests.clone());
        let snapshots = depth::Snapshots { product: self.product, http, requests };
        stream::open(&snapshots, &self.socket, topics, &symbols, &sender)?;
        Ok(stream)
    }
}
