//! Listings.

use std::collections::HashMap;
use std::time::Duration;

use qtp_core::{
    Currency, Decimal, ExchangeError, Instrument, InstrumentKind, InstrumentStatus, MarginTier, Notional,
    PriceRule, Quantity, Ratio, SizeRule,
};
use serde::Deserialize;

use super::{currency, parse, unread};
use crate::hyperliquid::catalogue::{Catalogue, Listing};
use crate::hyperliquid::wire::AssetId;

const OPERATION: &str = "instruments";
const FIGURES: u32 = 5;
const PERPETUAL_DECIMALS: u32 = 6;
const SPOT_DECIMALS: u32 = 8;
/// Smallest order, in units of the quote.
const MIN_NOTIONAL: Decimal = Decimal::TEN;
const FUNDING_INTERVAL: Duration = Duration::from_secs(3600);
/// The token that perpetuals are settled in unless they say otherwise.
const USDC: u32 = 0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    universe: Vec<Perpetual>,
    #[serde(default)]
    margin_tables: Vec<(u32, MarginTable)>,
    collateral_token: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Perpetual {
    name: String,
    sz_decimals: u32,
    max_leverage: u32,
    margin_table_id: Option<u32>,
    is_delisted: Option<bool>,
    only_isolated: Option<bool>,
    margin_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarginTable {
    margin_tiers: Vec<Tier>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tier {
    lower_bound: Notional,
    max_leverage: u32,
}

#[derive(Deserialize)]
struct SpotMeta {
    tokens: Vec<Token>,
    universe: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    name: String,
    index: u32,
    sz_decimals: u32,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    tokens: (u32, u32),
    index: u32,
}

/// Names of the tokens of `spotMeta`, which perpetuals are settled in.
fn tokens(text: &str) -> Result<HashMap<u32, String>, ExchangeError> {
    let meta: SpotMeta = parse(OPERATION, "spotMeta", text)?;
    Ok(meta.tokens.into_iter().map(|token| (token.index, token.name)).collect())
}

/// The names of builders' exchanges, by their number; the venue's own is 0 and has none.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn dexes(text: &str) -> Result<Vec<(u32, String)>, ExchangeError> {
    #[derive(Deserialize)]
    struct Dex {
        name: String,
    }
    let dexes: Vec<Option<Dex>> = parse(OPERATION, "perpDexs", text)?;
    Ok((0..).zip(dexes).filter_map(|(index, dex)| Some((index, dex?.name))).collect())
}

/// Takes in `meta` of the exchange number `dex`; `spot_meta` names what it is settled in.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn perpetuals(
    catalogue: &mut Catalogue,
    dex: u32,
    meta: &str,
    spot_meta: &str,
) -> Result<(), ExchangeError> {
    let (meta, tokens): (Meta, _) = (parse(OPERATION, "meta", meta)?, tokens(spot_meta)?);
    let token = meta.collateral_token.unwrap_or(USDC);
    let settle =
        tokens.get(&token).and_then(|name| currency(name)).or((token == USDC).then_some(Currency::USDC));
    let tables: HashMap<u32, MarginTable> = meta.margin_tables.into_iter().collect();
    for (index, perpetual) in (0..).zip(meta.universe) {
        let asset = if dex == 0 { AssetId::perpetual(index) } else { AssetId::of_dex(dex, index) };
        let (Some(asset), Some(settle)) = (asset, settle) else {
            catalogue.leave_out(perpetual.name, format!("no asset id or no currency for token {token}"));
            continue;
        };
        let coin = perpetual.name.clone();
        match listing(catalogue, asset, settle, &perpetual, &tables) {
            Ok(listing) => catalogue.add(listing),
            Err(error) => catalogue.leave_out(coin, error.to_string()),
        }
    }
    Ok(())
}

fn listing(
    catalogue: &Catalogue,
    asset: AssetId,
    settle: Currency,
    perpetual: &Perpetual,
    tables: &HashMap<u32, MarginTable>,
) -> Result<Listing, ExchangeError> {
    let name = &perpetual.name;
    let id = format!("{name}-{settle}-PERP@{}", catalogue.venue()).parse();
    let id = id.map_err(|error| unread(OPERATION, name, error))?;
    let base = name.rsplit_once(':').map_or(name.as_str(), |(_, base)| base);
    let base: Currency = base.parse().map_err(|error| unread(OPERATION, name, error))?;
    let isolated = perpetual.margin_mode.as_deref().is_some_and(|mode| mode != "normal" && mode != "cross");
    let instrument = Instrument {
        id,
        kind: InstrumentKind::Perpetual,
        base,
        quote: settle,
        settle,
        margin_tiers: tiers(perpetual, tables)?,
        funding_interval: Some(FUNDING_INTERVAL),
        status: if perpetual.is_delisted == Some(true) {
            InstrumentStatus::Halted
        } else {
            InstrumentStatus::Trading
        },
        ..rules(catalogue, name, perpetual.sz_decimals, PERPETUAL_DECIMALS)?
    };
    let isolated_only = perpetual.only_isolated == Some(true) || isolated;
    Ok(Listing { coin: name.clone(), asset, instrument, isolated_only, token: None })
}

