//! Live runs against venues on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use common::*;
use qtp_exchange::sim_server::{SimServer, SimServerConfig};
use tokio::net::TcpListener;

/// A key that is everybody's: the one of the venue's own examples.
const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";
const OWNER: &str = "0x14791697260E4c9A71f18484C9f997B308e59325";

/// A venue that trades perpetuals and spot, and its address.
async fn simulated() -> String {
    let accounts = vec![(OWNER.parse().unwrap(), 10_000.into())];
    let server = SimServer::new(SimServerConfig { accounts, ..SimServerConfig::default() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(tokio::spawn(server.serve(listener)));
    url
}

/// What the bot says when it is to trade these assets with an account there.
fn refusal(url: &str, assets: &str) -> String {
    let runs = Runs::new();
    let args = ["--mode", "live", "--venue", "hyperliquid", "--network", "testnet", "--url", url];
    let mut bot = command(BOT, &args);
    bot.args(["--assets", assets, "--runs"]).arg(runs.path()).env("HYPERLIQUID_PRIVATE_KEY", KEY);
    Running::start(bot).finish().refusal().to_owned()
}

#[test]
fn a_bot_does_not_trade_where_no_stop_can_rest() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let url = runtime.block_on(simulated());
    let spot = refusal(&url, "HYPE-USDC");
    assert!(spot.contains("HYPE-USDC@hyperliquid.testnet: the venue has no stop orders"), "{spot}");
    let both = refusal(&url, "BTC,HYPE-USDC");
    assert!(both.contains("perpetuals and spot are two accounts"), "{both}");
}

#[test]
fn a_source_of_data_takes_no_orders() {
    let ran = run(BOT, &["--mode", "live", "--venue", "yahoo", "--network", "mainnet", "--assets", "AAPL"]);
    let refusal = ran.refusal();
    assert!(refusal.contains("trading.venue: yahoo is a source of data that takes no orders"), "{refusal}");
}
