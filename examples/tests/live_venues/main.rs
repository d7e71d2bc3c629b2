//! Live runs against venues on loopback: the driver and the adapters as they trade, and what is not begun at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod alpaca;
mod binance;
mod book;
mod bybit;
#[path = "../common/mod.rs"]
mod common;
mod hyperliquid;
mod refused;
mod round;
#[path = "../../../qtp-exchange/tests/venue_stub/mod.rs"]
#[allow(dead_code, reason = "the venues share it")]
mod stub;
mod usdm;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use book::{Book, Rules};
use qtp_core::port::{Exchange, JournalRecord, Severity, SystemClock};
use qtp_core::{AccountKind, Event, Fill, Intent, OrderRequest, OrderRole, Reason, Side};
use qtp_engine::driver::live::{LiveDriver, LiveOutcome, Preflight, random_run_id};
use round::Plan;
use serde_json::Value;
use stub::{Peer, Sockets};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Longest that a round may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An adapter and the venue that it speaks to.
struct Case {
    exchange: Box<dyn Exchange>,
    book: Book,
    instrument: &'static str,
    size: &'static str,
}

impl Case {
    /// A venue's account, and what it says on its stream.
    fn book(rules: Rules) -> (Book, UnboundedReceiver<Value>) {
        let (stream, said) = unbounded_channel();
        (Book::new(rules, stream), said)
    }
}

/// Answers a login on the account's socket, then passes on what the venue says.
async fn forward(sockets: Sockets, welcome: impl AsyncFn(&mut Peer), mut said: UnboundedReceiver<Value>) {
    let mut peer = sockets.accept().await;
    welcome(&mut peer).await;
    while let Some(message) = said.recv().await {
        if !peer.offer(message).await {
            return;
        }
    }
}

