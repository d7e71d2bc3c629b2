//! Binance: spot and USD-M futures.
//!
//! [`Requests`] turns what we want into the exact text that the venue expects, signed; [`wire`] turns its answers and
//! messages into domain values; [`DepthBook`] keeps a book in sync;
//! [`BinanceMarket`] serves public data, [`BinanceExchange`] trades too. Spot and futures are two venues, `binance` and
//! `binance-usdm`.

mod book;
mod exchange;
mod market;
mod order;
mod request;
pub mod wire;

use std::time::Duration;

use crate::transport::Limit;

pub use book::{DepthBook, Step};
pub use exchange::{BinanceExchange, ExchangeSettings};
pub use market::{BinanceMarket, MarketSettings};
pub use request::{Amendment, FillPage, Requests};

/// Which of the two venues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Spot.
    Spot,
    /// Futures with USD stablecoins as margin.
    UsdMargin,
}

impl Product {
    /// REST base URL of mainnet or testnet.
    pub const fn rest_url(self, testnet: bool) -> &'static str {
        match (self, testnet) {
            (Self::Spot, false) => "https://api.binance.com",
            (Self::Spot, true) => "https://testnet.binance.vision",
            (Self::UsdMargin, false) => "https://fapi.binance.com",
            (Self::UsdMargin, true) => "https://demo-fapi.binance.com",
        }
    }

    /// Base URL of the streams of mainnet or testnet.
    pub const fn stream_url(self, testnet: bool) -> &'static str {
        match (self, testnet) {
            (Self::Spot, false) => "wss://stream.binance.com:9443",
            (Self::Spot, true) => "wss://stream.testnet.binance.vision",
            (Self::UsdMargin, false) => "wss://fstream.binance.com",
            (Self::UsdMargin, true) => "wss://fstream.binancefuture.com",
        }
    }

    /// Base URL of the account's stream of mainnet or testnet.
    pub const fn account_stream_url(self, testnet: bool) -> &'static str {
        match (self, testnet) {
            (Self::Spot, false) => "wss://ws-api.binance.com:443/ws-api/v3",
            (Self::Spot, true) => "wss://ws-api.testnet.binance.vision/ws-api/v3",
            (Self::UsdMargin, testnet) => self.stream_url(testnet),
        }
    }

    /// Request limits, in the order in which [`Requests`] charge them: weight, orders in 10 s, and orders a day (spot)
    /// or a minute (futures). The venue counts weight by address, orders by account.
    pub const fn limits(self) -> [Limit; 3] {
        const MINUTE: Duration = Duration::from_secs(60);
        let ten = Duration::from_secs(10);
        match self {
            Self::Spot => [
                Limit { name: "weight a minute", capacity: 6000, window: MINUTE },
                Limit { name: "orders in 10 s", capacity: 100, window: ten },
                Limit { name: "orders a day", capacity: 200_000, window: Duration::from_secs(86_400) },
            ],
            Self::UsdMargin => [
                Limit { name: "weight a minute", capacity: 2400, window: MINUTE },
                Limit { name: "orders in 10 s", capacity: 300, window: ten },
                Limit { name: "orders a minute", capacity: 1200, window: MINUTE },
            ],
        }
    }
}
