//! Orders and executions as REST answers tell of them.

use std::borrow::Cow;

use qtp_core::{
    AccountId, Amount, ClientOrderId, Currency, Decimal, ExchangeError, ExternalCause, Fill, Liquidity,
    OrderReport, OrderStatus, Price, Quantity, Reason, Side, Timestamp, VenueOrderId,
};
use serde::Deserialize;

use crate::native::{Symbols, price_or_none, read, refused, wrong};

/// `BUY` or `SELL`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) enum WireSide {
    #[serde(rename = "BUY")]
    Buy,
    #[serde(rename = "SELL")]
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

/// A status, with what the order has filled: some words say only how the order came to be.
///
/// # Errors
/// `Decode` for a word that is not known: an order must never be taken for what it is not.
pub(super) fn status(
    operation: &'static str,
    word: &str,
    filled: Quantity,
    quantity: Quantity,
) -> Result<OrderStatus, ExchangeError> {
    let working = || match () {
        () if filled.is_zero() => OrderStatus::Open,
        () if filled == quantity => OrderStatus::Filled,
        () => OrderStatus::PartiallyFilled,
    };
    Ok(match word {
        // A cancel that is under way has not happened; insurance and ADL are orders of the venue's own.
        "NEW" | "PENDING_NEW" | "PENDING_CANCEL" | "NEW_INSURANCE" | "NEW_ADL" => working(),
        "PARTIALLY_FILLED" => OrderStatus::PartiallyFilled,
        "FILLED" => OrderStatus::Filled,
        "CANCELED" => OrderStatus::Canceled,
        "REJECTED" => OrderStatus::Rejected,
        "EXPIRED" | "EXPIRED_IN_MATCH" => OrderStatus::Expired,
        other => return Err(wrong(operation, "order status", format!("{other:?} is not known"))),
    })
}

/// Why an execution happened that no order of ours asked for, by the client id that the venue gives such orders.
pub(super) fn external(client_id: &str) -> Option<ExternalCause> {
    if client_id.parse::<ClientOrderId>().is_ok() {
        return None;
    }
    Some(match client_id {
        id if id.starts_with("adl_autoclose") => ExternalCause::Adl,
        id if id.starts_with("settlement_autoclose") => ExternalCause::Settlement,
        id if id.starts_with("delivery_autoclose") => ExternalCause::Settlement,
        id if id.starts_with("autoclose-") => ExternalCause::Liquidation,
        _ => ExternalCause::Manual,
    })
}

/// The venue's word for an end out of the ordinary; `NONE` is none.
pub(super) fn reason(words: &[Option<&str>]) -> Option<Reason> {
    let word = words.iter().flatten().find(|word| !word.is_empty() && **word != "NONE")?;
    Some(Reason::new(word.to_lowercase().replace(' ', "_"), *word))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    symbol: Cow<'a, str>,
    order_id: u64,
    client_order_id: Cow<'a, str>,
    /// The order's own id in the answer to a cancel, whose `clientOrderId` is that of the cancel.
    orig_client_order_id: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "price_or_none", default)]
    price: Option<Price>,
    #[serde(deserialize_with = "price_or_none", default)]
    stop_price: Option<Price>,
    orig_qty: Quantity,
    executed_qty: Quantity,
    status: Cow<'a, str>,
    side: WireSide,
    update_time: Option<i64>,
    transact_time: Option<i64>,
    time: Option<i64>,
}

/// Reads one order, or a list of them.
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
    list.into_iter().map(|order| report(operation, order, symbols, account)).collect()
}

fn report(
    operation: &'static str,
    order: Order<'_>,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<OrderReport, ExchangeError> {
    let client_id = order.orig_client_order_id.as_ref().unwrap_or(&order.client_order_id);
    let time = order.update_time.or(order.transact_time).or(order.time);
    let time = time.ok_or_else(|| wrong(operation, "order", "it has no time"))?;
    Ok(OrderReport {
        client_order_id: client_id.parse().ok(),
        venue_order_id: Some(venue_id(operation, order.order_id)?),
        account: account.clone(),
        instrument: symbols.listing(operation, &order.symbol)?.id.clone(),
        time: Timestamp::from_millis(time),
        side: order.side.into(),
        status: status(operation, &order.status, order.executed_qty, order.orig_qty)?,
        quantity: order.orig_qty,
        filled: order.executed_qty,
        price: order.price.or(order.stop_price),
        reason: None,
    })
}

/// The venue's id in the answer to a submit.
///
/// # Errors
/// `Decode`.
pub fn acknowledged(text: &str) -> Result<VenueOrderId, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Taken {
        #[serde(alias = "algoId")]
        order_id: u64,
    }
    venue_id("submit", read::<Taken>("submit", "answer", text)?.order_id)
}

