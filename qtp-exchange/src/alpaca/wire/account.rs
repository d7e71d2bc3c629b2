//! Answers about orders, positions and the account.

use std::borrow::Cow;
use std::collections::BTreeMap;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, ExchangeError, Instrument, InstrumentId, InstrumentStatus,
    OrderReport, OrderStatus, Price, PriceRule, Quantity, Side, SizeRule, Venue,
};
use serde::Deserialize;

use super::super::AssetClass;
use crate::native::{Symbols, price_or_none, read, refused, some_number, wrong};

/// A hundredth, the step of stock prices from a dollar on.
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

#[derive(Deserialize)]
struct Order<'a> {
    id: Cow<'a, str>,
    client_order_id: Cow<'a, str>,
    symbol: Cow<'a, str>,
    side: WireSide,
    status: Cow<'a, str>,
    /// Absent where a sum of money was ordered.
    #[serde(deserialize_with = "some_number", default)]
    qty: Option<Quantity>,
    #[serde(deserialize_with = "some_number", default)]
    filled_qty: Option<Quantity>,
    #[serde(deserialize_with = "some_number", default)]
    limit_price: Option<Price>,
    #[serde(deserialize_with = "some_number", default)]
    stop_price: Option<Price>,
    updated_at: Cow<'a, str>,
    #[serde(default)]
    legs: Option<Vec<Self>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireSide {
    Buy,
    Sell,
}

/// Reads one order, or a list of them; the legs of a bracket follow it.
///
/// # Errors
/// `Decode`.
pub fn orders(
    operation: &'static str,
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Vec<OrderReport>, ExchangeError> {
    let list: Vec<Order<'_>> = match text.trim_start().starts_with('[') {
        true => read(operation, "orders", text)?,
        false => vec![read(operation, "order", text)?],
    };
    let mut reports = Vec::with_capacity(list.len());
    for order in list {
        reports.push(report(operation, &order, symbols, account)?);
        for leg in order.legs.iter().flatten() {
            reports.push(report(operation, leg, symbols, account)?);
        }
    }
    Ok(reports)
}

fn report(
    operation: &'static str,
    order: &Order<'_>,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<OrderReport, ExchangeError> {
    let filled = order.filled_qty.unwrap_or_default();
    Ok(OrderReport {
        client_order_id: order.client_order_id.parse().ok(),
        venue_order_id: Some(order.id.parse().map_err(refused(operation, "order id"))?),
        account: account.clone(),
        instrument: symbols.listing(operation, &order.symbol)?.id.clone(),
        time: order.updated_at.parse().map_err(refused(operation, "order time"))?,
        side: match order.side {
            WireSide::Buy => Side::Buy,
            WireSide::Sell => Side::Sell,
        },
        status: status(operation, &order.status, filled)?,
        quantity: order.qty.unwrap_or(filled),
        filled,
        price: order.limit_price.or(order.stop_price),
        reason: None,
    })
}

/// # Errors
/// `Decode` for a word that is not known: an order must never be taken for what it is not.
fn status(operation: &'static str, word: &str, filled: Quantity) -> Result<OrderStatus, ExchangeError> {
    let working = if filled.is_zero() { OrderStatus::Open } else { OrderStatus::PartiallyFilled };
    Ok(match word {
        "new" | "accepted" | "pending_new" | "accepted_for_bidding" | "held" | "stopped" | "calculated" => {
            working
        }
        // Under way, and not done: the order may still fill.
        "pending_cancel" | "pending_replace" | "suspended" => working,
        "partially_filled" => OrderStatus::PartiallyFilled,
        "filled" => OrderStatus::Filled,
        // A replaced order lives on under another id.
        "canceled" | "replaced" => OrderStatus::Canceled,
        "expired" | "done_for_day" => OrderStatus::Expired,
        "rejected" => OrderStatus::Rejected,
        other => return Err(wrong(operation, "order status", format!("{other:?} is not known"))),
    })
}

/// Reads net positions.
///
/// # Errors
/// `Decode`.
pub fn positions(text: &str, symbols: &Symbols) -> Result<BTreeMap<InstrumentId, Quantity>, ExchangeError> {
    #[derive(Deserialize)]
    struct Position<'a> {
        symbol: Cow<'a, str>,
        qty: Quantity,
        side: Cow<'a, str>,
    }
    let operation = "account_snapshot";
    let list: Vec<Position<'_>> = read(operation, "positions", text)?;
    let mut net = BTreeMap::new();
    for position in list {
        let size = if position.side == "short" { -position.qty.abs() } else { position.qty };
        net.insert(symbols.listing(operation, &position.symbol)?.id.clone(), size);
    }
    Ok(net)
}

