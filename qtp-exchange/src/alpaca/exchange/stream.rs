//! The account's stream.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::{AccountStream, EventStream};
use qtp_core::{AccountId, Event, ExchangeError, Timestamp};

use super::Inner;
use crate::alpaca::wire::{AccountUpdate, account_updates};
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said};
use crate::transport::{Change, Dialect, Socket, Topics};

const OPERATION: &str = "subscribe_account";
/// Events that wait for the reader; more of them wait in the network.
const ROOM: usize = 1024;
const STREAM: &str = "trade_updates";

/// Opens the account's stream, and waits until it is complete.
pub(super) async fn open(inner: &Arc<Inner>) -> Result<AccountStream, ExchangeError> {
    let symbols = Arc::clone(&inner.market.catalogue().await?.symbols);
    let login = inner.market.requests().stream_login(true)?;
    let (sender, stream) = EventStream::channel(ROOM);
    Feed::open(Messages { inner: Arc::clone(inner), symbols, login }, sender).await?;
    Ok(stream)
}

/// A login first, then the one stream.
struct Speech(String);

#[async_trait]
impl Dialect for Speech {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        match change {
            Change::Subscribe => {
                vec![serde_json::json!({"action": "listen", "data": {"streams": topics}}).to_string()]
            }
            Change::Unsubscribe => Vec::new(),
        }
    }

    async fn path(&self) -> Result<String, ExchangeError> {
        Ok("/stream".to_owned())
    }

    fn greeting(&self) -> Vec<String> {
        vec![self.0.clone()]
    }

    fn login(&self, text: &str) -> Option<Result<(), String>> {
        let account: AccountId = "login".parse().ok()?;
        match account_updates(text, &Symbols::default(), &account) {
            Ok(AccountUpdate::Login(login)) => Some(login),
            _ => None,
        }
    }
}

struct Messages {
    inner: Arc<Inner>,
    symbols: Arc<Symbols>,
    login: String,
}

#[async_trait]
impl Reader for Messages {
    fn operation(&self) -> &'static str {
        OPERATION
    }

    fn account(&self) -> Option<&AccountId> {
        Some(&self.inner.settings.account)
    }

    fn open(&self) -> Result<Socket, ExchangeError> {
        let socket =
            Socket::open(self.inner.settings.account_socket.clone(), Arc::new(Speech(self.login.clone())))?;
        socket.topics().subscribe(STREAM);
        Ok(socket)
    }

    fn confirms(&self) -> bool {
        true
    }

    async fn read(&mut self, text: &str, _: Timestamp, _: &Topics) -> Result<Said, ExchangeError> {
        Ok(match account_updates(text, &self.symbols, &self.inner.settings.account)? {
            AccountUpdate::Events(mut events) => {
                for (_, event) in &mut events {
                    match event {
                        Event::Fill(fill) if fill.client_order_id.is_none() => self.inner.claim(fill).await?,
                        Event::OrderReport(report) => self.inner.own(report),
                        _ => {}
                    }
                }
                Said::Events(events)
            }
            AccountUpdate::Listening(streams) if streams.iter().any(|stream| stream == STREAM) => Said::Ready,
            AccountUpdate::Listening(_) => {
                let message = format!("the venue does not give {STREAM}");
                return Err(ExchangeError::Auth { operation: OPERATION, message });
            }
            AccountUpdate::Login(_) | AccountUpdate::Unused => Said::Events(Vec::new()),
        })
    }
}
