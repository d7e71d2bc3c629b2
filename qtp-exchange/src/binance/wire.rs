//! The venue's answers and messages as domain values.

mod account;
mod instrument;
mod market;
mod order;
mod rest;

pub use crate::native::Listed;
pub use account::{AccountUpdate, account_updates};
pub use instrument::instruments;
pub use market::{Depth, DepthUpdate, MarketUpdate, market_update};
pub use order::{algo_orders, fills, orders};
pub use rest::{
    balances, candles, depth, error_of, funding_rates, futures_account, is_hedge_mode, open_interest,
    positions, premium, server_time, submit_error_of, trades,
};
