//! Settings of account and key, margin tiers, transfers.

use std::collections::BTreeMap;

use qtp_core::{Amount, Currency, Decimal, ExchangeError, MarginTier, Notional, Ratio, Timestamp};
use serde::Deserialize;

use super::answer::{Page, blank, list, millis, result};
use crate::native::{read, refused};

/// What a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRestrictions {
    /// It sends no orders.
    pub read_only: bool,
    /// Orders on spot.
    pub spot: bool,
    /// Orders on contracts.
    pub contracts: bool,
    /// Money can be taken out with it.
    pub withdraws: bool,
    /// It works from every address.
    pub anywhere: bool,
    /// Its end; a key that is bound to addresses has none.
    pub expires: Option<Timestamp>,
}

/// Reads what a key may do.
///
/// # Errors
/// As [`result`](super::result).
pub fn key_restrictions(text: &str) -> Result<KeyRestrictions, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Key {
        read_only: u8,
        permissions: BTreeMap<String, Vec<String>>,
        #[serde(default)]
        ips: Vec<String>,
        expired_at: Option<String>,
    }
    let operation = "preflight";
    let key: Key = read(operation, "key", result(operation, text)?)?;
    let may = |group: &str, right: &str| {
        key.permissions.get(group).is_some_and(|rights| rights.iter().any(|one| one == right))
    };
    let expires: Option<Timestamp> =
        key.expired_at.map(|time| time.parse()).transpose().map_err(refused(operation, "end of the key"))?;
    Ok(KeyRestrictions {
        read_only: key.read_only != 0,
        spot: may("Spot", "SpotTrade"),
        contracts: may("ContractTrade", "Order"),
        withdraws: may("Wallet", "Withdraw"),
        anywhere: key.ips.is_empty() || key.ips.iter().any(|address| address == "*"),
        expires: expires.filter(|time| *time > Timestamp::EPOCH),
    })
}

/// What holds for the whole account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountSettings {
    /// `REGULAR_MARGIN` (cross), `ISOLATED_MARGIN` or `PORTFOLIO_MARGIN`.
    pub margin_mode: String,
    /// 1 for an account of the old kind, with a wallet for each category.
    pub unified_margin_status: u8,
}

/// Reads what holds for the whole account.
///
/// # Errors
/// As [`result`](super::result).
pub fn account_settings(operation: &'static str, text: &str) -> Result<AccountSettings, ExchangeError> {
    read(operation, "account settings", result(operation, text)?)
}

/// Reads a page of margin tiers with the venue's names of their symbols, as they come.
///
/// # Errors
/// As [`result`](super::result).
pub fn margin_tiers(text: &str) -> Result<Page<(String, MarginTier)>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tier {
        symbol: String,
        risk_limit_value: Notional,
        #[serde(with = "qtp_core::serde_decimal")]
        maintenance_margin: Decimal,
        #[serde(with = "qtp_core::serde_decimal")]
        max_leverage: Decimal,
    }
    let operation = "instruments";
    let page: Page<Tier> = list(operation, "margin tiers", text)?;
    page.try_map(|tier| {
        let ratio = |value| Ratio::new(value).map_err(refused(operation, "margin tier"));
        let (max_leverage, maintenance) = (ratio(tier.max_leverage)?, ratio(tier.maintenance_margin)?);
        Ok((tier.symbol, MarginTier { up_to: Some(tier.risk_limit_value), max_leverage, maintenance }))
    })
}

/// Reads transfers with the number and time of each; what left is negative.
///
/// # Errors
/// As [`result`](super::result).
pub fn transfers(text: &str) -> Result<Vec<(String, Timestamp, Amount)>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        id: String,
        currency: Currency,
        #[serde(deserialize_with = "blank")]
        change: Option<Decimal>,
        #[serde(deserialize_with = "millis")]
        transaction_time: i64,
    }
    let page: Page<Entry> = list("transfers", "transaction log", text)?;
    let entry = |entry: Entry| {
        let amount = Amount::new(entry.change.unwrap_or_default(), entry.currency);
        (entry.id, Timestamp::from_millis(entry.transaction_time), amount)
    };
    Ok(page.items.into_iter().map(entry).collect())
}

/// What a message on the private socket says of our login; `None` for any other message.
pub fn stream_login(text: &str) -> Option<Result<(), String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        op: String,
        success: bool,
        #[serde(alias = "ret_msg")]
        ret_msg: Option<String>,
    }
    let answer: Answer = serde_json::from_str(text).ok()?;
    let login = if answer.success { Ok(()) } else { Err(answer.ret_msg.unwrap_or_default()) };
    (answer.op == "auth").then_some(login)
}
