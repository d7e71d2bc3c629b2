//! The venue's answers and messages as domain values.

mod account;
mod instrument;
mod market;
mod order;
mod rest;
mod setting;

pub use crate::native::Listed;
pub use account::{AccountUpdate, account_updates};
pub use instrument::instruments;
pub use market::{Depth, DepthUpdate, MarketUpdate, market_update};
pub use order::{acknowledged, algo_orders, fills, orders, owner};
pub use rest::{
    balances, candles, depth, error_of, funding_rates, futures_account, is_clock_error, is_hedge_mode,
    is_unknown_order, open_interest, positions, premium, server_time, submit_error_of, trades,
};
pub use setting::{
    KeyRestrictions, SymbolSetting, funding_payments, is_multi_assets_mode, key_restrictions, listen_key,
    margin_tiers, stream_login, symbol_settings,
};
