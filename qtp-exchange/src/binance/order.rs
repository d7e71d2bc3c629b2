//! An order in the venue's words.

use qtp_core::{
    ExchangeError, OrderKind, OrderRequest, OrderSizing, Side, TimeInForce, Trigger, TriggerSource,
};

use super::Product;
use crate::transport::Pairs;

/// The words of an order. Which of them are sent, and under which names, depends on the product.
pub(super) struct Words {
    kind: &'static str,
    trigger: Option<Trigger>,
    working_type: Option<&'static str>,
    time_in_force: Option<&'static str>,
}

impl Words {
    /// # Errors
    /// `Unsupported` for what the venue has no words for.
    pub(super) fn of(product: Product, order: &OrderRequest) -> Result<Self, ExchangeError> {
        let futures = product == Product::UsdMargin;
        if order.sizing != OrderSizing::Fixed {
            return refuse("an order sized by equity");
        }
        if order.reduce_only && !futures {
            return refuse("reduce-only on spot");
        }
        if order.post_only && !matches!(order.kind, OrderKind::Limit { .. }) {
            return refuse("post-only for anything but a limit order");
        }
        let kind = match (order.kind, futures) {
            (OrderKind::Market, _) => "MARKET",
            (OrderKind::Limit { .. }, false) if order.post_only => "LIMIT_MAKER",
            (OrderKind::Limit { .. }, _) => "LIMIT",
            (OrderKind::StopMarket { .. }, true) => "STOP_MARKET",
            (OrderKind::StopMarket { .. }, false) => "STOP_LOSS",
            (OrderKind::StopLimit { .. }, true) => "STOP",
            (OrderKind::StopLimit { .. }, false) => "STOP_LOSS_LIMIT",
            (OrderKind::TakeProfitMarket { .. }, true) => "TAKE_PROFIT_MARKET",
            (OrderKind::TakeProfitMarket { .. }, false) => "TAKE_PROFIT",
            (OrderKind::TakeProfitLimit { .. }, true) => "TAKE_PROFIT",
            (OrderKind::TakeProfitLimit { .. }, false) => "TAKE_PROFIT_LIMIT",
            (OrderKind::TrailingStop { .. }, _) => return refuse("a trailing stop: keep it on our side"),
        };
        let trigger = order.kind.trigger();
        let working_type = match (trigger.map(|trigger| trigger.source), futures) {
            // Last is what the venue takes where nothing is said.
            (None | Some(TriggerSource::Last), _) => None,
            (Some(TriggerSource::Mark), true) => Some("MARK_PRICE"),
            (Some(source), _) => return refuse(&format!("a trigger by {source:?}")),
        };
        let time_in_force = time_in_force(order, kind, futures)?;
        Ok(Self { kind, trigger, working_type, time_in_force })
    }

    /// Adds the order's words, from `type` on.
    pub(super) fn add(
        &self,
        product: Product,
        order: &OrderRequest,
        both_sides: bool,
        pairs: Pairs,
    ) -> Pairs {
        let futures = product == Product::UsdMargin;
        let trigger = if futures { "triggerPrice" } else { "stopPrice" };
        pairs
            .with("type", self.kind)
            .with("quantity", order.quantity)
            .with_some("price", order.kind.limit())
            .with_some(trigger, self.trigger.map(|trigger| trigger.price))
            .with_some("workingType", self.working_type)
            .with_some("timeInForce", self.time_in_force)
            .with_some("positionSide", both_sides.then_some("BOTH"))
            .with_some("reduceOnly", order.reduce_only.then_some("true"))
            .with_some("algoType", (futures && order.kind.is_conditional()).then_some("CONDITIONAL"))
    }
}

pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

fn time_in_force(
    order: &OrderRequest,
    kind: &str,
    futures: bool,
) -> Result<Option<&'static str>, ExchangeError> {
    if order.kind.limit().is_none() || kind == "LIMIT_MAKER" {
        return match order.time_in_force {
            // A market order fills at once, a trigger waits: neither takes a lifetime.
            TimeInForce::Gtc | TimeInForce::Ioc => Ok(None),
            _ => refuse("a lifetime for an order without a limit"),
        };
    }
    match order.time_in_force {
        TimeInForce::Gtc if order.post_only => Ok(Some("GTX")),
        _ if order.post_only => refuse("post-only with another lifetime than until cancelled"),
        // The venue's default for conditional futures orders, and left out there.
        TimeInForce::Gtc if futures && order.kind.is_conditional() => Ok(None),
        TimeInForce::Gtc => Ok(Some("GTC")),
        TimeInForce::Ioc => Ok(Some("IOC")),
        TimeInForce::Fok => Ok(Some("FOK")),
        TimeInForce::Gtd(_) => refuse("an order until an instant"),
    }
}

fn refuse<T>(what: &str) -> Result<T, ExchangeError> {
    Err(ExchangeError::Unsupported { operation: "submit", what: what.to_owned() })
}
