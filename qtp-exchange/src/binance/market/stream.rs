//! Topics as the venue's streams, and their messages as events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use qtp_core::port::StreamSender;
use qtp_core::{
    AccountId, Event, ExchangeError, FundingRate, InstrumentId, MarkPrice, MarketTopic, Reason, Timestamp,
};

use super::super::Product;
use super::super::wire::{MarketUpdate, market_update};
use super::depth::{KeptBook, Snapshots};
use crate::figures::Figures;
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said, gaps};
use crate::transport::{Change, Dialect, Socket, SocketSettings, Topics};

/// Streams in one message to the venue.
const BATCH: usize = 50;

/// Connects, once for each route that the topics need, and feeds their events into `sender`.
///
/// # Errors
/// `UnknownInstrument`; `Unsupported` for the mark of a spot symbol.
pub(super) fn open(
    snapshots: &Snapshots,
    settings: &SocketSettings,
    topics: &[MarketTopic],
    symbols: &Arc<Symbols>,
    sender: &StreamSender,
) -> Result<(), ExchangeError> {
    let mut routes: BTreeMap<&'static str, BTreeMap<String, MarketTopic>> = BTreeMap::new();
    for topic in topics {
        let symbol = symbols.native("subscribe", topic.instrument())?.to_lowercase();
        let (route, stream) = stream_of(snapshots.product, topic, &symbol)?;
        routes.entry(route).or_default().insert(stream, topic.clone());
    }
    for (route, streams) in routes {
        let mut settings = settings.clone();
        for url in &mut settings.urls {
            *url = format!("{}{route}", url.trim_end_matches('/'));
        }
        let mut books = BTreeMap::new();
        for topic in streams.values().filter(|topic| matches!(topic, MarketTopic::Book(_))) {
            let symbol = symbols.native("subscribe", topic.instrument())?;
            books.insert(symbol.to_owned(), KeptBook::new(topic.clone(), symbol, snapshots.clone()));
        }
        let symbols = Arc::clone(symbols);
        let messages = Messages { settings, streams, books, figures: BTreeMap::new(), symbols };
        Feed::start(messages, sender.clone())?;
    }
    Ok(())
}

/// The venue's route and stream of a topic.
fn stream_of(
    product: Product,
    topic: &MarketTopic,
    symbol: &str,
) -> Result<(&'static str, String), ExchangeError> {
    let futures = product == Product::UsdMargin;
    // Since 2026 futures serve books and the rest by different routes; spot names each message's stream on one.
    let (book, rest) = if futures { ("/public/ws", "/market/ws") } else { ("/stream", "/stream") };
    Ok(match topic {
        MarketTopic::Candles(_, timeframe) => (rest, format!("{symbol}@kline_{timeframe}")),
        MarketTopic::Trades(_) if futures => (rest, format!("{symbol}@aggTrade")),
        MarketTopic::Trades(_) => (rest, format!("{symbol}@trade")),
        MarketTopic::Quotes(_) => (book, format!("{symbol}@bookTicker")),
        MarketTopic::Book(_) => (book, format!("{symbol}@depth@100ms")),
        MarketTopic::Mark(_) if futures => (rest, format!("{symbol}@markPrice@1s")),
        MarketTopic::Mark(instrument) => {
            let what = format!("a mark price of spot ({instrument})");
            return Err(ExchangeError::Unsupported { operation: "subscribe", what });
        }
    })
}

/// Numbers its requests.
struct Speech(AtomicU64);

impl Dialect for Speech {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        let method = match change {
            Change::Subscribe => "SUBSCRIBE",
            Change::Unsubscribe => "UNSUBSCRIBE",
        };
        let message = |streams: &[String]| {
            let id = self.0.fetch_add(1, Ordering::Relaxed);
            serde_json::json!({ "method": method, "params": streams, "id": id }).to_string()
        };
        topics.chunks(BATCH).map(message).collect()
    }
}

/// One connection's events.
struct Messages {
    settings: SocketSettings,
    streams: BTreeMap<String, MarketTopic>,
    /// Books by symbol.
    books: BTreeMap<String, KeptBook>,
    figures: BTreeMap<InstrumentId, Figures>,
    symbols: Arc<Symbols>,
}

#[async_trait]
impl Reader for Messages {
    fn operation(&self) -> &'static str {
        "subscribe"
    }

    fn account(&self) -> Option<&AccountId> {
        None
    }

    fn open(&self) -> Result<Socket, ExchangeError> {
        let socket = Socket::open(self.settings.clone(), Arc::new(Speech(AtomicU64::new(1))))?;
        for stream in self.streams.keys() {
            socket.topics().subscribe(stream);
        }
        Ok(socket)
    }

    async fn read(&mut self, text: &str, now: Timestamp, _: &Topics) -> Result<Said, ExchangeError> {
        self.events(text, now).map(Said::Events)
    }

    fn lost(&mut self, _: &Topics) {
        self.books.values_mut().for_each(KeptBook::restart);
        self.figures.clear();
    }

    fn missed(&mut self, from: Timestamp, now: Timestamp) -> Vec<(Timestamp, Event)> {
        gaps(self.streams.values(), from, now)
    }
}

impl Messages {
    fn events(&mut self, text: &str, now: Timestamp) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
        match market_update(text, &self.symbols, now)? {
            MarketUpdate::Events(mut events) => {
                events.retain(|(time, event)| self.is_news(*time, event));
                Ok(events)
            }
            MarketUpdate::Depth { symbol, update } => {
                Ok(self.books.get_mut(&symbol).map(|book| book.take(update, now)).unwrap_or_default())
            }
            MarketUpdate::Answer { error: Some(words), .. } => {
                let reason = Reason::new("subscribe", words);
                Err(ExchangeError::Rejected { operation: "subscribe", reason })
            }
            MarketUpdate::Answer { .. } | MarketUpdate::Unused => Ok(Vec::new()),
        }
    }

    fn is_news(&mut self, time: Timestamp, event: &Event) -> bool {
        let (Event::Mark(MarkPrice { instrument, .. }) | Event::FundingRate(FundingRate { instrument, .. })) =
            event
        else {
            return true;
        };
        self.figures.entry(instrument.clone()).or_default().is_news(time, event)
    }
}