/// Reads the cash of an account that may trade.
///
/// # Errors
/// `Decode`; `Auth` for an account that is blocked.
pub fn cash(text: &str) -> Result<Amount, ExchangeError> {
    #[derive(Deserialize)]
    struct Account {
        #[serde(with = "qtp_core::serde_decimal")]
        cash: Decimal,
        currency: Currency,
        #[serde(default)]
        account_blocked: bool,
        #[serde(default)]
        trading_blocked: bool,
    }
    let operation = "account_snapshot";
    let account: Account = read(operation, "account", text)?;
    if account.account_blocked || account.trading_blocked {
        return Err(ExchangeError::Auth { operation, message: "the account is blocked".into() });
    }
    Ok(Amount::new(account.cash, account.currency))
}

#[derive(Deserialize)]
struct Asset<'a> {
    symbol: Cow<'a, str>,
    tradable: bool,
    #[serde(default)]
    fractionable: bool,
    min_order_size: Option<Quantity>,
    min_trade_increment: Option<Quantity>,
    #[serde(deserialize_with = "price_or_none", default)]
    price_increment: Option<Price>,
}

/// Reads assets with the venue's names for them: stocks as `TICKER@venue`, crypto as `BASE-QUOTE@venue`. One asset
/// alone is read too.
///
/// # Errors
/// `Decode`.
pub fn instruments(
    text: &str,
    class: AssetClass,
    venue: &Venue,
) -> Result<Vec<(String, Instrument)>, ExchangeError> {
    let operation = "instruments";
    let list: Vec<Asset<'_>> = match text.trim_start().starts_with('[') {
        true => read(operation, "assets", text)?,
        false => vec![read(operation, "asset", text)?],
    };
    let mut listed = Vec::with_capacity(list.len());
    for asset in list {
        let name = asset.symbol.replace('/', "-");
        let Ok(id) = format!("{name}@{venue}").parse() else { continue };
        let mut instrument = Instrument::unrestricted(id).map_err(refused(operation, "symbol"))?;
        instrument.status = if asset.tradable { InstrumentStatus::Trading } else { InstrumentStatus::Halted };
        instrument.min_quantity = asset.min_order_size;
        let tick = match class {
            // Below a dollar the step is finer; one that is legal everywhere is chosen.
            AssetClass::Stock => Some(Price::new(CENT).map_err(refused(operation, "tick"))?),
            AssetClass::Crypto => asset.price_increment,
        };
        if let Some(tick) = tick {
            instrument.price_rule = PriceRule::Tick(tick);
        }
        let lot = match (class, asset.fractionable) {
            (AssetClass::Crypto, _) => asset.min_trade_increment,
            (AssetClass::Stock, true) => {
                Some(Quantity::new(Decimal::new(1, 9)).map_err(refused(operation, "lot"))?)
            }
            (AssetClass::Stock, false) => {
                Some(Quantity::new(Decimal::ONE).map_err(refused(operation, "lot"))?)
            }
        };
        if let Some(lot) = lot {
            instrument.size_rule = SizeRule::Lot(lot);
        }
        listed.push((asset.symbol.into_owned(), instrument));
    }
    Ok(listed)
}
