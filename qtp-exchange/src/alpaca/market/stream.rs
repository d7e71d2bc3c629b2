//! Topics as the venue's channels, and their messages as events.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::StreamSender;
use qtp_core::{AccountId, Event, ExchangeError, MarketTopic, Reason, Timeframe, Timestamp};

use super::super::wire::{MarketUpdate, market_updates};
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said, gaps};
use crate::transport::{Change, Dialect, Socket, SocketSettings, Topics};

const OPERATION: &str = "subscribe";

/// Connects, and feeds the topics' events into `sender`.
///
/// # Errors
/// `UnknownInstrument`; `Unsupported` for topics that the venue does not stream.
pub(super) fn open(
    settings: &SocketSettings,
    route: &str,
    login: String,
    (topics, symbols): (&[MarketTopic], &Arc<Symbols>),
    sender: StreamSender,
) -> Result<(), ExchangeError> {
    let mut channels = BTreeMap::new();
    for topic in topics {
        let symbol = symbols.native(OPERATION, topic.instrument())?;
        let channel = match topic {
            MarketTopic::Candles(_, timeframe) if *timeframe == Timeframe::M1 => "bars",
            MarketTopic::Trades(_) => "trades",
            MarketTopic::Quotes(_) => "quotes",
            other => {
                let what = match other {
                    MarketTopic::Candles(_, timeframe) => format!("a stream of candles of {timeframe}"),
                    MarketTopic::Book(_) => "a stream of books".to_owned(),
                    _ => "a mark price".to_owned(),
                };
                return Err(ExchangeError::Unsupported { operation: OPERATION, what });
            }
        };
        channels.insert(format!("{channel}:{symbol}"), topic.clone());
    }
    let mut settings = settings.clone();
    for url in &mut settings.urls {
        *url = format!("{}{route}", url.trim_end_matches('/'));
    }
    Feed::start(Messages { settings, login, channels, symbols: Arc::clone(symbols) }, sender)
}

/// A login first, then channels by their symbols.
struct Speech(String);

impl Dialect for Speech {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        let mut message = serde_json::Map::new();
        let action = match change {
            Change::Subscribe => "subscribe",
            Change::Unsubscribe => "unsubscribe",
        };
        message.insert("action".to_owned(), action.into());
        let mut channels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (channel, symbol) in topics.iter().filter_map(|topic| topic.split_once(':')) {
            channels.entry(channel).or_default().push(symbol);
            if channel == "bars" {
                // The venue's corrections of candles.
                channels.entry("updatedBars").or_default().push(symbol);
            }
        }
        message.extend(channels.into_iter().map(|(channel, symbols)| (channel.to_owned(), symbols.into())));
        vec![serde_json::Value::Object(message).to_string()]
    }

    fn greeting(&self) -> Vec<String> {
        vec![self.0.clone()]
    }

    fn login(&self, text: &str) -> Option<Result<(), String>> {
        let updates = market_updates(text, &Symbols::default()).ok()?;
        updates.into_iter().find_map(|update| match update {
            MarketUpdate::LoggedIn => Some(Ok(())),
            MarketUpdate::Refused(words) => Some(Err(words)),
            _ => None,
        })
    }
}

struct Messages {
    settings: SocketSettings,
    login: String,
    channels: BTreeMap<String, MarketTopic>,
    symbols: Arc<Symbols>,
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
        let socket = Socket::open(self.settings.clone(), Arc::new(Speech(self.login.clone())))?;
        for channel in self.channels.keys() {
            socket.topics().subscribe(channel);
        }
        Ok(socket)
    }

    async fn read(&mut self, text: &str, _: Timestamp, _: &Topics) -> Result<Said, ExchangeError> {
        let mut events = Vec::new();
        for update in market_updates(text, &self.symbols)? {
            match update {
                MarketUpdate::Event(time, event) => events.push((time, event)),
                MarketUpdate::Refused(words) => {
                    let reason = Reason::new("stream", words);
                    return Err(ExchangeError::Rejected { operation: OPERATION, reason });
                }
                MarketUpdate::LoggedIn | MarketUpdate::Unused => {}
            }
        }
        Ok(Said::Events(events))
    }

    fn missed(&mut self, from: Timestamp, now: Timestamp) -> Vec<(Timestamp, Event)> {
        gaps(self.channels.values(), from, now)
    }
}
