//! The venue's answers and messages as domain values.

mod account;
mod answer;
mod instrument;
mod market;
mod rest;

pub use crate::native::Listed;
pub use account::{AccountUpdate, account_updates, fills, orders};
pub use answer::{Page, result, submit_result};
pub use instrument::instruments;
pub use market::{DepthUpdate, MarketUpdate, Ticker, market_update};
pub use rest::{balances, candles, funding_rates, order_book, positions, server_time, trades};
