//! Rules of trading.

use std::borrow::Cow;
use std::time::Duration;

use qtp_core::{
    Currency, ExchangeError, Instrument, InstrumentKind, InstrumentStatus, Notional, Price, PriceRule,
    Quantity, SizeRule, Timestamp, Venue,
};
use serde::Deserialize;

use super::super::Category;
use super::answer::{Page, blank, list};
use crate::native::{Listed, price_or_none, refused, some_quantity};

const OPERATION: &str = "instruments";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Symbol<'a> {
    symbol: Cow<'a, str>,
    status: Cow<'a, str>,
    base_coin: Currency,
    quote_coin: Currency,
    settle_coin: Option<Currency>,
    contract_type: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "blank", default)]
    delivery_time: Option<i64>,
    /// Minutes.
    funding_interval: Option<u64>,
    price_filter: PriceFilter,
    lot_size_filter: LotFilter,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceFilter {
    #[serde(deserialize_with = "price_or_none", default)]
    tick_size: Option<Price>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct LotFilter {
    #[serde(deserialize_with = "blank")]
    qty_step: Option<Quantity>,
    /// Spot.
    #[serde(deserialize_with = "blank")]
    base_precision: Option<Quantity>,
    #[serde(deserialize_with = "blank")]
    min_order_qty: Option<Quantity>,
    #[serde(deserialize_with = "blank")]
    max_order_qty: Option<Quantity>,
    #[serde(deserialize_with = "blank")]
    max_mkt_order_qty: Option<Quantity>,
    #[serde(deserialize_with = "blank")]
    min_notional_value: Option<Notional>,
    /// Spot.
    #[serde(deserialize_with = "blank")]
    min_order_amt: Option<Notional>,
}

/// Reads a page of tradable symbols. Options and contracts with their base as margin are left out.
///
/// # Errors
/// As [`result`](super::result).
pub fn instruments(text: &str, category: Category, venue: &Venue) -> Result<Page<Listed>, ExchangeError> {
    let Page { items, next } = list::<Symbol<'_>>(OPERATION, "instruments", text)?;
    let mut listed = Vec::with_capacity(items.len());
    for symbol in items {
        let Some(suffix) = suffix(&symbol, category) else { continue };
        let id = format!("{}-{}{suffix}@{venue}", symbol.base_coin, symbol.quote_coin);
        // Names that our ids cannot hold are not traded here.
        let Ok(id) = id.parse() else { continue };
        let mut instrument = Instrument::unrestricted(id).map_err(refused(OPERATION, "symbol"))?;
        instrument.settle = symbol.settle_coin.unwrap_or(symbol.quote_coin);
        if instrument.settle == symbol.base_coin {
            continue;
        }
        instrument.status = match &*symbol.status {
            "Trading" => InstrumentStatus::Trading,
            _ => InstrumentStatus::Halted,
        };
        if let Some(tick) = symbol.price_filter.tick_size {
            instrument.price_rule = PriceRule::Tick(tick);
        }
        let lot = symbol.lot_size_filter;
        if let Some(step) = lot.qty_step.or(lot.base_precision).and_then(some_quantity) {
            instrument.size_rule = SizeRule::Lot(step);
        }
        instrument.min_quantity = lot.min_order_qty.and_then(some_quantity);
        instrument.max_quantity = lot.max_order_qty.and_then(some_quantity);
        instrument.max_market_quantity = lot.max_mkt_order_qty.and_then(some_quantity);
        instrument.min_notional = lot.min_notional_value.or(lot.min_order_amt);
        instrument.min_notional_exempts_close = category == Category::Linear;
        if instrument.kind == InstrumentKind::Perpetual {
            let minutes = symbol.funding_interval.unwrap_or(480);
            instrument.funding_interval = Some(Duration::from_secs(minutes.saturating_mul(60)));
        }
        listed.push(Listed { native: symbol.symbol.into_owned(), instrument });
    }
    Ok(Page { items: listed, next })
}

fn suffix(symbol: &Symbol<'_>, category: Category) -> Option<String> {
    match (category, symbol.contract_type.as_deref()) {
        (Category::Spot, None) => Some(String::new()),
        (Category::Linear, Some("LinearPerpetual")) => Some("-PERP".to_owned()),
        (Category::Linear, Some("LinearFutures")) => {
            let (year, month, day) = Timestamp::from_millis(symbol.delivery_time?).date();
            Some(format!("-{year:04}{month:02}{day:02}"))
        }
        _ => None,
    }
}
