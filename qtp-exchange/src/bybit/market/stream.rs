//! Topics as the venue's streams, and their messages as events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::StreamSender;
use qtp_core::{AccountId, Event, ExchangeError, Gap, MarketTopic, Quote, Reason, Timestamp};

use super::super::wire::{self, DepthUpdate, MarketUpdate, Ticker, market_update};
use super::super::{Category, FeedBook, Speech, Step};
use super::width;
use crate::figures::Figures;
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said, gaps};
use crate::transport::{Socket, SocketSettings, Topics};

const OPERATION: &str = "subscribe";
/// Levels a side in a book of the stream.
const LEVELS: usize = 50;

/// Connects, and feeds the topics' events into `sender`.
///
/// # Errors
/// `UnknownInstrument`; `Unsupported` for the mark of a spot symbol and widths that the venue does not have.
pub(super) fn open(
    category: Category,
    settings: &SocketSettings,
    topics: &[MarketTopic],
    symbols: &Arc<Symbols>,
    sender: StreamSender,
) -> Result<(), ExchangeError> {
    let mut streams = BTreeMap::new();
    for topic in topics {
        let symbol = symbols.native(OPERATION, topic.instrument())?;
        let route = Route::new(topic.clone());
        streams.insert(stream_of(category, topic, symbol)?, route);
    }
    let mut settings = settings.clone();
    for url in &mut settings.urls {
        *url = format!("{}/v5/public/{}", url.trim_end_matches('/'), category.as_str());
    }
    Feed::start(Messages { settings, streams, symbols: Arc::clone(symbols), again: BTreeSet::new() }, sender)
}

fn stream_of(category: Category, topic: &MarketTopic, symbol: &str) -> Result<String, ExchangeError> {
    Ok(match topic {
        MarketTopic::Candles(_, timeframe) => format!("kline.{}.{symbol}", width(OPERATION, *timeframe)?),
        MarketTopic::Trades(_) => format!("publicTrade.{symbol}"),
        MarketTopic::Quotes(_) => format!("orderbook.1.{symbol}"),
        MarketTopic::Book(_) => format!("orderbook.{LEVELS}.{symbol}"),
        MarketTopic::Mark(_) if category == Category::Linear => format!("tickers.{symbol}"),
        MarketTopic::Mark(instrument) => {
            let what = format!("a mark price of spot ({instrument})");
            return Err(ExchangeError::Unsupported { operation: OPERATION, what });
        }
    })
}

/// Where the messages of a stream go, and what is known from earlier ones.
struct Route {
    topic: MarketTopic,
    book: FeedBook,
    ticker: Ticker,
    figures: Figures,
}

struct Messages {
    settings: SocketSettings,
    streams: BTreeMap<String, Route>,
    symbols: Arc<Symbols>,
    /// Streams that are ended to begin anew, with a snapshot.
    again: BTreeSet<String>,
}

#[async_trait]
impl Reader for Messages {
    fn operation(&self) -> &'static str {
        OPERATION
    }

    fn account(&self) -> Option<&AccountId> {
        None
    }

    fn open(&self) -> Result<Socket, ExchangeError> {
        let socket = Socket::open(self.settings.clone(), Arc::new(Speech))?;
        for stream in self.streams.keys() {
            socket.topics().subscribe(stream);
        }
        Ok(socket)
    }

    async fn read(&mut self, text: &str, now: Timestamp, topics: &Topics) -> Result<Said, ExchangeError> {
        let stream = wire::topic(text);
        let events = match market_update(text, &self.symbols)? {
            MarketUpdate::Events(events) => events,
            MarketUpdate::Depth { update, .. } => {
                self.depth(stream.as_deref().unwrap_or_default(), &update, now, topics)
            }
            MarketUpdate::Ticker { time, ticker, .. } => {
                match self.streams.get_mut(stream.as_deref().unwrap_or_default()) {
                    Some(route) => {
                        route.ticker.merge(&ticker);
                        let mut events = route.ticker.events(route.topic.instrument(), time);
                        // The best bid and ask have a stream of their own.
                        events.retain(|(time, event)| {
                            !matches!(event, Event::Quote(_)) && route.figures.is_news(*time, event)
                        });
                        events
                    }
                    None => Vec::new(),
                }
            }
            MarketUpdate::Answer { error: Some(words), operation } if operation == "subscribe" => {
                let reason = Reason::new("subscribe", words);
                return Err(ExchangeError::Rejected { operation: OPERATION, reason });
            }
            MarketUpdate::Answer { operation, .. } => {
                if operation == "unsubscribe" {
                    std::mem::take(&mut self.again).into_iter().for_each(|stream| topics.subscribe(stream));
                }
                Vec::new()
            }
            MarketUpdate::Unused => Vec::new(),
        };
        Ok(Said::Events(events))
    }

    fn lost(&mut self, topics: &Topics) {
        std::mem::take(&mut self.again).into_iter().for_each(|stream| topics.subscribe(stream));
        for route in self.streams.values_mut() {
            *route = Route::new(route.topic.clone());
        }
    }

    fn missed(&mut self, from: Timestamp, now: Timestamp) -> Vec<(Timestamp, Event)> {
        gaps(self.streams.values().map(|route| &route.topic), from, now)
    }
}

impl Messages {
    fn depth(
        &mut self,
        stream: &str,
        update: &DepthUpdate,
        now: Timestamp,
        topics: &Topics,
    ) -> Vec<(Timestamp, Event)> {
        let Some(route) = self.streams.get_mut(stream) else { return Vec::new() };
        let whole = route.book.levels().is_some();
        match route.book.on_update(update) {
            Step::Old => Vec::new(),
            Step::InSync => route.event().into_iter().collect(),
            Step::NeedsSnapshot => {
                if self.again.insert(stream.to_owned()) {
                    topics.unsubscribe(stream);
                }
                let (topic, cause) = (route.topic.clone(), "sequence".to_owned());
                let gap = Gap { topic, from: update.time.min(now), to: now, cause };
                // Told once: what follows until the snapshot belongs to the same gap.
                if whole { vec![(now, Event::Gap(gap))] } else { Vec::new() }
            }
        }
    }
}

impl Route {
    fn new(topic: MarketTopic) -> Self {
        let (book, ticker, figures) = (FeedBook::default(), Ticker::default(), Figures::default());
        Self { topic, book, ticker, figures }
    }

    fn event(&self) -> Option<(Timestamp, Event)> {
        let (levels, time) = self.book.levels()?;
        let instrument = self.topic.instrument().clone();
        if let MarketTopic::Book(_) = self.topic {
            return Some((time, Event::Book(levels.book(instrument, time, LEVELS))));
        }
        let (Some(bid), Some(ask)) = levels.best() else { return None };
        let quote = Quote {
            instrument,
            time,
            bid: bid.price,
            bid_quantity: bid.quantity,
            ask: ask.price,
            ask_quantity: ask.quantity,
        };
        Some((time, Event::Quote(quote)))
    }
}
