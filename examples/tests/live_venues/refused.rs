//! What the bot does not begin.

use crate::common::*;
use crate::hyperliquid::{KEY, simulated};

/// What the bot says when it is to trade these assets with an account there.
fn refusal(url: &str, assets: &str) -> String {
    let runs = Runs::new();
    let args = ["--mode", "live", "--venue", "hyperliquid", "--network", "testnet", "--url", url];
    let mut bot = command(BOT, &args);
    bot.args(["--assets", assets, "--runs"]).arg(runs.path()).env("HYPERLIQUID_PRIVATE_KEY", KEY);
    let refusal = Running::start(bot).finish().refusal().to_owned();
    assert!(!runs.path().join("latest").exists(), "a refused run leaves nothing behind");
    refusal
}

#[test]
fn a_bot_does_not_trade_where_no_stop_can_rest() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (url, _server) = runtime.block_on(simulated());
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
