//! The account's stream.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{AccountStream, EventStream, StreamSender};
use qtp_core::{AccountId, Event, ExchangeError, Timestamp};

use super::Inner;
use crate::binance::wire::{self, AccountUpdate, account_updates};
use crate::native::Symbols;
use crate::native::feed::{Feed, Reader, Said, compare};
use crate::transport::{Change, Dialect, Socket, Topics};

const OPERATION: &str = "subscribe_account";
/// Events that wait for the reader; more of them wait in the network.
const ROOM: usize = 1024;
/// A listen key lives for an hour after it was last kept.
const KEEP: Duration = Duration::from_secs(25 * 60);
/// How often payments are asked for after the stream told that there are some, and the time between.
const PAYMENT_TRIES: usize = 5;
const PAYMENT_WAIT: Duration = Duration::from_secs(2);

/// Opens the account's stream, and waits until it is complete.
pub(super) async fn open(inner: &Arc<Inner>) -> Result<AccountStream, ExchangeError> {
    let now = inner.now().await?;
    let symbols = Arc::clone(&inner.market.catalogue().await?.symbols);
    let (sender, stream) = EventStream::channel(ROOM);
    let messages = Messages {
        inner: Arc::clone(inner),
        symbols,
        payments: Arc::new(tokio::sync::Mutex::new(Payments { since: now, told: BTreeSet::new() })),
        sender: sender.clone(),
        kept: now,
    };
    Feed::open(messages, sender).await?;
    Ok(stream)
}

/// Futures: a fresh listen key for each connection. Spot: the first message asks for the stream, signed.
struct Speech(Arc<Inner>);

#[async_trait]
impl Dialect for Speech {
    /// An account's stream has no topics.
    fn encode(&self, _: Change, _: &[String]) -> Vec<String> {
        Vec::new()
    }

    async fn path(&self) -> Result<String, ExchangeError> {
        if !self.0.futures() {
            // The login that follows is signed by this time.
            return self.0.now().await.map(|_| String::new());
        }
        let reply = self.0.listen_key(false).await?;
        Ok(format!("/private/ws?listenKey={reply}"))
    }

    fn greeting(&self) -> Vec<String> {
        self.0.requests.stream_login(1, self.0.clock.now()).into_iter().collect()
    }

    fn login(&self, text: &str) -> Option<Result<(), String>> {
        let answer = wire::stream_login(text)?;
        if answer.is_err() && wire::is_clock_error(text) {
            self.0.clock.doubt();
        }
        Some(answer)
    }
}

struct Messages {
    inner: Arc<Inner>,
    symbols: Arc<Symbols>,
    payments: Arc<tokio::sync::Mutex<Payments>>,
    sender: StreamSender,
    kept: Timestamp,
}

/// Funding that was told already.
struct Payments {
    since: Timestamp,
    told: BTreeSet<i64>,
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
        Socket::open(self.inner.settings.account_socket.clone(), Arc::new(Speech(Arc::clone(&self.inner))))
    }

    async fn read(&mut self, text: &str, now: Timestamp, _: &Topics) -> Result<Said, ExchangeError> {
        let account = &self.inner.settings.account;
        Ok(match account_updates(text, &self.symbols, account)? {
            AccountUpdate::Events(events) => {
                events.iter().for_each(|(_, event)| self.learn(event));
                Said::Events(events)
            }
            // Spot says it of every order and every deposit, which are told on their own.
            AccountUpdate::Balances if !self.inner.futures() => Said::Events(Vec::new()),
            AccountUpdate::Balances => Said::Events(compare(account, now, "balances moved without a reason")),
            AccountUpdate::Funding => {
                self.ask_for_payments();
                Said::Events(Vec::new())
            }
            AccountUpdate::Expired => Said::Over("the venue ended the stream"),
            AccountUpdate::Unused => Said::Events(Vec::new()),
        })
    }

    async fn keep(&mut self, now: Timestamp) {
        if self.inner.futures() && now.since(self.kept) >= KEEP {
            // If it fails the stream ends, which is told, and the next one begins with a new key.
            let _ = self.inner.listen_key(true).await;
            self.kept = now;
        }
    }
}

impl Messages {
    /// Executions over REST name the venue's order only.
    fn learn(&self, event: &Event) {
        if let Event::OrderReport(report) = event
            && let (Some(number), Some(id)) = (&report.venue_order_id, report.client_order_id)
        {
            self.inner.remember(number, Some(id), None);
        }
    }

    /// The stream tells that funding was paid, the list of payments for which symbol: it may come a moment later.
    fn ask_for_payments(&self) {
        let (inner, symbols) = (Arc::clone(&self.inner), Arc::clone(&self.symbols));
        let (payments, sender) = (Arc::clone(&self.payments), self.sender.clone());
        drop(tokio::spawn(async move {
            let mut payments = payments.lock().await;
            for _ in 0..PAYMENT_TRIES {
                let found = inner.new_payments(&mut payments, &symbols).await;
                for (time, event) in found.iter().flatten() {
                    if sender.send(*time, event.clone()).await.is_err() {
                        return;
                    }
                }
                if found.is_ok_and(|found| !found.is_empty()) {
                    return;
                }
                tokio::time::sleep(PAYMENT_WAIT).await;
            }
            let now = inner.clock.ours();
            for (time, event) in compare(&inner.settings.account, now, "funding that is not listed") {
                let _ = sender.send(time, event).await;
            }
        }));
    }
}

impl Inner {
    async fn listen_key(&self, keep: bool) -> Result<String, ExchangeError> {
        let reply = self.market.http().read(|| self.requests.listen_key(keep)).await?;
        if !reply.is_success() {
            return Err(wire::error_of(OPERATION, reply.status(), reply.text()));
        }
        if keep { Ok(String::new()) } else { wire::listen_key(reply.text()) }
    }

    async fn new_payments(
        &self,
        payments: &mut Payments,
        symbols: &Symbols,
    ) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
        let reply = self.read(|at| self.requests.funding_payments(payments.since, at)).await?;
        let all = wire::funding_payments(reply.text(), symbols, &self.settings.account)?;
        let new = all.into_iter().filter(|(number, _)| payments.told.insert(*number));
        Ok(new.map(|(_, payment)| (payment.time, Event::Funding(payment))).collect())
    }
}
