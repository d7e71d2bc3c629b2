//! Alpaca: US stocks and crypto.
//!
//! [`Requests`] turns what we want into the exact text that the venue expects; [`wire`] turns its answers into domain
//! values; [`AlpacaMarket`] serves market data, [`AlpacaExchange`] trades too. Orders go to one host, market data comes
//! from another.

mod exchange;
mod market;
mod order;
mod request;
pub mod wire;

use std::time::Duration;

use crate::transport::Limit;

pub use exchange::{AlpacaExchange, ExchangeSettings};
pub use market::{AlpacaMarket, MarketSettings};
pub use request::Requests;

/// Base URL of orders and account, live or paper. Their keys differ.
pub const fn trading_url(paper: bool) -> &'static str {
    if paper { "https://paper-api.alpaca.markets" } else { "https://api.alpaca.markets" }
}

/// Base URL of the account's stream, live or paper.
pub const fn account_stream_url(paper: bool) -> &'static str {
    if paper { "wss://paper-api.alpaca.markets" } else { "wss://api.alpaca.markets" }
}

/// Base URL of the data streams.
pub const DATA_STREAM_URL: &str = "wss://stream.data.alpaca.markets";

/// Base URL of market data.
pub const DATA_URL: &str = "https://data.alpaca.markets";

/// Request limit of either host, charged by [`Requests`] as the first one.
pub const fn limits() -> [Limit; 1] {
    [Limit { name: "requests a minute", capacity: 200, window: Duration::from_secs(60) }]
}

/// What is traded. Paths, lifetimes and fractions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetClass {
    /// US stocks.
    Stock,
    /// Crypto, symbols such as `BTC/USD`.
    Crypto,
}
