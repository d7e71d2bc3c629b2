//! The venue's answers and messages as domain values.

mod account;
mod answer;
mod instrument;
mod market;
mod rest;
mod setting;

pub use crate::native::Listed;
pub use account::{AccountUpdate, account_updates, fills, orders};
pub use answer::{Page, acknowledged, is_clock_error, is_unknown_order, result, submit_result};
pub use instrument::instruments;
pub use market::{DepthUpdate, MarketUpdate, Ticker, market_update, topic};
pub use rest::{
    balances, candles, funding_rate, funding_rates, open_interest, order_book, positions, server_time, trades,
};
pub use setting::{
    AccountSettings, KeyRestrictions, account_settings, key_restrictions, margin_tiers, stream_login,
    transfers,
};
