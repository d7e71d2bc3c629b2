//! One connection after the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::session::Session;
use super::{Cause, Dialect, SocketEvent, SocketSettings};
use crate::transport::budget::{Charge, Priority};
use crate::transport::endpoint::Endpoints;

pub(super) type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

pub(super) struct Supervisor {
    pub(super) settings: SocketSettings,
    pub(super) endpoints: Endpoints,
    pub(super) dialect: Arc<dyn Dialect>,
    pub(super) wanted: watch::Receiver<BTreeSet<String>>,
    pub(super) events: mpsc::Sender<SocketEvent>,
}

impl Supervisor {
    /// Until the owner is gone.
    pub(super) async fn run(mut self) {
        let mut waits = self.settings.backoff.waits();
        let mut attempt = 0;
        loop {
            attempt += 1;
            let owner = self.events.clone();
            // A pause between two connections ends with the owner; a connection itself says goodbye first.
            let connected = tokio::select! {
                () = owner.closed() => return,
                connected = self.connect() => connected,
            };
            let began = Instant::now();
            let (place, cause) = match connected {
                (place, Ok(stream)) => {
                    let Some(cause) = self.session(stream, attempt).await else { return };
                    (place, cause)
                }
                (place, Err(cause)) => (place, cause),
            };
            if began.elapsed() > self.settings.backoff.longest {
                waits = self.settings.backoff.waits();
            } else {
                self.endpoints.failed(place);
            }
            if self.events.send(SocketEvent::Disconnected { cause }).await.is_err() {
                return;
            }
            let wait = waits.next().unwrap_or(self.settings.backoff.longest);
            tokio::select! {
                () = owner.closed() => return,
                () = sleep(wait) => {}
            }
        }
    }

    async fn session(&mut self, stream: Stream, attempt: u64) -> Option<Cause> {
        let session = Session {
            settings: &self.settings,
            dialect: &*self.dialect,
            events: &self.events,
            wanted: &mut self.wanted,
            stream,
            sent: BTreeSet::new(),
            last_write: None,
        };
        session.run(attempt).await
    }

    /// One attempt, as soon as the budget of attempts has room.
    async fn connect(&self) -> (usize, Result<Stream, Cause>) {
        let one = [Charge { limit: 0, weight: 1 }];
        let longest = self.settings.backoff.longest;
        while self.settings.attempts.acquire(&one, Priority::Exit, longest).await.is_err() {
            sleep(longest).await;
        }
        let (place, base) = self.endpoints.current();
        let stream = match timeout(self.settings.timeout, self.dial(base)).await {
            Ok(dialled) => dialled,
            Err(_) => Err(format!("no answer within {:?}", self.settings.timeout)),
        };
        (place, stream.map_err(Cause::Connect))
    }

    async fn dial(&self, base: &str) -> Result<Stream, String> {
        let path = self.dialect.path().await.map_err(|error| error.to_string())?;
        let request = format!("{base}{path}").into_client_request().map_err(|error| error.to_string())?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(self.settings.message_max))
            .max_frame_size(Some(self.settings.message_max));
        let (stream, _) = connect_async_with_config(request, Some(config), true)
            .await
            .map_err(|error| error.to_string())?;
        Ok(stream)
    }
}
