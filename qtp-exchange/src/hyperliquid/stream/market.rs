//! Market data.

use std::collections::HashMap;
use std::sync::Arc;

use qtp_core::port::{Clock, EventStream, MarketStream, StreamSender};
use qtp_core::{
    Candle, CandleBatch, Event, ExchangeError, Gap, InstrumentId, MarketTopic, Reason, Timeframe, Timestamp,
};
use serde::Deserialize;
use serde_json::json;

use super::{Message, Opened, open};
use crate::figures::Figures;
use crate::hyperliquid::client::interval;
use crate::hyperliquid::payload::{self, AssetContext, CoinBook, unread};
use crate::hyperliquid::{Catalogue, HyperliquidConfig};
use crate::transport::{Socket, SocketEvent};

const OPERATION: &str = "subscribe";
/// Events that wait for the reader; what does not fit is a gap.
const ROOM: usize = 4096;
/// Levels of a book.
const DEPTH: usize = 20;

/// Opens a stream of these topics.
pub(in crate::hyperliquid) async fn market(
    config: &HyperliquidConfig,
    catalogue: Arc<Catalogue>,
    topics: &[MarketTopic],
) -> Result<MarketStream, ExchangeError> {
    let mut routes = HashMap::new();
    let mut subscriptions = Vec::new();
    for topic in topics {
        let coin = catalogue.instrument(OPERATION, topic.instrument())?.coin.clone();
        let (channel, subscription) = match topic {
            MarketTopic::Candles(_, timeframe) => {
                let interval = interval(OPERATION, *timeframe)?;
                let key = format!("candle {interval}");
                (key, json!({"type": "candle", "coin": coin, "interval": interval}))
            }
            MarketTopic::Trades(_) => ("trades".to_owned(), json!({"type": "trades", "coin": coin})),
            MarketTopic::Quotes(_) => ("bbo".to_owned(), json!({"type": "bbo", "coin": coin})),
            MarketTopic::Book(_) => ("l2Book".to_owned(), json!({"type": "l2Book", "coin": coin})),
            MarketTopic::Mark(_) => {
                ("activeAssetCtx".to_owned(), json!({"type": "activeAssetCtx", "coin": coin}))
            }
        };
        let subscription = subscription.to_string();
        if !subscriptions.contains(&subscription) {
            subscriptions.push(subscription);
        }
        let figures = Figures::default();
        let route = Route { topic: topic.clone(), last: None, forming: None, lost: None, figures };
        routes.insert((channel, coin), route);
    }
    let Opened { socket, early } = open(OPERATION, config, &subscriptions).await?;
    let (sender, stream) = EventStream::channel(ROOM);
    let feed = Feed { routes, sender, clock: Arc::clone(&config.clock), down: None };
    drop(tokio::spawn(feed.run(socket, early)));
    Ok(stream)
}

/// Where messages of one channel and coin go.
#[derive(Debug)]
struct Route {
    topic: MarketTopic,
    /// Time of the last event.
    last: Option<Timestamp>,
    /// The candle that is not closed yet.
    forming: Option<Candle>,
    /// Since when events are lost because nobody reads.
    lost: Option<Timestamp>,
    figures: Figures,
}

struct Feed {
    routes: HashMap<(String, String), Route>,
    sender: StreamSender,
    clock: Arc<dyn Clock>,
    /// Since when there is no connection.
    down: Option<Timestamp>,
}

