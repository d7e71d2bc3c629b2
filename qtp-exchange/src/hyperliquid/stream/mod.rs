//! The venue's sockets, as streams of events.

mod account;
mod market;
mod seen;

use std::time::Duration;

use async_trait::async_trait;
use qtp_core::ExchangeError;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use account::account;
pub(super) use market::market;

use super::HyperliquidConfig;
use super::payload::unread;
use crate::transport::{Change, Dialect, Heartbeat, Socket, SocketEvent, SocketSettings};

/// The venue drops a connection on which it heard nothing for 60 s.
const HEARTBEAT: Duration = Duration::from_secs(8);
/// A heartbeat is answered at once: two answers are missing.
const STALE: Duration = Duration::from_secs(20);
/// How long a stream may take to open, all its topics confirmed.
const OPENING: Duration = Duration::from_secs(15);
/// Most topics of one stream: the venue takes 1000 of an address.
const TOPICS: usize = 1000;

struct Speech;

#[async_trait]
impl Dialect for Speech {
    /// A topic is the text of its subscription.
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        let method = match change {
            Change::Subscribe => "subscribe",
            Change::Unsubscribe => "unsubscribe",
        };
        topics.iter().map(|topic| format!(r#"{{"method":"{method}","subscription":{topic}}}"#)).collect()
    }
}

/// A message, its `data` unread.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    channel: &'a str,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> Message<'a> {
    fn read(operation: &'static str, text: &'a str) -> Result<(&'a str, &'a str), ExchangeError> {
        let message: Self =
            serde_json::from_str(text).map_err(|error| unread(operation, "message", error))?;
        Ok((message.channel, message.data.map_or("null", RawValue::get)))
    }
}

/// An open socket and what came before its topics were all confirmed.
struct Opened {
    socket: Socket,
    early: Vec<String>,
}

/// Connects, and waits until the venue has confirmed every topic: what happens from then on is in the stream.
async fn open(
    operation: &'static str,
    config: &HyperliquidConfig,
    topics: &[String],
) -> Result<Opened, ExchangeError> {
    if topics.len() > TOPICS {
        let what = format!("{} topics in one stream, at most {TOPICS}", topics.len());
        return Err(ExchangeError::Unsupported { operation, what });
    }
    let mut settings = SocketSettings::new(&config.socket_urls);
    settings.allow_plaintext = config.allow_plaintext;
    settings.heartbeat = Heartbeat::Text(r#"{"method":"ping"}"#.to_owned());
    (settings.heartbeat_every, settings.stale_after) = (HEARTBEAT, STALE);
    let mut socket = Socket::open(settings, std::sync::Arc::new(Speech))?;
    let wanted = socket.topics();
    topics.iter().for_each(|topic| wanted.subscribe(topic.as_str()));
    let confirmed = confirm(operation, &mut socket, topics.len());
    let early = tokio::time::timeout(OPENING, confirmed)
        .await
        .map_err(|_| ExchangeError::Timeout { operation, limit: OPENING })??;
    Ok(Opened { socket, early })
}

async fn confirm(
    operation: &'static str,
    socket: &mut Socket,
    mut waiting: usize,
) -> Result<Vec<String>, ExchangeError> {
    let (all, mut early) = (waiting, Vec::new());
    loop {
        match socket.next().await {
            None => return Err(ExchangeError::Closed { operation }),
            Some(SocketEvent::Connected { .. }) if all == 0 => return Ok(early),
            // Topics are asked for again on every connection.
            Some(SocketEvent::Connected { .. }) => (waiting, early) = (all, Vec::new()),
            Some(SocketEvent::Disconnected { .. }) => {}
            Some(SocketEvent::Message(text)) => match Message::read(operation, &text) {
                Ok(("subscriptionResponse", _)) => {
                    waiting = waiting.saturating_sub(1);
                    if waiting == 0 {
                        return Ok(early);
                    }
                }
                Ok(("error", words)) => return Err(refused(operation, words)),
                Ok(("pong", _)) | Err(_) => {}
                Ok(_) => early.push(text),
            },
        }
    }
}

/// A topic that the venue does not give.
fn refused(operation: &'static str, words: &str) -> ExchangeError {
    let words: String = words.chars().take(256).collect();
    ExchangeError::Unsupported { operation, what: format!("subscription: {words}") }
}
