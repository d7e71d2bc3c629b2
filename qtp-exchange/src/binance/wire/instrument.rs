//! Rules of trading.

use std::borrow::Cow;

use qtp_core::{
    Currency, Decimal, ExchangeError, Instrument, InstrumentKind, InstrumentStatus, Notional, Price,
    PriceRule, Quantity, SizeRule, Timestamp, Venue,
};
use serde::Deserialize;

use super::super::Product;
use crate::native::{Listed, price_or_none, read, refused, some_quantity};

const OPERATION: &str = "instruments";

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    symbols: Vec<Symbol<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Symbol<'a> {
    symbol: Cow<'a, str>,
    status: Cow<'a, str>,
    base_asset: Currency,
    quote_asset: Currency,
    /// Futures.
    margin_asset: Option<Currency>,
    contract_type: Option<Cow<'a, str>>,
    delivery_date: Option<i64>,
    #[serde(borrow)]
    filters: Vec<Filter<'a>>,
}

/// All filters in one: each has some of the fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter<'a> {
    filter_type: Cow<'a, str>,
    #[serde(deserialize_with = "price_or_none", default)]
    tick_size: Option<Price>,
    min_qty: Option<Quantity>,
    max_qty: Option<Quantity>,
    step_size: Option<Quantity>,
    min_notional: Option<Notional>,
    notional: Option<Notional>,
}

/// Reads all tradable symbols. Futures of another margin than their quote, and kinds that are not known, are left out.
///
/// # Errors
/// `Decode`.
pub fn instruments(text: &str, product: Product, venue: &Venue) -> Result<Vec<Listed>, ExchangeError> {
    let info: Info<'_> = read(OPERATION, "exchangeInfo", text)?;
    let mut listed = Vec::with_capacity(info.symbols.len());
    for symbol in info.symbols {
        let Some(suffix) = suffix(&symbol, product) else { continue };
        let id = format!("{}-{}{suffix}@{venue}", symbol.base_asset, symbol.quote_asset);
        // Names that our ids cannot hold (other alphabets) are not traded here.
        let Ok(id) = id.parse() else { continue };
        let mut instrument = Instrument::unrestricted(id).map_err(refused(OPERATION, "symbol"))?;
        instrument.settle = symbol.margin_asset.unwrap_or(symbol.quote_asset);
        if instrument.settle == symbol.base_asset {
            continue;
        }
        instrument.status = match &*symbol.status {
            "TRADING" => InstrumentStatus::Trading,
            _ => InstrumentStatus::Halted,
        };
        // Spot closes are orders like any other; a futures close is exempt.
        instrument.min_notional_exempts_close = product == Product::UsdMargin;
        apply(&symbol.filters, &mut instrument);
        if instrument.kind == InstrumentKind::Perpetual {
            // Most symbols; `fundingInfo` names the others.
            instrument.funding_interval = Some(std::time::Duration::from_secs(8 * 3600));
        }
        listed.push(Listed { native: symbol.symbol.into_owned(), instrument });
    }
    Ok(listed)
}

fn suffix(symbol: &Symbol<'_>, product: Product) -> Option<String> {
    if product == Product::Spot {
        return Some(String::new());
    }
    match symbol.contract_type.as_deref()? {
        "PERPETUAL" => Some("-PERP".to_owned()),
        "CURRENT_QUARTER" | "NEXT_QUARTER" => {
            let (year, month, day) = Timestamp::from_millis(symbol.delivery_date?).date();
            Some(format!("-{year:04}{month:02}{day:02}"))
        }
        _ => None,
    }
}

/// A bound of zero is none.
fn apply(filters: &[Filter<'_>], instrument: &mut Instrument) {
    for filter in filters {
        match &*filter.filter_type {
            "PRICE_FILTER" => {
                if let Some(tick) = filter.tick_size {
                    instrument.price_rule = PriceRule::Tick(tick);
                }
            }
            "LOT_SIZE" => {
                if let Some(lot) = filter.step_size.and_then(some_quantity) {
                    instrument.size_rule = SizeRule::Lot(lot);
                }
                instrument.min_quantity = filter.min_qty.and_then(some_quantity);
                instrument.max_quantity = filter.max_qty.and_then(some_quantity);
            }
            "MARKET_LOT_SIZE" => instrument.max_market_quantity = filter.max_qty.and_then(some_quantity),
            "NOTIONAL" | "MIN_NOTIONAL" => {
                let notional = filter.min_notional.or(filter.notional);
                instrument.min_notional = notional.filter(|notional| notional.get() > Decimal::ZERO);
            }
            _ => {}
        }
    }
}
