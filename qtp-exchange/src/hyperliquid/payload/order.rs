//! Orders.

use qtp_core::{ExchangeError, OrderReport, OrderStatus, Quantity, Reason, Side};
use serde::Deserialize;

use super::fill::order_id;
use super::{Letter, number, parse, price_or_none, time, unread};
use crate::hyperliquid::owner::Owner;
use crate::hyperliquid::wire::Cloid;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    coin: &'a str,
    side: Letter,
    limit_px: &'a str,
    sz: &'a str,
    oid: u64,
    timestamp: i64,
    orig_sz: Option<&'a str>,
    cloid: Option<Cloid>,
    #[serde(default)]
    is_trigger: bool,
    trigger_px: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(borrow)]
    order: Wire<'a>,
    status: &'a str,
    status_timestamp: i64,
}

/// `openOrders` and `frontendOpenOrders`. Only the latter shows trigger prices. Children of a parent that is not filled
/// are listed beside it.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn open_orders(text: &str, owner: &Owner<'_>) -> Result<Vec<OrderReport>, ExchangeError> {
    let open: Vec<Wire<'_>> = parse("open_orders", "openOrders", text)?;
    let ours = open.iter().filter(|order| owner.trades(order.coin));
    ours.map(|order| report("open_orders", order, "open", order.timestamp, owner)).collect()
}

/// `orderStatus`; `None` if the venue does not know the order.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn found_order(text: &str, owner: &Owner<'_>) -> Result<Option<OrderReport>, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        status: &'a str,
        #[serde(borrow)]
        order: Option<Told<'a>>,
    }
    let answer: Answer<'_> = parse("order", "orderStatus", text)?;
    match (answer.status, answer.order) {
        ("order", Some(told)) => {
            report("order", &told.order, told.status, told.status_timestamp, owner).map(Some)
        }
        ("unknownOid", _) => Ok(None),
        (other, _) => Err(unread("order", "orderStatus", format!("status {other:?}"))),
    }
}

/// What a change of an order must keep.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// It only reduces.
    #[serde(default)]
    pub reduce_only: bool,
    /// The venue's word for its lifetime.
    pub tif: Option<String>,
}

/// `orderStatus`, for what a report does not say.
///
/// # Errors
/// [`ExchangeError::Decode`], also if the venue does not know the order.
pub fn order_details(text: &str) -> Result<Details, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer {
        order: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        order: Details,
    }
    parse::<Answer>("order", "orderStatus", text).map(|answer| answer.order.order)
}

/// `historicalOrders` and the messages of `orderUpdates`, in their order.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn order_updates(text: &str, owner: &Owner<'_>) -> Result<Vec<OrderReport>, ExchangeError> {
    let updates: Vec<Told<'_>> = parse("order_updates", "orderUpdates", text)?;
    let read =
        |told: &Told<'_>| report("order_updates", &told.order, told.status, told.status_timestamp, owner);
    updates.iter().filter(|told| owner.trades(told.order.coin)).map(read).collect()
}

fn report(
    operation: &'static str,
    wire: &Wire<'_>,
    word: &str,
    at: i64,
    owner: &Owner<'_>,
) -> Result<OrderReport, ExchangeError> {
    let left: Quantity = number(operation, wire.coin, "sz", wire.sz)?;
    let quantity = match wire.orig_sz {
        Some(size) => number(operation, wire.coin, "origSz", size)?,
        None => left,
    };
    let filled = if word == "filled" { quantity } else { quantity - left };
    let status = status(operation, word, quantity, filled)?;
    let price = match wire.trigger_px.filter(|_| wire.is_trigger) {
        Some(trigger) => price_or_none(operation, wire.coin, "triggerPx", trigger)?,
        None => price_or_none(operation, wire.coin, "limitPx", wire.limit_px)?,
    };
    let reason = matches!(status, OrderStatus::Canceled | OrderStatus::Rejected | OrderStatus::Expired)
        .then(|| Reason::new(snake(word), ""));
    Ok(OrderReport {
        client_order_id: wire.cloid.map(|cloid| cloid.0),
        venue_order_id: Some(order_id(wire.oid)?),
        account: owner.account.clone(),
        instrument: owner.catalogue.id_of(operation, wire.coin)?,
        time: time(at),
        side: Side::from(wire.side),
        status,
        quantity,
        filled,
        price,
        reason,
    })
}

/// A word that is not known is an error: nothing about an order is guessed.
fn status(
    operation: &'static str,
    word: &str,
    quantity: Quantity,
    filled: Quantity,
) -> Result<OrderStatus, ExchangeError> {
    let part = filled.signum() > 0 && filled < quantity;
    Ok(match word {
        "open" | "triggered" if part => OrderStatus::PartiallyFilled,
        "open" | "triggered" => OrderStatus::Open,
        "filled" => OrderStatus::Filled,
        // What has filled in part was not refused: its rest ended.
        _ if word.ends_with("ejected") && filled.is_zero() => OrderStatus::Rejected,
        _ if word.ends_with("ejected") => OrderStatus::Canceled,
        "scheduledCancel" => OrderStatus::Canceled,
        _ if word.ends_with("anceled") || word.ends_with("ancelled") => OrderStatus::Canceled,
        "expired" => OrderStatus::Expired,
        _ => return Err(unread(operation, "status of an order", format!("unknown word {word:?}"))),
    })
}

/// `badAloPxRejected` as `bad_alo_px_rejected`.
fn snake(word: &str) -> String {
    let mut out = String::with_capacity(word.len() + 4);
    for letter in word.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