/// Half of the initial margin at a tier's highest leverage maintains it.
fn tiers(
    perpetual: &Perpetual,
    tables: &HashMap<u32, MarginTable>,
) -> Result<Vec<MarginTier>, ExchangeError> {
    let single = [Tier { lower_bound: Notional::ZERO, max_leverage: perpetual.max_leverage }];
    let table = perpetual.margin_table_id.and_then(|id| tables.get(&id));
    let tiers = table.map_or(single.as_slice(), |table| table.margin_tiers.as_slice());
    let limits = tiers.iter().skip(1).map(|tier| Some(tier.lower_bound)).chain([None]);
    tiers
        .iter()
        .zip(limits)
        .map(|(tier, up_to)| {
            let leverage = Decimal::from(tier.max_leverage);
            let maintenance = Decimal::ONE.checked_div(leverage * Decimal::TWO).unwrap_or(Decimal::ONE);
            let ratio = |value| Ratio::new(value).map_err(|error| unread(OPERATION, &perpetual.name, error));
            Ok(MarginTier { up_to, max_leverage: ratio(leverage)?, maintenance: ratio(maintenance)? })
        })
        .collect()
}

/// An instrument with the venue's rules for sizes and prices; the rest is the caller's.
fn rules(catalogue: &Catalogue, coin: &str, size: u32, decimals: u32) -> Result<Instrument, ExchangeError> {
    let bad = |problem: &'static str| unread(OPERATION, format!("{coin}: szDecimals"), problem);
    let lot = Decimal::try_new(1, size).map_err(|_| bad("more than 28 decimals"))?;
    let lot = Quantity::new(lot).map_err(|error| unread(OPERATION, coin, error))?;
    let any = format!("{}@{}", Currency::USDC, catalogue.venue()).parse();
    let any = any.and_then(Instrument::unrestricted).map_err(|error| unread(OPERATION, coin, error))?;
    Ok(Instrument {
        price_rule: PriceRule::SignificantFigures {
            digits: FIGURES,
            decimals: decimals.saturating_sub(size),
        },
        size_rule: SizeRule::Lot(lot),
        min_quantity: Some(lot),
        min_notional: Some(Notional::from_decimal(MIN_NOTIONAL)),
        min_notional_exempts_close: true,
        ..any
    })
}

/// Takes in the pairs of `spotMeta`.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn spot(catalogue: &mut Catalogue, text: &str) -> Result<(), ExchangeError> {
    let meta: SpotMeta = parse(OPERATION, "spotMeta", text)?;
    let tokens: HashMap<u32, &Token> = meta.tokens.iter().map(|token| (token.index, token)).collect();
    for pair in meta.universe {
        let both = tokens.get(&pair.tokens.0).zip(tokens.get(&pair.tokens.1));
        let (Some((base, quote)), Some(asset)) = (both, AssetId::spot(pair.index)) else {
            catalogue.leave_out(pair.name, "a token or the asset id is missing".to_owned());
            continue;
        };
        match spot_listing(catalogue, &pair, asset, base, quote) {
            Ok(listing) => catalogue.add(listing),
            Err(error) => catalogue.leave_out(pair.name, error.to_string()),
        }
    }
    Ok(())
}

fn spot_listing(
    catalogue: &Catalogue,
    pair: &Pair,
    asset: AssetId,
    base: &Token,
    quote: &Token,
) -> Result<Listing, ExchangeError> {
    let code = |token: &Token| -> Result<Currency, ExchangeError> {
        token.name.parse().map_err(|error| unread(OPERATION, &pair.name, error))
    };
    let (base_code, quote_code) = (code(base)?, code(quote)?);
    let id = format!("{base_code}-{quote_code}@{}", catalogue.venue()).parse();
    let instrument = Instrument {
        id: id.map_err(|error| unread(OPERATION, &pair.name, error))?,
        kind: InstrumentKind::Spot,
        base: base_code,
        quote: quote_code,
        settle: quote_code,
        ..rules(catalogue, &pair.name, base.sz_decimals, SPOT_DECIMALS)?
    };
    Ok(Listing { coin: pair.name.clone(), asset, instrument, isolated_only: false, token: Some(base.index) })
}
