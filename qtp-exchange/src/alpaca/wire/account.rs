//! Answers about orders, positions and the account.

use std::borrow::Cow;
use std::collections::BTreeMap;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, ExchangeError, Instrument, InstrumentId, InstrumentStatus,
    OrderReport, OrderStatus, Price, PriceRule, Quantity, Side, SizeRule, Venue, VenueOrderId,
};
use serde::Deserialize;

use super::super::AssetClass;
use crate::native::{Symbols, price_or_none, read, refused, some_number, wrong};

/// A hundredth, the step of stock prices from a dollar on.
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

#[derive(Deserialize)]
pub(super) struct Order<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    client_order_id: Cow<'a, str>,
    symbol: Cow<'a, str>,
    side: WireSide,
    status: Cow<'a, str>,
    /// Absent where a sum of money was ordered.
    #[serde(deserialize_with = "some_number", default)]
    qty: Option<Quantity>,
    #[serde(deserialize_with = "some_number", default)]
    pub(super) filled_qty: Option<Quantity>,
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
pub(super) enum WireSide {
    Buy,
    // Shorts are told apart in history only.
    #[serde(alias = "sell_short")]
    Sell,
}

impl From<WireSide> for Side {
    fn from(side: WireSide) -> Self {
        match side {
            WireSide::Buy => Self::Buy,
            WireSide::Sell => Self::Sell,
        }
    }
}

impl Order<'_> {
    pub(super) fn symbol(&self) -> &str {
        &self.symbol
    }
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

pub(super) fn report(
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
        side: order.side.into(),
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

/// The entry's number, and those of its exits in the order in which they were asked for: target, then stop.
///
/// # Errors
/// `Decode`.
pub fn acknowledged(text: &str) -> Result<(VenueOrderId, Vec<VenueOrderId>), ExchangeError> {
    #[derive(Deserialize)]
    struct Taken<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(default, borrow)]
        legs: Option<Vec<Leg<'a>>>,
    }
    #[derive(Deserialize)]
    struct Leg<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(borrow)]
        r#type: Cow<'a, str>,
    }
    let number = |id: &str| id.parse().map_err(refused("submit", "order id"));
    let taken: Taken<'_> = read("submit", "answer", text)?;
    let mut legs = taken.legs.unwrap_or_default();
    legs.sort_by_key(|leg| leg.r#type != "limit");
    let legs: Result<Vec<VenueOrderId>, ExchangeError> = legs.iter().map(|leg| number(&leg.id)).collect();
    Ok((number(&taken.id)?, legs?))
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

/// What an account may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountSettings {
    /// `ACTIVE`, or what prevents it.
    pub status: String,
    /// Nothing can be done.
    #[serde(default)]
    pub account_blocked: bool,
    /// Orders are refused.
    #[serde(default)]
    pub trading_blocked: bool,
    /// It was marked for too many day trades: orders may be refused.
    #[serde(default)]
    pub pattern_day_trader: bool,
    /// A sale can open a short position.
    #[serde(default)]
    pub shorting_enabled: bool,
}

/// Reads what an account may do.
///
/// # Errors
/// `Decode`.
pub fn account_settings(text: &str) -> Result<AccountSettings, ExchangeError> {
    read("preflight", "account", text)
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
