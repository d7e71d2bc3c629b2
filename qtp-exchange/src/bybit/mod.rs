//! Bybit v5: spot and linear contracts.
//!
//! [`Requests`] turns what we want into the exact text that the venue expects, signed; [`wire`] turns its answers and
//! messages into domain values; [`FeedBook`] keeps a book in sync; [`BybitMarket`] serves public data, [`BybitExchange`]
//! trades too. Spot and linear are two venues, `bybit` and `bybit-linear`, on one unified account.

mod book;
mod exchange;
mod market;
mod order;
mod request;
mod speech;
pub mod wire;

use std::time::Duration;

use crate::transport::Limit;

pub use book::{FeedBook, Step};
pub use exchange::{BybitExchange, ExchangeSettings};
pub use market::{BybitMarket, MarketSettings};
pub use request::{Attached, Requests};
use speech::Speech;

/// Which of the two venues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Spot.
    Spot,
    /// Contracts with USDT or USDC as margin.
    Linear,
}

impl Category {
    /// As the venue writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
        }
    }
}

/// REST base URL of mainnet or testnet.
pub const fn rest_url(testnet: bool) -> &'static str {
    if testnet { "https://api-testnet.bybit.com" } else { "https://api.bybit.com" }
}

/// Base URL of the sockets of mainnet or testnet.
pub const fn socket_url(testnet: bool) -> &'static str {
    if testnet { "wss://stream-testnet.bybit.com" } else { "wss://stream.bybit.com" }
}

/// Request limits, in the order in which [`Requests`] charge them: all requests of an address in 5 s, and orders of an
/// account in a second (each of create, amend and cancel has as many; they are counted as one here).
pub const fn limits() -> [Limit; 2] {
    [
        Limit { name: "requests in 5 s", capacity: 600, window: Duration::from_secs(5) },
        Limit { name: "orders a second", capacity: 10, window: Duration::from_secs(1) },
    ]
}