/// Whose an order is: our id, or why the venue has one that is not ours.
///
/// # Errors
/// `Decode`.
pub fn owner(text: &str) -> Result<(Option<ClientOrderId>, Option<ExternalCause>), ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named<'a> {
        #[serde(borrow)]
        client_order_id: Cow<'a, str>,
    }
    let id = read::<Named<'_>>("fills_since", "order", text)?.client_order_id;
    Ok((id.parse().ok(), external(&id)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlgoOrder<'a> {
    algo_id: u64,
    client_algo_id: Cow<'a, str>,
    symbol: Cow<'a, str>,
    side: WireSide,
    quantity: Quantity,
    algo_status: Cow<'a, str>,
    #[serde(deserialize_with = "price_or_none", default)]
    trigger_price: Option<Price>,
    update_time: i64,
}

/// Reads futures orders that wait for their trigger, or one of them.
///
/// # Errors
/// `Decode`.
pub fn algo_orders(
    operation: &'static str,
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Vec<OrderReport>, ExchangeError> {
    let list: Vec<AlgoOrder<'_>> = match text.trim_start().starts_with('[') {
        true => read(operation, "conditional orders", text)?,
        false => vec![read(operation, "conditional order", text)?],
    };
    let report = |order: AlgoOrder<'_>| {
        Ok(OrderReport {
            client_order_id: order.client_algo_id.parse().ok(),
            venue_order_id: Some(venue_id(operation, order.algo_id)?),
            account: account.clone(),
            instrument: symbols.listing(operation, &order.symbol)?.id.clone(),
            time: Timestamp::from_millis(order.update_time),
            side: order.side.into(),
            status: algo_status(operation, &order.algo_status, Quantity::ZERO, order.quantity)?,
            quantity: order.quantity,
            filled: Quantity::ZERO,
            price: order.trigger_price,
            reason: None,
        })
    };
    list.into_iter().map(report).collect()
}

/// The status of a conditional order. Once it has triggered, another order does its work.
pub(super) fn algo_status(
    operation: &'static str,
    word: &str,
    filled: Quantity,
    quantity: Quantity,
) -> Result<OrderStatus, ExchangeError> {
    match word {
        "TRIGGERING" | "TRIGGERED" => Ok(OrderStatus::Open),
        "FINISHED" if filled == quantity => Ok(OrderStatus::Filled),
        "FINISHED" => Ok(OrderStatus::Canceled),
        other => status(operation, other, filled, quantity),
    }
}

pub(super) fn venue_id(operation: &'static str, id: u64) -> Result<VenueOrderId, ExchangeError> {
    id.to_string().parse().map_err(refused(operation, "order id"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trade<'a> {
    symbol: Cow<'a, str>,
    id: u64,
    order_id: u64,
    price: Price,
    qty: Quantity,
    #[serde(with = "qtp_core::serde_decimal")]
    commission: Decimal,
    commission_asset: Currency,
    time: i64,
    /// Futures.
    side: Option<WireSide>,
    maker: Option<bool>,
    /// Spot.
    is_buyer: Option<bool>,
    is_maker: Option<bool>,
}

/// Reads our executions. Whose order each belongs to is not in them: `client_order_id` is left empty.
///
/// # Errors
/// `Decode`.
pub fn fills(text: &str, symbols: &Symbols, account: &AccountId) -> Result<Vec<Fill>, ExchangeError> {
    const OPERATION: &str = "fills_since";
    let list: Vec<Trade<'_>> = read(OPERATION, "executions", text)?;
    let fill = |trade: Trade<'_>| {
        let bought = trade.is_buyer.map(|buyer| if buyer { Side::Buy } else { Side::Sell });
        let side = trade.side.map(Side::from).or(bought);
        let rested = trade.maker.or(trade.is_maker);
        let (Some(side), Some(rested)) = (side, rested) else {
            return Err(wrong(OPERATION, "execution", "it has no side, or not whether it rested"));
        };
        Ok(Fill {
            trade_id: trade.id.to_string().parse().map_err(refused(OPERATION, "trade id"))?,
            client_order_id: None,
            venue_order_id: Some(venue_id(OPERATION, trade.order_id)?),
            account: account.clone(),
            instrument: symbols.listing(OPERATION, &trade.symbol)?.id.clone(),
            time: Timestamp::from_millis(trade.time),
            side,
            price: trade.price,
            quantity: trade.qty,
            fee: Amount::new(trade.commission, trade.commission_asset),
            builder_fee: None,
            liquidity: if rested { Liquidity::Maker } else { Liquidity::Taker },
            external: None,
        })
    };
    list.into_iter().map(fill).collect()
}
