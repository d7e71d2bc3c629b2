//! From a socket's messages to a stream of events, the same way for every venue.

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, StreamSender, SystemClock};
use qtp_core::{AccountId, Event, ExchangeError, Gap, MarketTopic, Reason, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use crate::transport::{Cause, Socket, SocketEvent, Topics};

/// How long a stream may take to open.
const OPENING: Duration = Duration::from_secs(20);
/// How often a reader may do what keeps its stream alive.
const KEEPING: Duration = Duration::from_secs(60);

/// What a message brought.
#[cfg_attr(
    not(all(feature = "binance", any(feature = "alpaca", feature = "bybit"))),
    allow(dead_code, reason = "some venues confirm a stream, others end one")
)]
#[derive(Debug)]
pub(crate) enum Said {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// The stream is confirmed: from here on it is complete.
    Ready,
    /// The stream has ended, though the connection may stand: a new one is needed.
    Over(&'static str),
}

/// What a venue's messages mean.
#[async_trait]
pub(crate) trait Reader: Send + Sync + 'static {
    /// What the stream is for, in errors.
    fn operation(&self) -> &'static str;

    /// Whose stream it is; `None` for market data. A market stream ends at what it cannot read, an account is then
    /// compared with the venue.
    fn account(&self) -> Option<&AccountId>;

    /// A new socket.
    fn open(&self) -> Result<Socket, ExchangeError>;

    /// True if a connection says [`Said::Ready`] once it is complete; else it is so from its first instant.
    fn confirms(&self) -> bool {
        false
    }

    /// Reads a message.
    async fn read(&mut self, text: &str, now: Timestamp, topics: &Topics) -> Result<Said, ExchangeError>;

    /// A connection was lost: what was half known is forgotten.
    fn lost(&mut self, topics: &Topics) {
        let _ = topics;
    }

    /// The stream is complete again after an outage: what may be missing.
    fn missed(&mut self, from: Timestamp, now: Timestamp) -> Vec<(Timestamp, Event)> {
        let _ = (from, now);
        Vec::new()
    }

    /// Once a minute.
    async fn keep(&mut self, now: Timestamp) {
        let _ = now;
    }
}

/// A socket and its reader.
pub(crate) struct Feed<R> {
    reader: R,
    socket: Socket,
    sender: StreamSender,
    /// Since when the stream is not complete.
    down: Option<Timestamp>,
    /// Events before the stream was complete for the first time.
    early: Vec<(Timestamp, Event)>,
}

/// The reader of the stream is gone, or the stream cannot go on.
struct Done;

