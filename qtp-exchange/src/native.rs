//! From a venue's own words to ours: symbols, levels of a book, errors that name what could not be read.

#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
pub(crate) mod candles;
#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
pub(crate) mod feed;
#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
pub(crate) mod known;
mod levels;
#[cfg(any(feature = "alpaca", feature = "sources"))]
pub(crate) mod new_york;
mod symbols;

#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
use std::borrow::Cow;
#[cfg(any(feature = "binance", feature = "bybit"))]
use std::collections::BTreeMap;

#[cfg(feature = "binance")]
use qtp_core::Timestamp;
#[cfg(any(feature = "binance", feature = "bybit"))]
use qtp_core::account::Totals;
#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
use qtp_core::{Decimal, Price};
use qtp_core::{ExchangeError, ValueError};
#[cfg(any(feature = "binance", feature = "bybit"))]
use qtp_core::{Instrument, InstrumentId, Quantity};
use serde::{Deserialize, Deserializer};
#[cfg(any(feature = "alpaca", feature = "binance", feature = "sources"))]
use serde_json::value::RawValue;

pub use levels::Levels;
pub use symbols::{Listing, Symbols};

/// An instrument and the venue's name for it.
#[cfg(any(feature = "binance", feature = "bybit"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The venue's name.
    pub native: String,
    /// The instrument.
    pub instrument: Instrument,
}

/// Reads JSON text.
///
/// # Errors
/// `Decode`, with line and column.
pub(crate) fn read<'a, T: Deserialize<'a>>(
    operation: &'static str,
    what: &str,
    text: &'a str,
) -> Result<T, ExchangeError> {
    serde_json::from_str(text).map_err(|source| ExchangeError::Decode {
        operation,
        what: what.to_owned(),
        source: Box::new(source),
    })
}

/// A value that is not what it should be.
pub(crate) fn wrong(operation: &'static str, what: &str, problem: impl Into<String>) -> ExchangeError {
    ExchangeError::Decode { operation, what: what.to_owned(), source: problem.into().into() }
}

/// As [`wrong`], for a value that our types refuse.
pub(crate) fn refused(operation: &'static str, what: &str) -> impl FnOnce(ValueError) -> ExchangeError {
    move |source| ExchangeError::Decode { operation, what: what.to_owned(), source: Box::new(source) }
}

#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit"))]
/// A price as text, where venues write zero, an empty text or null for none.
pub(crate) fn price_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Price>, D::Error> {
    let text = <Option<Cow<'de, str>>>::deserialize(deserializer)?;
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let value = Decimal::from_str_exact(&text).map_err(serde::de::Error::custom)?;
    if value.is_zero() {
        return Ok(None);
    }
    Price::new(value).map(Some).map_err(serde::de::Error::custom)
}

/// A quantity, where venues write zero for none.
#[cfg(any(feature = "binance", feature = "bybit"))]
pub(crate) fn some_quantity(quantity: Quantity) -> Option<Quantity> {
    (!quantity.is_zero()).then_some(quantity)
}

/// What coins stand for where they are bought and sold: each is the position of the first instrument that trades it.
#[cfg(any(feature = "binance", feature = "bybit"))]
pub(crate) fn spot_positions(
    balances: &Totals,
    instruments: &[InstrumentId],
) -> Result<BTreeMap<InstrumentId, Quantity>, ExchangeError> {
    let mut positions: BTreeMap<InstrumentId, Quantity> = BTreeMap::new();
    for instrument in instruments {
        let base = instrument.base();
        let held = balances.iter().find(|(currency, _)| currency.as_str() == base);
        let taken = positions.keys().any(|other| other.base() == base);
        if let Some((_, total)) = held.filter(|_| !taken) {
            let total = Quantity::new(*total).map_err(refused("account_snapshot", base))?;
            positions.insert(instrument.clone(), total);
        }
    }
    Ok(positions)
}

/// Milliseconds, where venues write zero or less for none.
#[cfg(feature = "binance")]
pub(crate) fn some_time(millis: i64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp::from_millis(millis))
}

#[cfg(any(feature = "alpaca", feature = "binance", feature = "sources"))]
/// A number of JSON by its own digits, which no float has touched; text holds one too.
pub(crate) fn number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    raw.get().trim_matches('"').parse().map_err(serde::de::Error::custom)
}

#[cfg(feature = "alpaca")]
/// The same, where null stands for none.
pub(crate) fn some_number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    match raw.get().trim_matches('"') {
        "null" | "" => Ok(None),
        digits => digits.parse().map(Some).map_err(serde::de::Error::custom),
    }
}
