//! What the venue says, as values of the domain.
//!
//! Every function reads the text of an answer or of a message's `data`. Numbers are read from their digits, never
//! through a float. A payload that is not understood is an error that names the field; nothing in it makes a panic.

mod account;
mod answer;
mod book;
mod fill;
mod ledger;
mod market;
mod meta;
mod order;

use std::fmt::Display;
use std::str::FromStr;

use qtp_core::{Currency, ExchangeError, Price, Side, Source, Timestamp, ValueError};
use serde::Deserialize;

pub use account::{
    Agent, Margin, Portfolio, Role, Wallet, agents, margin, perpetual_account, portfolio, role, spot_account,
};
pub use answer::{Answer, Placed, answer};
#[cfg(feature = "hyperliquid")]
pub(super) use answer::{GONE, NOT_AUTHORISED, RATE_LIMITED};
pub use book::{CoinBook, book};
pub use fill::{FillPage, Fills, fill_page, fills};
pub use ledger::{LedgerEntry, funding_payments, ledger, ledger_page};
pub use market::{
    AssetContext, asset_contexts, candles, funding_history, mids, quote, streamed_candle, trades,
};
pub use meta::{dexes, perpetuals, spot};
pub use order::{Details, found_order, open_orders, order_details, order_updates};

#[cfg(test)]
mod tests;

/// An error that names what could not be read.
pub(super) fn unread(
    operation: &'static str,
    what: impl Into<String>,
    source: impl Into<Source>,
) -> ExchangeError {
    ExchangeError::Decode { operation, what: what.into(), source: source.into() }
}

/// The text as a structure.
fn parse<'a, T: Deserialize<'a>>(
    operation: &'static str,
    what: &'static str,
    text: &'a str,
) -> Result<T, ExchangeError> {
    serde_json::from_str(text).map_err(|error| unread(operation, what, error))
}

/// One number of a payload, with its place in the error.
fn number<T: FromStr<Err = ValueError>>(
    operation: &'static str,
    of: impl Display,
    field: &'static str,
    text: &str,
) -> Result<T, ExchangeError> {
    text.parse().map_err(|error: ValueError| unread(operation, format!("{of}: {field}"), error))
}

/// A price where 0 says that there is none.
fn price_or_none(
    operation: &'static str,
    of: impl Display,
    field: &'static str,
    text: &str,
) -> Result<Option<Price>, ExchangeError> {
    let zero = !text.is_empty() && text.bytes().all(|byte| byte == b'0' || byte == b'.');
    if zero { Ok(None) } else { number(operation, of, field, text).map(Some) }
}

/// Milliseconds.
fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A token's currency. What no currency may be named (`+10`, an outcome share) gets `_` for what is not legal.
fn currency(name: &str) -> Option<Currency> {
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    name.parse().ok().or_else(|| name.chars().map(legal).take(15).collect::<String>().parse().ok())
}

/// `B` for a buyer, `A` for a seller.
#[derive(Debug, Clone, Copy, Deserialize)]
enum Letter {
    A,
    B,
}

impl From<Letter> for Side {
    fn from(letter: Letter) -> Self {
        match letter {
            Letter::A => Self::Sell,
            Letter::B => Self::Buy,
        }
    }
}
