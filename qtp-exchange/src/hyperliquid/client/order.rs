//! Our orders in the venue's form.

use qtp_core::{
    ExchangeError, Instrument, InstrumentKind, OrderKind, OrderRequest, OrderSizing, Price, Quantity, Ratio,
    Reason, Rounding, Side, TimeInForce, Trigger, TriggerSource,
};

use crate::hyperliquid::Listing;
use crate::hyperliquid::payload::{Wallet, unread};
use crate::hyperliquid::wire::{self, Cloid, LimitOrder, Number, OrderType, Tpsl, TriggerOrder};

const OPERATION: &str = "submit";
/// How far from its trigger the venue fills a conditional market order, in percent. Source: its documentation.
const TRIGGER_TOLERANCE: i64 = 10;

/// True if the price of the market is needed to write this order.
pub(super) const fn needs_price(order: &OrderRequest) -> bool {
    matches!(order.kind, OrderKind::Market) && order.decision_price.is_none()
}

/// An order in the venue's form. `mid` is the market's price, for a market order without a price of its decision.
pub(super) fn wire_order(
    order: &OrderRequest,
    listing: &Listing,
    wallet: Wallet,
    (mid, slippage): (Option<Price>, Ratio),
) -> Result<wire::Order, ExchangeError> {
    let spot = listing.instrument.kind == InstrumentKind::Spot;
    let unsupported = match (wallet, spot) {
        (Wallet::Perpetual, true) => Some("spot on an account of perpetuals"),
        (Wallet::Spot, false) => Some("perpetuals on a spot account"),
        (Wallet::Spot, true) if order.reduce_only => Some("spot orders that only reduce"),
        (Wallet::Spot, true) if order.kind.is_conditional() => Some("conditional spot orders"),
        _ if order.sizing != OrderSizing::Fixed => Some("orders that are sized at their fill"),
        _ => None,
    };
    if let Some(what) = unsupported {
        return Err(unsupported_order(what));
    }
    let reference = order.decision_price.or(mid);
    let (price, kind) = price_and_kind(order, &listing.instrument, reference, slippage)?;
    Ok(wire::Order {
        asset: listing.asset,
        is_buy: order.side == Side::Buy,
        price: legal_price(&listing.instrument, price)?,
        size: legal_size(&listing.instrument, order.quantity)?,
        reduce_only: order.reduce_only,
        kind,
        cloid: Some(Cloid(order.client_order_id)),
    })
}

fn price_and_kind(
    order: &OrderRequest,
    instrument: &Instrument,
    reference: Option<Price>,
    slippage: Ratio,
) -> Result<(Price, OrderType), ExchangeError> {
    let tolerance = Ratio::new(qtp_core::Decimal::new(TRIGGER_TOLERANCE, 2)).unwrap_or(slippage);
    let conditional = |at: Trigger, price: Option<Price>, tpsl| {
        let worst = match price {
            Some(price) => price,
            None => bound(instrument, order.side, at.price, tolerance)?,
        };
        Ok((worst, trigger(instrument, at, price.is_none(), tpsl)?))
    };
    match order.kind {
        OrderKind::Market => {
            let reference = reference.ok_or_else(|| unsupported_order("a market order without any price"))?;
            let limit = LimitOrder { tif: wire::TimeInForce::Ioc };
            Ok((bound(instrument, order.side, reference, slippage)?, OrderType::Limit(limit)))
        }
        OrderKind::Limit { price } => Ok((price, OrderType::Limit(LimitOrder { tif: lifetime(order)? }))),
        OrderKind::StopMarket { trigger } => conditional(trigger, None, Tpsl::Sl),
        OrderKind::StopLimit { trigger, price } => conditional(trigger, Some(price), Tpsl::Sl),
        OrderKind::TakeProfitMarket { trigger } => conditional(trigger, None, Tpsl::Tp),
        OrderKind::TakeProfitLimit { trigger, price } => conditional(trigger, Some(price), Tpsl::Tp),
        OrderKind::TrailingStop { .. } => Err(unsupported_order("trailing stops")),
    }
}

fn lifetime(order: &OrderRequest) -> Result<wire::TimeInForce, ExchangeError> {
    match order.time_in_force {
        TimeInForce::Gtc if order.post_only => Ok(wire::TimeInForce::Alo),
        _ if order.post_only => Err(unsupported_order("post-only orders that do not rest")),
        TimeInForce::Gtc => Ok(wire::TimeInForce::Gtc),
        TimeInForce::Ioc => Ok(wire::TimeInForce::Ioc),
        TimeInForce::Fok => Err(unsupported_order("orders that fill whole or not at all")),
        TimeInForce::Gtd(_) => Err(unsupported_order("orders that rest until an instant")),
    }
}

fn trigger(
    instrument: &Instrument,
    at: Trigger,
    is_market: bool,
    tpsl: Tpsl,
) -> Result<OrderType, ExchangeError> {
    if at.source != TriggerSource::Mark {
        return Err(unsupported_order("triggers by another price than the mark"));
    }
    let trigger_px = legal_price(instrument, at.price)?;
    Ok(OrderType::Trigger(TriggerOrder { is_market, trigger_px, tpsl }))
}

/// The worst price so far from another, rounded towards it: nothing fills beyond what was allowed.
fn bound(instrument: &Instrument, side: Side, from: Price, by: Ratio) -> Result<Price, ExchangeError> {
    let (by, rounding) = match side {
        Side::Buy => (by, Rounding::Down),
        Side::Sell => (-by, Rounding::Up),
    };
    from.shifted(by)
        .and_then(|price| instrument.round_price(price, rounding))
        .ok_or_else(|| refuse("tick_rejected", format!("no legal price is {} from {from}", by.get())))
}

fn legal_price(instrument: &Instrument, price: Price) -> Result<Number, ExchangeError> {
    if !instrument.price_rule.allows(price) {
        return Err(refuse("tick_rejected", format!("{}: {price} is not a legal price", instrument.id)));
    }
    Number::new(price.get()).map_err(|error| unread(OPERATION, "price", error))
}

/// A legal size of an order.
pub(super) fn legal_size(instrument: &Instrument, size: Quantity) -> Result<Number, ExchangeError> {
    if !instrument.size_rule.allows(size) {
        return Err(refuse("lot_rejected", format!("{}: {size} is not a legal size", instrument.id)));
    }
    Number::new(size.get()).map_err(|error| unread(OPERATION, "size", error))
}

pub(super) fn unsupported_order(what: &str) -> ExchangeError {
    ExchangeError::Unsupported { operation: OPERATION, what: what.to_owned() }
}

fn refuse(code: &str, words: String) -> ExchangeError {
    ExchangeError::Rejected { operation: OPERATION, reason: Reason::new(code, words) }
}