impl Feed {
    async fn run(mut self, mut socket: Socket, early: Vec<String>) {
        for text in early {
            if self.message(&text).await.is_err() {
                return;
            }
        }
        while let Some(event) = socket.next().await {
            let done = match event {
                SocketEvent::Message(text) => self.message(&text).await,
                SocketEvent::Connected { .. } => self.connected().await,
                SocketEvent::Disconnected { cause } => self.disconnected(&cause.to_string()).await,
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// Fails if nobody reads any more.
    async fn message(&mut self, text: &str) -> Result<(), ExchangeError> {
        match self.read(text) {
            Ok(()) => Ok(()),
            Err(ExchangeError::Closed { operation }) => Err(ExchangeError::Closed { operation }),
            Err(error) => {
                // What cannot be read is missing: whoever reads must know, and go on from there.
                self.tell(false, "unreadable", &error.to_string()).await?;
                self.tell(true, "reading_on", "after an unreadable message").await
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<(), ExchangeError> {
        if let Some(book) = CoinBook::of_message(text, DEPTH) {
            self.book(book);
            return Ok(());
        }
        let (channel, data) = Message::read(OPERATION, text)?;
        let now = self.clock.now();
        match channel {
            "candle" => self.candle(data),
            "trades" => self.each(channel, data, |data, id| {
                let trades = payload::trades(data, id)?;
                Ok(trades.into_iter().map(|trade| (trade.time, Event::Trade(trade))).collect())
            }),
            "bbo" => self.each(channel, data, |data, id| {
                let quote = payload::quote(data, id)?;
                Ok(quote.into_iter().map(|quote| (quote.time, Event::Quote(quote))).collect())
            }),
            "l2Book" => self.each(channel, data, |data, id| {
                let book = payload::book(data, id, DEPTH)?;
                Ok(vec![(book.time, Event::Book(book))])
            }),
            "activeAssetCtx" | "activeSpotAssetCtx" => self.each("activeAssetCtx", data, |data, id| {
                #[derive(Deserialize)]
                struct Context<'a> {
                    #[serde(borrow)]
                    ctx: &'a serde_json::value::RawValue,
                }
                let Context { ctx } =
                    serde_json::from_str(data).map_err(|error| unread(OPERATION, "activeAssetCtx", error))?;
                let context = AssetContext::read(ctx.get(), id, now)?;
                let mark = context.mark.map(|mark| (now, Event::Mark(mark)));
                let funding = context.funding.map(|funding| (now, Event::FundingRate(funding)));
                let open = context.open_interest.map(|open| (now, Event::OpenInterest(open)));
                Ok(mark.into_iter().chain(funding).chain(open).collect())
            }),
            "error" => Err(super::refused(OPERATION, data)),
            _ => Ok(()),
        }
    }

    fn book(&mut self, book: CoinBook<'_>) {
        let key = ("l2Book".to_owned(), book.coin().to_owned());
        let Some(route) = self.routes.get_mut(&key) else { return };
        let book = book.of(route.topic.instrument());
        route.send(&self.sender, book.time, Event::Book(book));
    }

    fn each(
        &mut self,
        channel: &str,
        data: &str,
        read: impl FnOnce(&str, &InstrumentId) -> Result<Vec<(Timestamp, Event)>, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        let Some(coin) = coin(data)? else { return Ok(()) };
        let Some(route) = self.routes.get_mut(&(channel.to_owned(), coin.to_owned())) else { return Ok(()) };
        for (time, event) in read(data, route.topic.instrument())? {
            route.send(&self.sender, time, event);
        }
        Ok(())
    }

    /// A candle is closed once a later one opens; the driver's timer sees to the last one.
    fn candle(&mut self, data: &str) -> Result<(), ExchangeError> {
        #[derive(Deserialize)]
        struct Of<'a> {
            s: &'a str,
            i: &'a str,
        }
        let of: Of<'_> = serde_json::from_str(data).map_err(|error| unread(OPERATION, "candle", error))?;
        let key = (format!("candle {}", of.i), of.s.to_owned());
        let Some(route) = self.routes.get_mut(&key) else { return Ok(()) };
        let MarketTopic::Candles(instrument, timeframe) = &route.topic else { return Ok(()) };
        let timeframe: Timeframe = *timeframe;
        let candle = payload::streamed_candle(data, instrument, timeframe)?;
        let closed = match route.forming.take() {
            Some(before) if before.open_time() < candle.open_time() => Some(before),
            Some(before) if before.open_time() > candle.open_time() => {
                // A late word on a candle that was told as closed: the venue corrected it.
                route.forming = Some(before);
                route.send(&self.sender, candle.close_time(), Event::CandleRevised(candle));
                return Ok(());
            }
            _ => None,
        };
        route.forming = Some(candle);
        if let Some(closed) = closed {
            let (time, candles) = (closed.close_time(), vec![closed]);
            let batch = CandleBatch { candles, missing: Vec::new(), warmup: false };
            route.send(&self.sender, time, Event::Candles(batch));
        }
        Ok(())
    }

    /// A connection stands again: what happened meanwhile is missing.
    async fn connected(&mut self) -> Result<(), ExchangeError> {
        let Some(from) = self.down.take() else { return Ok(()) };
        let now = self.clock.now();
        let mut gaps: Vec<Gap> = Vec::new();
        for route in self.routes.values_mut() {
            // The last word on a forming candle may be among what is missing.
            (route.forming, route.figures) = (None, Figures::default());
            let from = route.last.map_or(from, |last| last.min(from));
            gaps.push(Gap { topic: route.topic.clone(), from, to: now, cause: "reconnect".to_owned() });
        }
        gaps.sort_by(|a, b| a.topic.cmp(&b.topic));
        for gap in gaps {
            self.sender.send(now, Event::Gap(gap)).await?;
        }
        self.tell(true, "connected", "the socket is connected again").await
    }

    async fn disconnected(&mut self, why: &str) -> Result<(), ExchangeError> {
        if self.down.is_some() {
            return Ok(());
        }
        self.down = Some(self.clock.now());
        self.tell(false, "disconnected", why).await
    }

    async fn tell(&self, healthy: bool, code: &str, words: &str) -> Result<(), ExchangeError> {
        let reason = Reason::new(code, words);
        let event = Event::Connection { account: None, topic: None, healthy, reason };
        self.sender.send(self.clock.now(), event).await
    }
}

impl Route {
    /// Sends without waiting: a reader that stands still gets a gap, not old prices.
    fn send(&mut self, sender: &StreamSender, time: Timestamp, event: Event) {
        if !self.figures.is_news(time, &event) {
            return;
        }
        if let Some(from) = self.lost {
            let (topic, cause) = (self.topic.clone(), "overflow".to_owned());
            let gap = Event::Gap(Gap { topic, from, to: time, cause });
            if !sender.try_send(time, gap) {
                self.figures = Figures::default();
                return;
            }
            self.lost = None;
        }
        if sender.try_send(time, event) {
            self.last = Some(time);
        } else {
            (self.lost, self.figures) = (Some(time), Figures::default());
        }
    }
}

/// The coin of a message's data: that of the first print, for a list of them.
fn coin(data: &str) -> Result<Option<&str>, ExchangeError> {
    #[derive(Deserialize)]
    struct Of<'a> {
        coin: &'a str,
    }
    // Nearly every message begins with it, and need not be read twice.
    let start = data.strip_prefix(r#"[{"coin":""#).or_else(|| data.strip_prefix(r#"{"coin":""#));
    if let Some((coin, _)) =
        start.and_then(|rest| rest.split_once('"')).filter(|(coin, _)| !coin.contains('\\'))
    {
        return Ok(Some(coin));
    }
    let error = |error| unread(OPERATION, "coin", error);
    if data.starts_with('[') {
        let all: Vec<Of<'_>> = serde_json::from_str(data).map_err(error)?;
        return Ok(all.first().map(|of| of.coin));
    }
    serde_json::from_str::<Of<'_>>(data).map(|of| Some(of.coin)).map_err(error)
}
