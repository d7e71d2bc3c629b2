//! The account's stream.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{AccountStream, EventStream, StreamSender};
use qtp_core::{AccountId, Event, ExchangeError, Timestamp};

use super::Inner;
use crate::bybit::Speech;
use crate::bybit::wire::{self, AccountUpdate, account_updates};
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said, compare};
use crate::transport::{Change, Dialect, Socket, Topics};

const OPERATION: &str = "subscribe_account";
/// Events that wait for the reader; more of them wait in the network.
const ROOM: usize = 1024;
const TOPICS: [&str; 3] = ["order", "execution", "wallet"];
/// After a word on the wallet: how long until transfers are looked for. Words come in groups.
const TRANSFER_WAIT: Duration = Duration::from_secs(3);
/// A transfer may be listed with a time from before the word on it.
const TRANSFER_OVERLAP: Duration = Duration::from_secs(60);

/// Opens the account's stream, and waits until it is complete.
pub(super) async fn open(inner: &Arc<Inner>) -> Result<AccountStream, ExchangeError> {
    let now = inner.now().await?;
    let symbols = Arc::clone(&inner.market.catalogue().await?.symbols);
    let (sender, stream) = EventStream::channel(ROOM);
    let transfers = Transfers {
        inner: Arc::clone(inner),
        asked: AtomicBool::new(false),
        told: tokio::sync::Mutex::new((now, BTreeSet::new())),
        sender: sender.clone(),
    };
    let messages = Messages { inner: Arc::clone(inner), symbols, transfers: Arc::new(transfers) };
    Feed::open(messages, sender).await?;
    Ok(stream)
}

/// A login that is signed anew for each connection, then the topics.
struct Login(Arc<Inner>);

#[async_trait]
impl Dialect for Login {
    fn encode(&self, change: Change, topics: &[String]) -> Vec<String> {
        Speech.encode(change, topics)
    }

    async fn path(&self) -> Result<String, ExchangeError> {
        // The login that follows is signed by this time.
        self.0.now().await.map(|_| "/v5/private".to_owned())
    }

    fn greeting(&self) -> Vec<String> {
        self.0.requests.stream_login(self.0.clock.now()).into_iter().collect()
    }

    fn login(&self, text: &str) -> Option<Result<(), String>> {
        let answer = wire::stream_login(text)?;
        if answer.is_err() {
            // Its end may have lain before the venue's now.
            self.0.clock.doubt();
        }
        Some(answer)
    }
}

struct Messages {
    inner: Arc<Inner>,
    symbols: Arc<Symbols>,
    transfers: Arc<Transfers>,
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
        let login = Arc::new(Login(Arc::clone(&self.inner)));
        let socket = Socket::open(self.inner.settings.account_socket.clone(), login)?;
        for topic in TOPICS {
            socket.topics().subscribe(topic);
        }
        Ok(socket)
    }

    fn confirms(&self) -> bool {
        true
    }

    async fn read(&mut self, text: &str, _: Timestamp, _: &Topics) -> Result<Said, ExchangeError> {
        let (category, account) = (self.inner.settings.category, &self.inner.settings.account);
        Ok(match account_updates(text, category, &self.symbols, account)? {
            AccountUpdate::Events(events) => Said::Events(events),
            // Executions explain themselves; a transfer is only seen here.
            AccountUpdate::Balances => {
                Arc::clone(&self.transfers).look();
                Said::Events(Vec::new())
            }
            AccountUpdate::Answer { operation, error } if operation == "subscribe" => match error {
                None => Said::Ready,
                Some(message) => return Err(ExchangeError::Auth { operation: OPERATION, message }),
            },
            AccountUpdate::Answer { .. } | AccountUpdate::Unused => Said::Events(Vec::new()),
        })
    }
}

/// Money that came and went, from the list of transfers.
struct Transfers {
    inner: Arc<Inner>,
    /// A look is on its way.
    asked: AtomicBool,
    /// Since when, and which were told.
    told: tokio::sync::Mutex<(Timestamp, BTreeSet<String>)>,
    sender: StreamSender,
}

impl Transfers {
    fn look(self: Arc<Self>) {
        if self.asked.swap(true, Ordering::SeqCst) {
            return;
        }
        drop(tokio::spawn(async move {
            tokio::time::sleep(TRANSFER_WAIT).await;
            self.asked.store(false, Ordering::SeqCst);
            let mut told = self.told.lock().await;
            let account = &self.inner.settings.account;
            let events = match self.inner.new_transfers(&mut told).await {
                Ok(events) => events,
                Err(error) => {
                    let words = format!("transfers could not be read: {error}");
                    compare(account, self.inner.clock.ours(), &words)
                }
            };
            for (time, event) in events {
                if self.sender.send(time, event).await.is_err() {
                    return;
                }
            }
        }));
    }
}

impl Inner {
    async fn new_transfers(
        &self,
        (opened, told): &mut (Timestamp, BTreeSet<String>),
    ) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
        let mut events = Vec::new();
        let since = (*opened).max(self.clock.now() - Duration::from_secs(86_400)) - TRANSFER_OVERLAP;
        for into in [true, false] {
            let reply = self.ask(|at| self.requests.transfers(into, since, at)).await?;
            for (name, time, amount) in wire::transfers(reply.text())? {
                if time >= *opened && told.insert(name) {
                    events.push((time, Event::CashFlow { account: self.settings.account.clone(), amount }));
                }
            }
        }
        events.sort_by_key(|(time, _)| *time);
        Ok(events)
    }
}
