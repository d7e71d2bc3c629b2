//! Settings of the account: keys, modes, margin tiers; and funding that it paid.

use std::borrow::Cow;
use std::collections::BTreeMap;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, ExchangeError, FundingPayment, MarginTier, Notional, Ratio,
    Timestamp,
};
use serde::Deserialize;

use crate::native::{Symbols, number, read, refused};

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRestrictions {
    /// Money can be taken out with it.
    #[serde(default)]
    pub enable_withdrawals: bool,
    /// Orders can be sent with it.
    #[serde(default)]
    pub enable_spot_and_margin_trading: bool,
    /// It works from named addresses only.
    #[serde(default)]
    pub ip_restrict: bool,
}

/// Reads what a key may do.
///
/// # Errors
/// `Decode`.
pub fn key_restrictions(text: &str) -> Result<KeyRestrictions, ExchangeError> {
    read("preflight", "key restrictions", text)
}

/// Reads whether all stablecoins of the futures account are margin for all positions.
///
/// # Errors
/// `Decode`.
pub fn is_multi_assets_mode(text: &str) -> Result<bool, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mode {
        multi_assets_margin: bool,
    }
    Ok(read::<Mode>("preflight", "margin mode", text)?.multi_assets_margin)
}

/// Leverage and margin mode of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SymbolSetting {
    /// Leverage.
    pub leverage: u32,
    /// Each position has margin of its own.
    pub isolated: bool,
}

/// Reads leverage and margin mode by the venue's names of symbols.
///
/// # Errors
/// `Decode`.
pub fn symbol_settings(text: &str) -> Result<BTreeMap<String, SymbolSetting>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Setting<'a> {
        symbol: String,
        #[serde(borrow)]
        margin_type: Cow<'a, str>,
        leverage: u32,
    }
    let list: Vec<Setting<'_>> = read("preflight", "symbol settings", text)?;
    let entry = |setting: Setting<'_>| {
        let isolated = setting.margin_type == "ISOLATED";
        (setting.symbol, SymbolSetting { leverage: setting.leverage, isolated })
    };
    Ok(list.into_iter().map(entry).collect())
}

/// Reads margin tiers by the venue's names of symbols, the smallest first.
///
/// # Errors
/// `Decode`.
pub fn margin_tiers(text: &str) -> Result<BTreeMap<String, Vec<MarginTier>>, ExchangeError> {
    #[derive(Deserialize)]
    struct Tiers {
        symbol: String,
        brackets: Vec<Tier>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Tier {
        initial_leverage: u32,
        #[serde(deserialize_with = "number")]
        notional_cap: Decimal,
        #[serde(deserialize_with = "number")]
        maint_margin_ratio: Decimal,
    }
    let operation = "instruments";
    let list: Vec<Tiers> = read(operation, "margin tiers", text)?;
    let mut all = BTreeMap::new();
    for Tiers { symbol, mut brackets } in list {
        brackets.sort_by_key(|tier| tier.notional_cap);
        let last = brackets.len().saturating_sub(1);
        let tier = |(place, tier): (usize, Tier)| {
            // The venue takes no larger position than the last tier's: for us it has no end.
            let up_to = (place < last).then(|| Notional::new(tier.notional_cap)).transpose();
            Ok(MarginTier {
                up_to: up_to.map_err(refused(operation, "margin tier"))?,
                max_leverage: Ratio::new(Decimal::from(tier.initial_leverage))
                    .map_err(refused(operation, "margin tier"))?,
                maintenance: Ratio::new(tier.maint_margin_ratio)
                    .map_err(refused(operation, "margin tier"))?,
            })
        };
        let tiers: Result<Vec<MarginTier>, ExchangeError> =
            brackets.into_iter().enumerate().map(tier).collect();
        all.insert(symbol, tiers?);
    }
    Ok(all)
}

/// Reads funding payments with the number of each.
///
/// # Errors
/// `Decode`.
pub fn funding_payments(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Vec<(i64, FundingPayment)>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Income<'a> {
        #[serde(borrow)]
        symbol: Cow<'a, str>,
        #[serde(with = "qtp_core::serde_decimal")]
        income: Decimal,
        asset: Currency,
        time: i64,
        tran_id: i64,
    }
    let operation = "funding_payments";
    let list: Vec<Income<'_>> = read(operation, "income", text)?;
    let payment = |income: Income<'_>| {
        let payment = FundingPayment {
            account: account.clone(),
            instrument: symbols.listing(operation, &income.symbol)?.id.clone(),
            time: Timestamp::from_millis(income.time),
            amount: Amount::new(income.income, income.asset),
        };
        Ok((income.tran_id, payment))
    };
    list.into_iter().map(payment).collect()
}

/// Reads the key of the futures account's stream.
///
/// # Errors
/// `Decode`.
pub fn listen_key(text: &str) -> Result<String, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        listen_key: String,
    }
    Ok(read::<Answer>("subscribe_account", "listen key", text)?.listen_key)
}

/// What a message on the spot account's socket says of our login; `None` for any other message.
pub fn stream_login(text: &str) -> Option<Result<(), String>> {
    #[derive(Deserialize)]
    struct Answer {
        status: u16,
        error: Option<Refusal>,
    }
    #[derive(Deserialize)]
    struct Refusal {
        msg: String,
    }
    let answer: Answer = serde_json::from_str(text).ok()?;
    Some(if answer.status == 200 {
        Ok(())
    } else {
        Err(answer.error.map_or_else(String::new, |error| error.msg))
    })
}
