//! Hyperliquid's spot, simulated: no stop can rest there.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Exchange, JournalRecord};
use qtp_core::{Intent, Notice, OrderRole, Side};
use qtp_engine::driver::live::random_run_id;
use qtp_exchange::hyperliquid::payload::Wallet;
use qtp_exchange::hyperliquid::sign::Network;
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{SimServer, SimServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::round::Plan;
use crate::{PATIENCE, fills, round, runs, submits};

/// A key that is everybody's: the one of the venue's own examples.
pub(crate) const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";
const OWNER: &str = "0x14791697260E4c9A71f18484C9f997B308e59325";
const SPOT: &str = "HYPE-USDC@hyperliquid.testnet";

/// A venue that trades perpetuals and spot, and its address.
pub(crate) async fn simulated() -> (String, SimServer) {
    let accounts = vec![(OWNER.parse().unwrap(), 10_000.into())];
    let server = SimServer::new(SimServerConfig { accounts, ..SimServerConfig::default() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(tokio::spawn(server.clone().serve(listener)));
    (url, server)
}

/// Gives the account dollars for spot.
async fn fund(host: &str) {
    let body = format!(r#"{{"user":"{OWNER}","amount":"5000","spot":true}}"#);
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /admin/fund HTTP/1.1\r\nhost: venue\r\nconnection: close\r\ncontent-length: {}",
        body.len()
    );
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spot_is_bought_and_sold_but_not_with_a_stop_that_cannot_rest() {
    let (url, _server) = simulated().await;
    let host = url.strip_prefix("http://").unwrap();
    fund(host).await;
    let mut config = HyperliquidConfig::new(Network::Testnet, "main".parse().unwrap()).host(host);
    (config.key, config.wallet) = (Some(KEY.parse().unwrap()), Wallet::Spot);
    let exchange: Arc<dyn Exchange> = Arc::new(Hyperliquid::new(config).unwrap());
    let id = SPOT.parse().unwrap();
    let known = exchange.instruments().await.unwrap().into_iter().find(|known| known.id == id).unwrap();
    let cash = exchange.account_snapshot().await.unwrap().balances[&known.settle];

    let begun = (random_run_id(), cash);
    let (driver, journal, done) =
        round::driver(&exchange, known.clone(), begun, ("20".parse().unwrap(), Plan::Round));
    let (_, finished) = runs(driver, &done, Duration::from_secs(4)).await;
    let denied = |record: &JournalRecord| match record {
        JournalRecord::Command(record) => match &record.intent {
            Intent::Publish(Notice::Denied { reason, .. }) => reason.code == "no_stop_orders",
            _ => false,
        },
        JournalRecord::Event(_) => false,
    };
    let records = journal.records();
    assert!(!finished && records.iter().any(denied), "each entry is refused with its reason");
    assert!(submits(&records).is_empty() && fills(&records).is_empty());

    let begun = (random_run_id(), cash);
    let (driver, journal, done) =
        round::driver(&exchange, known.clone(), begun, ("20".parse().unwrap(), Plan::Bare));
    let (outcome, finished) = runs(driver, &done, PATIENCE).await;
    let records = journal.records();
    let roles: Vec<_> = submits(&records).iter().map(|order| (order.role, order.side)).collect();
    assert!(finished, "{roles:?}");
    assert_eq!(roles, [(OrderRole::Entry, Side::Buy), (OrderRole::Exit, Side::Sell)]);
    let there = exchange.account_snapshot().await.unwrap();
    let left = there.positions.get(&known.id).copied().unwrap_or_default();
    let ours = outcome.engine.state().accounts[0].portfolio.quantity(&known.id);
    assert_eq!(left, ours, "what a fee left over is the same on both sides");
    let sum: qtp_core::Quantity = fills(&records).iter().map(|fill| fill.side.signed(fill.quantity)).sum();
    assert!(sum.is_zero() || sum < "0.05".parse().unwrap(), "{sum}");
}
