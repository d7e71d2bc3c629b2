//! Orders, fills, funding and transfers of an account.

use std::sync::Arc;

use qtp_core::port::{AccountStream, Clock, EventStream, StreamSender};
use qtp_core::{AccountId, Event, ExchangeError, Fill, FundingPayment, Reason, Timestamp};
use serde_json::json;

use super::seen::Seen;
use super::{Message, Opened, open};
use crate::hyperliquid::payload::{self, LedgerEntry, Wallet};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::{Catalogue, HyperliquidConfig, Owner};
use crate::transport::{Socket, SocketEvent};

const OPERATION: &str = "subscribe_account";
/// Events that wait for the reader; more of them wait in the network.
const ROOM: usize = 1024;

/// Opens the stream of an account.
pub(in crate::hyperliquid) async fn account(
    config: &HyperliquidConfig,
    catalogue: Arc<Catalogue>,
    user: Address,
) -> Result<AccountStream, ExchangeError> {
    let topics = ["orderUpdates", "userFills", "userFundings", "userNonFundingLedgerUpdates"]
        .map(|kind| json!({"type": kind, "user": user}).to_string());
    let Opened { socket, early } = open(OPERATION, config, &topics).await?;
    let (sender, stream) = EventStream::channel(ROOM);
    let feed = Feed {
        catalogue,
        account: config.account.clone(),
        address: user,
        wallet: config.wallet,
        clock: Arc::clone(&config.clock),
        sender,
        opened: config.clock.now(),
        seen: Seen::default(),
        first: true,
        down: false,
    };
    drop(tokio::spawn(feed.run(socket, early)));
    Ok(stream)
}

struct Feed {
    catalogue: Arc<Catalogue>,
    account: AccountId,
    address: Address,
    wallet: Wallet,
    clock: Arc<dyn Clock>,
    sender: StreamSender,
    opened: Timestamp,
    seen: Seen,
    /// No connection was lost yet: history that is told first is older than the stream.
    first: bool,
    down: bool,
}

impl Feed {
    async fn run(mut self, mut socket: Socket, early: Vec<String>) {
        for text in early {
            if self.message(&text).await.is_err() {
                return;
            }
        }
        while let Some(event) = socket.next().await {
            let done = match event {
                SocketEvent::Message(text) => self.message(&text).await,
                SocketEvent::Connected { .. } if self.down => {
                    self.down = false;
                    self.tell(true, "connected", "the socket is connected again").await
                }
                SocketEvent::Connected { .. } => Ok(()),
                SocketEvent::Disconnected { cause } => {
                    (self.down, self.first) = (true, false);
                    self.tell(false, "disconnected", &cause.to_string()).await
                }
            };
            if done.is_err() {
                return;
            }
        }
    }

    /// Fails if nobody reads any more.
    async fn message(&mut self, text: &str) -> Result<(), ExchangeError> {
        match self.read(text) {
            Ok(events) => {
                for (time, event) in events {
                    self.sender.send(time, event).await?;
                }
                Ok(())
            }
            Err(error) => {
                // Something about the account was said and not understood: it must be compared before it trades on.
                self.tell(false, "unreadable", &error.to_string()).await?;
                self.tell(true, "compare", "after an unreadable message").await
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
        let (channel, data) = Message::read(OPERATION, text)?;
        let (catalogue, account) = (Arc::clone(&self.catalogue), self.account.clone());
        let (address, wallet) = (self.address, self.wallet);
        let owner = Owner { catalogue: &catalogue, account: &account, address, wallet };
        match channel {
            "orderUpdates" => {
                let reports = payload::order_updates(data, &owner)?;
                Ok(reports.into_iter().map(|report| (report.time, Event::OrderReport(report))).collect())
            }
            "userFills" => {
                let told = payload::fills(data, &owner)?;
                Ok(self.news(told.snapshot, told.fills, name_of_fill, |fill| (fill.time, Event::Fill(fill))))
            }
            "userFundings" => {
                let (snapshot, payments) = payload::funding_payments(data, &owner)?;
                let event = |payment: FundingPayment| (payment.time, Event::Funding(payment));
                Ok(self.news(snapshot, payments, name_of_payment, event))
            }
            "userNonFundingLedgerUpdates" => {
                let (snapshot, entries) = payload::ledger(data, &owner)?;
                let event = |entry: LedgerEntry| (entry.time, entry);
                let news = self.news(snapshot, entries, name_of_entry, event);
                Ok(news.into_iter().flat_map(|(time, entry)| self.entry(time, entry, &owner)).collect())
            }
            "error" => Err(super::refused(OPERATION, data)),
            _ => Ok(Vec::new()),
        }
    }

    /// What was not told before. History at the start of the stream is known to whoever reads the account.
    fn news<T, E>(
        &mut self,
        snapshot: bool,
        all: Vec<T>,
        name: impl Fn(&T) -> (Timestamp, String),
        event: impl Fn(T) -> E,
    ) -> Vec<E> {
        let (first, opened) = (self.first, self.opened);
        let seen = &mut self.seen;
        let news = all.into_iter().filter(|entry| {
            let (time, name) = name(entry);
            seen.first(name) && !(snapshot && first && time < opened)
        });
        news.map(event).collect()
    }

    /// An entry of a kind that is not known makes the account be compared: unhealthy, and well again.
    fn entry(&self, time: Timestamp, entry: LedgerEntry, owner: &Owner<'_>) -> Vec<(Timestamp, Event)> {
        let Some(kind) = &entry.unknown else {
            return entry.event(owner).map(|event| (time, event)).into_iter().collect();
        };
        let words = format!("ledger entry of an unknown kind {kind:?}, transaction {}", entry.hash);
        let tell = |healthy, code, words: &str| {
            let (account, reason) = (Some(self.account.clone()), Reason::new(code, words));
            (time, Event::Connection { account, topic: None, healthy, reason })
        };
        vec![
            tell(false, "unknown_ledger_entry", &words),
            tell(true, "compare", "after an unknown ledger entry"),
        ]
    }

    async fn tell(&self, healthy: bool, code: &str, words: &str) -> Result<(), ExchangeError> {
        let (account, reason) = (Some(self.account.clone()), Reason::new(code, words));
        let event = Event::Connection { account, topic: None, healthy, reason };
        self.sender.send(self.clock.now(), event).await
    }
}

fn name_of_fill(fill: &Fill) -> (Timestamp, String) {
    let order = fill.venue_order_id.as_ref().map_or("", |id| id.as_str());
    (fill.time, format!("fill {} {order}", fill.trade_id))
}

fn name_of_payment(payment: &FundingPayment) -> (Timestamp, String) {
    (payment.time, format!("funding {} {}", payment.instrument, payment.time.as_millis()))
}

fn name_of_entry(entry: &LedgerEntry) -> (Timestamp, String) {
    (entry.time, format!("ledger {} {} {:?}", entry.hash, entry.time.as_millis(), entry.flow))
}