/// Answers a subscription, then lets the market trade.
async fn prints(sockets: Sockets, welcome: impl AsyncFn(&mut Peer), print: fn() -> Value) {
    let mut peer = sockets.accept().await;
    welcome(&mut peer).await;
    while peer.offer(print()).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The value of a pair in a query or form.
fn value(pairs: &str, name: &str) -> Option<String> {
    pairs.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
}

fn submits(records: &[JournalRecord]) -> Vec<OrderRequest> {
    let of = |record: &JournalRecord| match record {
        JournalRecord::Command(record) => match &record.intent {
            Intent::Submit(group) => group.orders().cloned().collect(),
            _ => Vec::new(),
        },
        JournalRecord::Event(_) => Vec::new(),
    };
    records.iter().flat_map(of).collect()
}

fn fills(records: &[JournalRecord]) -> Vec<Fill> {
    let of = |record: &JournalRecord| match record {
        JournalRecord::Event(record) => match &record.event {
            Event::Fill(fill) => Some(fill.clone()),
            _ => None,
        },
        JournalRecord::Command(_) => None,
    };
    records.iter().filter_map(of).collect()
}

/// Runs until the round is over, or for so long. Returns whether it was over.
async fn runs(driver: LiveDriver, done: &Notify, patience: Duration) -> (LiveOutcome, bool) {
    let handle = driver.handle();
    let watch = async {
        let finished = tokio::time::timeout(patience, done.notified()).await.is_ok();
        handle.stop(Reason::new("done", "")).await;
        finished
    };
    let (outcome, finished) = tokio::join!(driver.run(), watch);
    (outcome.unwrap(), finished)
}

/// Preflight, entry in two fills, a stop that follows them, a stop that is moved, exit: and every fill in the journal.
async fn trades_a_round(case: Case) {
    let Case { exchange, book, instrument, size } = case;
    let exchange: Arc<dyn Exchange> = exchange.into();
    let id = instrument.parse().unwrap();
    let known = exchange.instruments().await.unwrap().into_iter().find(|known| known.id == id).unwrap();
    let run_id = random_run_id();
    let validity = exchange.capabilities().validity.then_some(round::VALIDITY);
    let instruments = std::slice::from_ref(&known);
    let (foreign, resumed) = (qtp_engine::ForeignPosition::Halt, false);
    let check = Preflight { instruments, run_id, foreign, validity, resumed };
    let found = check.check(&*exchange, &SystemClock).await.unwrap();
    assert!(found.iter().all(|finding| finding.severity == Severity::Warn), "{found:?}");

    let cash = exchange.account_snapshot().await.unwrap().balances[&known.settle];
    let (driver, journal, done) =
        round::driver(&exchange, known.clone(), (run_id, cash), (size.parse().unwrap(), Plan::Round));
    let (outcome, finished) = runs(driver, &done, PATIENCE).await;
    let records = journal.records();
    let told: Vec<_> = submits(&records).iter().map(|order| (order.role, order.quantity)).collect();
    assert!(finished, "the round ended: {told:?}, {:?}, refused {:?}", book.open(), book.refused());
    assert_eq!(book.refused(), Vec::<String>::new(), "{told:?}");
    assert_eq!((outcome.unsettled, book.open().len()), (0, 0));
    assert!(book.balances().0.is_zero(), "{:?} is left", book.balances());

    let sent = submits(&records);
    let of = |role: OrderRole| sent.iter().filter(|order| order.role == role).count();
    assert_eq!((of(OrderRole::Entry), of(OrderRole::Exit)), (1, 1), "{told:?}");
    assert!(of(OrderRole::Stop) >= 2, "one for the position, one where it was moved to: {told:?}");
    let executed: Vec<_> = book
        .executions()
        .iter()
        .map(|done| (done.order.id.clone(), done.order.buy, done.quantity, done.price))
        .collect();
    // A fill that comes by the stream and by a look at the account is booked once.
    let (mut heard, mut seen) = (fills(&records), BTreeSet::new());
    heard.retain(|fill| seen.insert(fill.trade_id.clone()));
    let booked: Vec<_> = heard
        .iter()
        .inspect(|fill| assert_eq!(fill.external, None, "{fill:?}"))
        .map(|fill| {
            let id = fill.client_order_id.unwrap().to_string();
            (id, fill.side == Side::Buy, fill.quantity.get(), fill.price.get())
        })
        .collect();
    assert_eq!(booked, executed, "the journal accounts for every fill");
    let account = &outcome.engine.state().accounts[0];
    assert!(account.portfolio.quantity(&known.id).is_zero() && account.orders.is_empty());
    if account.portfolio.kind() == AccountKind::Spot {
        let cash = account.portfolio.balances()[&known.settle];
        assert_eq!(cash, book.balances().1, "our cash is the venue's to the last digit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_on_binances_spot_is_accounted_for() {
    trades_a_round(binance::case().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_on_binances_futures_is_accounted_for() {
    trades_a_round(usdm::case().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_on_bybits_contracts_is_accounted_for() {
    trades_a_round(bybit::case().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_round_on_alpaca_is_accounted_for() {
    trades_a_round(alpaca::case().await).await;
}

/// The driver learns of it by the stream alone: the order that fills has another number than the stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_fires_on_binances_futures_closes_its_own_position() {
    let Case { exchange, book, instrument, size } = usdm::case().await;
    let exchange: Arc<dyn Exchange> = exchange.into();
    let id = instrument.parse().unwrap();
    let known = exchange.instruments().await.unwrap().into_iter().find(|known| known.id == id).unwrap();
    let cash = exchange.account_snapshot().await.unwrap().balances[&known.settle];
    let (driver, journal, done) =
        round::driver(&exchange, known.clone(), (random_run_id(), cash), (size.parse().unwrap(), Plan::Hold));
    let handle = driver.handle();
    let watch = async {
        done.notified().await;
        book.reach_the_stop();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let halted = handle.look(|engine| engine.state().accounts[0].risk.halted().cloned()).await;
        handle.stop(Reason::new("done", "")).await;
        halted
    };
    let (outcome, halted) = tokio::join!(driver.run(), tokio::time::timeout(PATIENCE, watch));
    let (outcome, fills) = (outcome.unwrap(), fills(&journal.records()));
    assert_eq!(halted.unwrap(), Some(None), "it is not taken for somebody else's");
    let told: Vec<_> =
        fills.iter().map(|fill| (fill.side, fill.quantity.to_string(), fill.external)).collect();
    let expected = [(Side::Buy, "0.01"), (Side::Buy, "0.01"), (Side::Sell, "0.02")];
    assert_eq!(told, expected.map(|(side, size)| (side, size.to_owned(), None)));
    let account = &outcome.engine.state().accounts[0];
    assert!(account.portfolio.quantity(&known.id).is_zero() && account.orders.is_empty());
    assert_eq!(submits(&journal.records()).last().map(|order| order.role), Some(OrderRole::Stop));
}
