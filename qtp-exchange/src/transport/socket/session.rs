//! One connection, from its first message to its end.

use std::collections::BTreeSet;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::supervisor::Stream;
use super::{Cause, Change, Dialect, Heartbeat, SocketEvent, SocketSettings};

pub(super) struct Session<'a> {
    pub(super) settings: &'a SocketSettings,
    pub(super) dialect: &'a dyn Dialect,
    pub(super) events: &'a mpsc::Sender<SocketEvent>,
    pub(super) wanted: &'a mut watch::Receiver<BTreeSet<String>>,
    pub(super) stream: Stream,
    /// Topics that were asked for on this connection.
    pub(super) sent: BTreeSet<String>,
    pub(super) last_write: Option<Instant>,
}

/// How a session ends: by a cause, or because the owner is gone.
type Ended = Option<Cause>;

impl Session<'_> {
    /// Until the connection ends; `None` if the owner is gone.
    pub(super) async fn run(mut self, attempt: u64) -> Ended {
        let ended = match self.begin(attempt).await {
            Ok(()) => self.serve().await,
            Err(ended) => ended,
        };
        // A goodbye, for a venue that counts connections until they are closed.
        let _ = timeout(self.settings.timeout, self.stream.close(None)).await;
        ended
    }

    async fn begin(&mut self, attempt: u64) -> Result<(), Ended> {
        let greeting = self.dialect.greeting();
        if !greeting.is_empty() {
            let limit = self.settings.timeout;
            let login = timeout(limit, self.log_in(greeting)).await;
            login.map_err(|_| Some(Cause::Login(format!("no answer within {limit:?}"))))??;
        }
        self.follow().await.map_err(Some)?;
        self.tell(SocketEvent::Connected { attempt }).await
    }

    async fn log_in(&mut self, greeting: Vec<String>) -> Result<(), Ended> {
        for text in greeting {
            self.write(Message::text(text)).await.map_err(Some)?;
        }
        loop {
            let frame = self.stream.next().await;
            let Some(text) = text_of(frame).map_err(Some)? else { continue };
            let login = self.dialect.login(&text);
            self.tell(SocketEvent::Message(text)).await?;
            match login {
                Some(Ok(())) => return Ok(()),
                Some(Err(words)) => return Err(Some(Cause::Login(words))),
                None => {}
            }
        }
    }

    async fn serve(&mut self) -> Ended {
        let every = self.settings.heartbeat_every;
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let events = self.events;
        let mut room = None;
        let mut stale = Instant::now();
        loop {
            tokio::select! {
                () = events.closed() => return None,
                changed = self.wanted.changed() => {
                    // The owner holds the other end.
                    changed.ok()?;
                    if let Err(cause) = self.follow().await {
                        return Some(cause);
                    }
                }
                _ = beat.tick() => {
                    if let Err(cause) = self.beat().await {
                        return Some(cause);
                    }
                }
                free = events.reserve(), if room.is_none() => {
                    let Ok(free) = free else { return None };
                    room = Some(free);
                    stale = Instant::now() + self.settings.stale_after;
                }
                frame = self.stream.next(), if room.is_some() => {
                    stale = Instant::now() + self.settings.stale_after;
                    match text_of(frame) {
                        Ok(Some(text)) => {
                            if let Some(room) = room.take() {
                                room.send(SocketEvent::Message(text));
                            }
                        }
                        Ok(None) => {}
                        Err(cause) => return Some(cause),
                    }
                }
                () = sleep_until(stale), if room.is_some() => return Some(Cause::Stale),
            }
        }
    }

    async fn tell(&self, event: SocketEvent) -> Result<(), Ended> {
        self.events.send(event).await.map_err(|_| None)
    }

    async fn beat(&mut self) -> Result<(), Cause> {
        let message = match &self.settings.heartbeat {
            Heartbeat::Ping => Message::Ping(Vec::new().into()),
            Heartbeat::Text(text) => Message::text(text.clone()),
        };
        self.write(message).await
    }

    /// Asks for what is wanted and was not asked for, and ends what is wanted no longer.
    async fn follow(&mut self) -> Result<(), Cause> {
        let wanted = self.wanted.borrow_and_update().clone();
        let gone: Vec<String> = self.sent.difference(&wanted).cloned().collect();
        let new: Vec<String> = wanted.difference(&self.sent).cloned().collect();
        for (change, topics) in [(Change::Unsubscribe, gone), (Change::Subscribe, new)] {
            if topics.is_empty() {
                continue;
            }
            for text in self.dialect.encode(change, &topics) {
                self.write(Message::text(text)).await?;
            }
        }
        self.sent = wanted;
        Ok(())
    }

    async fn write(&mut self, message: Message) -> Result<(), Cause> {
        if let Some(last) = self.last_write {
            sleep_until(last + self.settings.pace).await;
        }
        self.last_write = Some(Instant::now());
        match timeout(self.settings.timeout, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ended_by(error)),
            Err(_) => Err(Cause::Broken("a write that was not taken".into())),
        }
    }
}

/// The text of a frame; `None` for frames that only keep the connection.
fn text_of(frame: Option<Result<Message, Error>>) -> Result<Option<String>, Cause> {
    match frame {
        Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
        Some(Ok(Message::Binary(bytes))) => match String::from_utf8(bytes.into()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Cause::Broken("a binary message that holds no text".into())),
        },
        Some(Ok(Message::Close(_))) | None => Err(Cause::Closed),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(ended_by(error)),
    }
}

fn ended_by(error: Error) -> Cause {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => Cause::Closed,
        error => Cause::Broken(error.to_string()),
    }
}