impl<R: Reader> Feed<R> {
    /// Connects without waiting.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub(crate) fn start(reader: R, sender: StreamSender) -> Result<(), ExchangeError> {
        let socket = reader.open()?;
        let feed = Self { reader, socket, sender, down: None, early: Vec::new() };
        drop(tokio::spawn(feed.run()));
        Ok(())
    }

    /// Connects, and waits until the stream is complete: what happens from then on is in it.
    ///
    /// # Errors
    /// As [`Reader::open`]; `Auth` for a login that was refused; `Timeout`.
    pub(crate) async fn open(reader: R, sender: StreamSender) -> Result<(), ExchangeError> {
        let (socket, operation) = (reader.open()?, reader.operation());
        let mut feed = Self { reader, socket, sender, down: None, early: Vec::new() };
        let opened = tokio::time::timeout(OPENING, feed.complete()).await;
        opened.map_err(|_| ExchangeError::Timeout { operation, limit: OPENING })??;
        drop(tokio::spawn(feed.run()));
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), ExchangeError> {
        let operation = self.reader.operation();
        loop {
            match self.socket.next().await {
                None => return Err(ExchangeError::Closed { operation }),
                Some(SocketEvent::Connected { .. }) if !self.reader.confirms() => return Ok(()),
                Some(SocketEvent::Connected { .. }) => {}
                Some(SocketEvent::Disconnected { cause: Cause::Login(message) }) => {
                    return Err(ExchangeError::Auth { operation, message });
                }
                Some(SocketEvent::Disconnected { .. }) => {
                    self.reader.lost(&self.socket.topics());
                    self.early.clear();
                }
                Some(SocketEvent::Message(text)) => {
                    let topics = self.socket.topics();
                    match self.reader.read(&text, SystemClock.now(), &topics).await? {
                        Said::Ready => return Ok(()),
                        Said::Events(events) => self.early.extend(events),
                        Said::Over(_) => self.socket = self.reader.open()?,
                    }
                }
            }
        }
    }

    /// Until the reader of the stream is gone, or a market message cannot be read: the end of the stream says so.
    async fn run(mut self) {
        let early = std::mem::take(&mut self.early);
        if self.send(early).await.is_err() {
            return;
        }
        let mut keeping = interval(KEEPING);
        keeping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                event = self.socket.next() => match event {
                    Some(event) => self.take(event).await,
                    None => return,
                },
                _ = keeping.tick() => {
                    self.reader.keep(SystemClock.now()).await;
                    Ok(())
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    async fn take(&mut self, event: SocketEvent) -> Result<(), Done> {
        let now = SystemClock.now();
        match event {
            SocketEvent::Connected { .. } if self.reader.confirms() => Ok(()),
            SocketEvent::Connected { .. } => self.whole(now).await,
            SocketEvent::Disconnected { cause } => self.broken(now, "disconnected", cause.to_string()).await,
            SocketEvent::Message(text) => {
                let topics = self.socket.topics();
                match self.reader.read(&text, now, &topics).await {
                    Ok(Said::Events(events)) => self.send(events).await,
                    Ok(Said::Ready) => self.whole(now).await,
                    Ok(Said::Over(why)) => {
                        self.broken(now, "ended", why.to_owned()).await?;
                        self.socket = self.reader.open().map_err(|_| Done)?;
                        Ok(())
                    }
                    Err(error) => self.unread(now, &error).await,
                }
            }
        }
    }

    /// After an outage: what may be missing, and that it is over.
    async fn whole(&mut self, now: Timestamp) -> Result<(), Done> {
        let Some(from) = self.down.take() else { return Ok(()) };
        let missed = self.reader.missed(from, now);
        self.send(missed).await?;
        self.tell(now, true, "connected", String::new()).await
    }

    async fn broken(&mut self, now: Timestamp, code: &str, words: String) -> Result<(), Done> {
        self.reader.lost(&self.socket.topics());
        self.down.get_or_insert(now);
        self.tell(now, false, code, words).await
    }

    async fn unread(&mut self, now: Timestamp, error: &ExchangeError) -> Result<(), Done> {
        let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        self.tell(now, false, "unreadable", format!("{error}: {words}")).await?;
        if self.reader.account().is_none() {
            return Err(Done);
        }
        // Something about the account was said and not understood: it is compared before it trades on.
        self.tell(now, true, "compare", "after an unreadable message".to_owned()).await
    }

    async fn send(&self, events: Vec<(Timestamp, Event)>) -> Result<(), Done> {
        for (time, event) in events {
            self.sender.send(time, event).await.map_err(|_| Done)?;
        }
        Ok(())
    }

    async fn tell(&self, now: Timestamp, healthy: bool, code: &str, words: String) -> Result<(), Done> {
        let event = connection(self.reader.account(), healthy, code, words);
        self.sender.send(now, event).await.map_err(|_| Done)
    }
}

/// A gap of every topic.
pub(crate) fn gaps<'a>(
    topics: impl IntoIterator<Item = &'a MarketTopic>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, Event)> {
    let gap = |topic: &MarketTopic| {
        let (topic, cause) = (topic.clone(), "reconnect".to_owned());
        (to, Event::Gap(Gap { topic, from, to, cause }))
    };
    topics.into_iter().map(gap).collect()
}

/// The state of a connection as an event.
pub(crate) fn connection(account: Option<&AccountId>, healthy: bool, code: &str, words: String) -> Event {
    Event::Connection { account: account.cloned(), topic: None, healthy, reason: Reason::new(code, words) }
}

#[cfg(feature = "binance")]
/// The state of one topic as an event.
pub(crate) fn topic_health(topic: &MarketTopic, healthy: bool, code: &str, words: String) -> Event {
    let reason = Reason::new(code, words);
    Event::Connection { account: None, topic: Some(topic.clone()), healthy, reason }
}

#[cfg(any(feature = "binance", feature = "bybit"))]
/// The account has to be compared with the venue: the connection is doubted, and trusted again.
pub(crate) fn compare(account: &AccountId, now: Timestamp, words: &str) -> Vec<(Timestamp, Event)> {
    let event = |healthy, code| (now, connection(Some(account), healthy, code, words.to_owned()));
    vec![event(false, "doubted"), event(true, "compare")]
}
