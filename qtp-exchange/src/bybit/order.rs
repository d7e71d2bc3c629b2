//! An order in the venue's words.

use qtp_core::{
    ExchangeError, OrderKind, OrderRequest, OrderSizing, Price, Quantity, Side, TimeInForce, TriggerSource,
};
use serde::Serialize;

use super::Category;

/// Body of an order. The order of the fields is that in which they are signed; all numbers are strings.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderBody<'a> {
    symbol: &'a str,
    side: &'static str,
    order_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_filter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_link_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_in_force: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    market_unit: Option<&'static str>,
    qty: Quantity,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_direction: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_price: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_by: Option<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reduce_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_loss: Option<Price>,
    #[serde(skip_serializing_if = "Option::is_none")]
    take_profit: Option<Price>,
}

/// Prices at which the venue closes what an order opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attached {
    /// Stop.
    pub stop: Option<Price>,
    /// Target.
    pub target: Option<Price>,
}

impl<'a> OrderBody<'a> {
    /// # Errors
    /// `Unsupported` for what the venue has no words for.
    pub(super) fn of(
        category: Category,
        symbol: &'a str,
        client_id: Option<&'a str>,
        order: &OrderRequest,
        attached: Attached,
    ) -> Result<Self, ExchangeError> {
        let linear = category == Category::Linear;
        if order.sizing != OrderSizing::Fixed {
            return refuse("an order sized by equity");
        }
        if order.reduce_only && !linear {
            return refuse("reduce-only on spot");
        }
        if let OrderKind::TrailingStop { .. } = order.kind {
            return refuse("a trailing stop: keep it on our side");
        }
        let limit = order.kind.limit();
        let trigger = order.kind.trigger();
        let trigger_by = match (trigger.map(|trigger| trigger.source), linear) {
            // Last is what the venue takes where nothing is said.
            (None | Some(TriggerSource::Last), _) => None,
            (Some(TriggerSource::Mark), true) => Some("MarkPrice"),
            (Some(TriggerSource::Index), true) => Some("IndexPrice"),
            (Some(source), false) => return refuse(&format!("a trigger by {source:?} on spot")),
        };
        Ok(Self {
            symbol,
            side: side(order.side),
            order_type: if limit.is_some() { "Limit" } else { "Market" },
            order_filter: (!linear && trigger.is_some()).then_some("StopOrder"),
            order_link_id: client_id,
            time_in_force: time_in_force(order)?,
            price: limit,
            category: category.as_str(),
            market_unit: (!linear && order.kind.is_market()).then_some("baseCoin"),
            qty: order.quantity,
            trigger_direction: (linear && trigger.is_some()).then(|| direction(order)),
            trigger_price: trigger.map(|trigger| trigger.price),
            trigger_by,
            reduce_only: order.reduce_only,
            stop_loss: attached.stop,
            take_profit: attached.target,
        })
    }
}

pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

/// Where the price must go to reach the trigger: 1 up, 2 down.
const fn direction(order: &OrderRequest) -> u8 {
    let stop = matches!(order.kind, OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. });
    match (order.side, stop) {
        (Side::Buy, true) | (Side::Sell, false) => 1,
        (Side::Sell, true) | (Side::Buy, false) => 2,
    }
}

fn time_in_force(order: &OrderRequest) -> Result<Option<&'static str>, ExchangeError> {
    let limit = order.kind.limit().is_some();
    match order.time_in_force {
        TimeInForce::Gtc if order.post_only && limit => Ok(Some("PostOnly")),
        _ if order.post_only => refuse("post-only for anything but a limit order until cancelled"),
        // The venue's default for limit orders; market orders have one of their own.
        TimeInForce::Gtc => Ok(None),
        TimeInForce::Ioc if limit => Ok(Some("IOC")),
        TimeInForce::Ioc => Ok(None),
        TimeInForce::Fok if limit => Ok(Some("FOK")),
        TimeInForce::Fok => refuse("a market order that fills whole or not at all"),
        TimeInForce::Gtd(_) => refuse("an order until an instant"),
    }
}

fn refuse<T>(what: &str) -> Result<T, ExchangeError> {
    Err(ExchangeError::Unsupported { operation: "submit", what: what.to_owned() })
}
