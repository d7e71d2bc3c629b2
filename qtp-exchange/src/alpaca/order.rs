//! An order in the venue's words.

use qtp_core::{
    ExchangeError, OrderGroup, OrderKind, OrderRequest, OrderSizing, Price, Quantity, Side, TimeInForce,
    TriggerSource,
};
use serde::Serialize;

use super::AssetClass;

/// Body of an order; all numbers are strings.
#[derive(Serialize)]
pub(super) struct OrderBody<'a> {
    symbol: &'a str,
    side: &'static str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<Price>,
    qty: Quantity,
    time_in_force: &'static str,
    client_order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    take_profit: Option<TakeProfit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_loss: Option<StopLoss>,
}

#[derive(Serialize)]
struct TakeProfit {
    limit_price: Price,
}

#[derive(Serialize)]
struct StopLoss {
    stop_price: Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<Price>,
}

impl<'a> OrderBody<'a> {
    /// # Errors
    /// `Unsupported` for what the venue has no words for.
    pub(super) fn of(
        class: AssetClass,
        symbol: &'a str,
        client_id: &'a str,
        group: &OrderGroup,
    ) -> Result<Self, ExchangeError> {
        match group {
            OrderGroup::Single(order) => Self::single(class, symbol, client_id, order),
            OrderGroup::Bracket { entry, stop, target } => {
                if class == AssetClass::Crypto {
                    return refuse("a bracket for crypto");
                }
                if !entry.quantity.get().is_integer() {
                    return refuse("a bracket for a fraction of a share");
                }
                if entry.time_in_force == TimeInForce::Ioc || entry.time_in_force == TimeInForce::Fok {
                    return refuse("a bracket that lives neither a day nor until cancelled");
                }
                let mut body = Self::single(class, symbol, client_id, entry)?;
                body.stop_loss = stop.as_deref().map(stop_loss).transpose()?;
                body.take_profit = target.as_deref().map(take_profit).transpose()?;
                let both = body.stop_loss.is_some() && body.take_profit.is_some();
                body.order_class = Some(if both { "bracket" } else { "oto" });
                Ok(body)
            }
            OrderGroup::Oco(first, second) => {
                let target_first = matches!(first.kind, OrderKind::Limit { .. });
                let (target, stop) = if target_first { (first, &**second) } else { (&**second, first) };
                let mut body = Self::single(class, symbol, client_id, target)?;
                body.take_profit = Some(take_profit(target)?);
                body.stop_loss = Some(stop_loss(stop)?);
                body.order_class = Some("oco");
                Ok(body)
            }
        }
    }

    fn single(
        class: AssetClass,
        symbol: &'a str,
        client_id: &'a str,
        order: &OrderRequest,
    ) -> Result<Self, ExchangeError> {
        if order.sizing != OrderSizing::Fixed {
            return refuse("an order sized by equity");
        }
        if order.post_only {
            return refuse("post-only: there is no such field");
        }
        let r#type = match order.kind {
            OrderKind::Market => "market",
            OrderKind::Limit { .. } => "limit",
            OrderKind::StopMarket { .. } if class == AssetClass::Crypto => {
                return refuse("a stop at market for crypto: give it a limit");
            }
            OrderKind::StopMarket { .. } => "stop",
            OrderKind::StopLimit { .. } => "stop_limit",
            OrderKind::TakeProfitMarket { .. } | OrderKind::TakeProfitLimit { .. } => {
                return refuse("a trigger in our favour: use a limit order");
            }
            OrderKind::TrailingStop { .. } => return refuse("a trailing stop: keep it on our side"),
        };
        let trigger = order.kind.trigger();
        if trigger.is_some_and(|trigger| trigger.source != TriggerSource::Last) {
            return refuse("a trigger by anything but the last price");
        }
        Ok(Self {
            symbol,
            side: side(order.side),
            r#type,
            stop_price: trigger.map(|trigger| trigger.price),
            limit_price: order.kind.limit(),
            qty: order.quantity,
            time_in_force: time_in_force(class, order)?,
            client_order_id: client_id,
            order_class: None,
            take_profit: None,
            stop_loss: None,
        })
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn take_profit(order: &OrderRequest) -> Result<TakeProfit, ExchangeError> {
    match order.kind {
        OrderKind::Limit { price } => Ok(TakeProfit { limit_price: price }),
        _ => refuse("a target that is not a limit order"),
    }
}

fn stop_loss(order: &OrderRequest) -> Result<StopLoss, ExchangeError> {
    match (order.kind.trigger(), order.kind) {
        (Some(trigger), OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. }) => {
            Ok(StopLoss { stop_price: trigger.price, limit_price: order.kind.limit() })
        }
        _ => refuse("a stop that is not a stop order"),
    }
}

fn time_in_force(class: AssetClass, order: &OrderRequest) -> Result<&'static str, ExchangeError> {
    let whole = order.quantity.get().is_integer();
    match (order.time_in_force, class) {
        // Fractions of a share live for a day only; the order manager renews what is to last.
        (TimeInForce::Gtc, AssetClass::Stock) if !whole => Ok("day"),
        (TimeInForce::Gtc, _) => Ok("gtc"),
        (TimeInForce::Ioc, AssetClass::Stock) if !whole => refuse("a fraction of a share at once or never"),
        (TimeInForce::Ioc, _) => Ok("ioc"),
        (TimeInForce::Fok, AssetClass::Stock) if whole => Ok("fok"),
        (TimeInForce::Fok, _) => refuse("whole or nothing, for crypto or a fraction of a share"),
        (TimeInForce::Gtd(_), _) => refuse("an order until an instant"),
    }
}

fn refuse<T>(what: &str) -> Result<T, ExchangeError> {
    Err(ExchangeError::Unsupported { operation: "submit", what: what.to_owned() })
}
