//! A WebSocket that stays: it connects again, subscribes again and notices silence.

mod session;
mod supervisor;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::ExchangeError;
use tokio::sync::{mpsc, watch};

use super::backoff::Backoff;
use super::budget::{Budget, Limit};
use super::endpoint::Endpoints;
use super::tls;
use supervisor::Supervisor;

/// What is said to the venue about topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Begin.
    Subscribe,
    /// End.
    Unsubscribe,
}

/// How a venue's socket speaks.
#[async_trait]
pub trait Dialect: Send + Sync + 'static {
    /// The messages that begin or end these topics, in the order in which they are sent.
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String>;

    /// What stands behind the base URL on the next connection, such as a fresh listen key.
    ///
    /// # Errors
    /// Whatever prevents it; the attempt then counts as failed.
    async fn path(&self) -> Result<String, ExchangeError> {
        Ok(String::new())
    }

    /// What is sent first on a connection, such as a signed login. If it is not empty, topics wait for [`Self::login`].
    fn greeting(&self) -> Vec<String> {
        Vec::new()
    }

    /// What a message says about the login: `None` nothing, `Some(Err)` the venue's words of refusal.
    fn login(&self, text: &str) -> Option<Result<(), String>> {
        let _ = text;
        None
    }
}

/// What is sent while nothing else is, so that both sides know that the other is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heartbeat {
    /// A ping of the protocol.
    Ping,
    /// A text of the venue's own.
    Text(String),
}

/// How a socket behaves.
#[derive(Debug, Clone)]
pub struct SocketSettings {
    /// Addresses in the order in which they are tried, such as `wss://api.example.com/ws`.
    pub urls: Vec<String>,
    /// Clear text to other machines too, for a simulated venue in a network of one's own.
    pub allow_plaintext: bool,
    /// Limit of connecting, of logging in and of a write.
    pub timeout: Duration,
    /// What is sent every `heartbeat_every`.
    pub heartbeat: Heartbeat,
    /// Time between heartbeats.
    pub heartbeat_every: Duration,
    /// A connection on which nothing arrived for so long is dropped. At least twice `heartbeat_every`.
    pub stale_after: Duration,
    /// Waits between attempts. They begin anew after a connection that lasted longer than the longest.
    pub backoff: Backoff,
    /// Attempts, in limit 0. Share it between sockets that the venue counts together.
    pub attempts: Arc<Budget>,
    /// Least time between messages that we send.
    pub pace: Duration,
    /// Events that wait for the owner; more than these wait in the network.
    pub capacity: usize,
    /// Longest message, in bytes.
    pub message_max: usize,
}

impl SocketSettings {
    /// A ping every 15 s, stale after 40 s, 20 attempts a minute, 1024 events, 16 MiB.
    pub fn new(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let minute = Limit { name: "connections a minute", capacity: 20, window: Duration::from_secs(60) };
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            allow_plaintext: false,
            timeout: Duration::from_secs(10),
            heartbeat: Heartbeat::Ping,
            heartbeat_every: Duration::from_secs(15),
            stale_after: Duration::from_secs(40),
            backoff: Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(20) },
            attempts: Arc::new(Budget::new([minute])),
            pace: Duration::ZERO,
            capacity: 1024,
            message_max: 16 << 20,
        }
    }
}

/// Why a connection ended or was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// No connection was made.
    Connect(String),
    /// The venue refused the login.
    Login(String),
    /// The venue closed it in good order.
    Closed,
    /// It broke, in a frame or between two.
    Broken(String),
    /// Nothing arrived for too long: the other side may be gone without a word.
    Stale,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(why) => write!(f, "cannot connect: {why}"),
            Self::Login(why) => write!(f, "login refused: {why}"),
            Self::Closed => f.write_str("closed by the venue"),
            Self::Broken(why) => write!(f, "broken: {why}"),
            Self::Stale => f.write_str("nothing arrived for too long"),
        }
    }
}

/// What the owner of a socket learns, in the order in which it happened.
#[derive(Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// A connection stands, and all wanted topics were asked for on it. What was missed is the owner's to read again.
    Connected {
        /// Attempts so far, this one included; from the second connection on there is a gap before it.
        attempt: u64,
    },
    /// A text, or a binary message that holds text.
    Message(String),
    /// A connection ended, or an attempt failed. The next one follows by itself.
    Disconnected {
        /// Why.
        cause: Cause,
    },
}

impl fmt::Debug for SocketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { attempt } => f.debug_struct("Connected").field("attempt", attempt).finish(),
            Self::Message(text) => f.debug_struct("Message").field("bytes", &text.len()).finish(),
            Self::Disconnected { cause } => f.debug_struct("Disconnected").field("cause", cause).finish(),
        }
    }
}

/// Which topics a socket is to have. A clone speaks of the same socket.
#[derive(Debug, Clone)]
pub struct Topics {
    wanted: Arc<watch::Sender<BTreeSet<String>>>,
}

impl Topics {
    /// Wants a topic, now and after every reconnection. A topic that is wanted already is not asked for again.
    pub fn subscribe(&self, topic: impl Into<String>) {
        let topic = topic.into();
        self.wanted.send_if_modified(|wanted| wanted.insert(topic));
    }

    /// Wants a topic no longer.
    pub fn unsubscribe(&self, topic: &str) {
        self.wanted.send_if_modified(|wanted| wanted.remove(topic));
    }
}

/// A supervised WebSocket. Dropping it closes the connection.
///
/// Events pass through a bounded channel and none is dropped: while the owner does not read, nothing is read from the
/// network either, and silence is not held against the venue. Heartbeats go on.
#[derive(Debug)]
pub struct Socket {
    events: mpsc::Receiver<SocketEvent>,
    topics: Topics,
}

impl Socket {
    /// Starts connecting, in a task of its own on the current tokio runtime.
    ///
    /// # Errors
    /// `Unsupported` for an address that cannot be used.
    pub fn open(settings: SocketSettings, dialect: Arc<dyn Dialect>) -> Result<Self, ExchangeError> {
        tls::install();
        let endpoints = Endpoints::new(&settings.urls, ["wss", "ws"], settings.allow_plaintext)?;
        let (sender, events) = mpsc::channel(settings.capacity.max(1));
        let (wanted, watched) = watch::channel(BTreeSet::new());
        let supervisor = Supervisor { settings, endpoints, dialect, wanted: watched, events: sender };
        drop(tokio::spawn(supervisor.run()));
        Ok(Self { events, topics: Topics { wanted: Arc::new(wanted) } })
    }

    /// What it is to listen to.
    pub fn topics(&self) -> Topics {
        self.topics.clone()
    }

    /// The next event. Cancel safe. `None` only while the runtime shuts down.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        self.events.recv().await
    }
}
