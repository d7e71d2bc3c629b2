//! Our orders in the venue's form.

use qtp_core::{
    ExchangeError, Instrument, InstrumentKind, OrderGroup, OrderKind, OrderRequest, OrderSizing, Price,
    Quantity, Ratio, Reason, Rounding, Side, TimeInForce, Trigger, TriggerSource,
};

use super::payload::{Wallet, unread};
use super::wire::{self, Action, Cloid, Grouping, LimitOrder, Number, OrderType, Tpsl, TriggerOrder};
use super::{Catalogue, Listing};

const OPERATION: &str = "submit";
/// How far from its trigger the venue fills a conditional market order, in percent. Source: its documentation.
const TRIGGER_TOLERANCE: i64 = 10;

/// Orders as the action that asks for them: `slippage` is how far from its price a market order may fill.
///
/// A bracket travels as `normalTpsl`: its children live once the entry is filled whole, and die if it is cancelled in
/// part. A stop and a target for an open position travel as `positionTpsl`.
///
/// # Errors
/// `Unsupported` for what the venue has not, `Rejected` for a price or size that is not legal, `UnknownInstrument`.
pub fn order_action(
    group: &OrderGroup,
    catalogue: &Catalogue,
    wallet: Wallet,
    (mid, slippage): (Option<Price>, Ratio),
) -> Result<Action, ExchangeError> {
    let grouping = match group {
        OrderGroup::Single(_) => Grouping::Na,
        OrderGroup::Bracket { .. } => Grouping::NormalTpsl,
        OrderGroup::Oco(one, other) => {
            let protects = |order: &OrderRequest| order.reduce_only && order.kind.is_conditional();
            if !protects(one) || !protects(other) {
                return Err(unsupported_order("pairs of orders that do not protect a position"));
            }
            Grouping::PositionTpsl
        }
    };
    let write = |order: &OrderRequest| {
        let listing = catalogue.instrument(OPERATION, &order.instrument)?;
        wire_order(order, listing, wallet, (mid, slippage))
    };
    let orders = group.orders().map(write).collect::<Result<Vec<_>, ExchangeError>>()?;
    Ok(Action::Order { orders, grouping, builder: None })
}

/// True if the price of the market is needed to write this order.
#[cfg(feature = "hyperliquid")]
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
        (Wallet::Spot, true) if order.reduce_only && order.side == Side::Buy => {
            Some("a spot purchase that only reduces: nothing is owed there")
        }
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
        // What is sold on spot is held: such a sale only reduces, and spot has no flag for it.
        reduce_only: order.reduce_only && !spot,
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

fn legal_size(instrument: &Instrument, size: Quantity) -> Result<Number, ExchangeError> {
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

#[cfg(test)]
mod tests {
    use qtp_core::{ClientOrderId, OrderRole};

    use super::*;

    const META: &str = r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40}]}"#;
    const SPOT: &str = r#"{"tokens":[{"name":"USDC","szDecimals":8,"index":0},{"name":"HYPE","szDecimals":2,"index":150}],
        "universe":[{"name":"@107","tokens":[150,0],"index":107}]}"#;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::new("hyperliquid".parse().unwrap());
        super::super::payload::perpetuals(&mut catalogue, 0, META, SPOT).unwrap();
        super::super::payload::spot(&mut catalogue, SPOT).unwrap();
        catalogue
    }

    fn order(id: u128, symbol: &str, side: Side, kind: OrderKind) -> OrderRequest {
        OrderRequest {
            client_order_id: ClientOrderId::from_bits(id),
            account: "main".parse().unwrap(),
            instrument: format!("{symbol}@hyperliquid").parse().unwrap(),
            side,
            quantity: "1".parse().unwrap(),
            kind,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: false,
            sizing: OrderSizing::Fixed,
            role: OrderRole::Entry,
            valid_until: None,
            protective_stop: None,
            decision_price: None,
        }
    }

    fn limit(price: &str) -> OrderKind {
        OrderKind::Limit { price: price.parse().unwrap() }
    }

    fn exit(id: u128, price: &str, stop: bool) -> OrderRequest {
        let trigger = Trigger { price: price.parse().unwrap(), source: TriggerSource::Mark };
        let kind =
            if stop { OrderKind::StopMarket { trigger } } else { OrderKind::TakeProfitMarket { trigger } };
        OrderRequest { reduce_only: true, ..order(id, "BTC-USDC-PERP", Side::Sell, kind) }
    }

    fn action(group: &OrderGroup, wallet: Wallet) -> Result<Action, ExchangeError> {
        order_action(group, &catalogue(), wallet, (None, Ratio::ZERO))
    }

    #[test]
    fn groups_have_the_groupings_of_the_venue() {
        let entry = order(1, "BTC-PERP", Side::Buy, limit("100000"));
        let (stop, target) = (exit(2, "95000", true), exit(3, "110000", false));
        let bracket = OrderGroup::Bracket {
            entry: entry.clone(),
            stop: Some(Box::new(stop.clone())),
            target: Some(Box::new(target.clone())),
        };
        let sent = action(&bracket, Wallet::Perpetual).unwrap();
        let Action::Order { orders, grouping: Grouping::NormalTpsl, .. } = sent else { panic!("{sent:?}") };
        let ids: Vec<u128> = orders.iter().map(|order| order.cloid.unwrap().0.bits()).collect();
        assert_eq!(ids, [1, 2, 3], "the parent first");
        let sent = action(&OrderGroup::Oco(stop, Box::new(target)), Wallet::Perpetual).unwrap();
        assert!(matches!(sent, Action::Order { grouping: Grouping::PositionTpsl, .. }), "{sent:?}");
        let entries = OrderGroup::Oco(entry.clone(), Box::new(entry));
        assert!(matches!(action(&entries, Wallet::Perpetual), Err(ExchangeError::Unsupported { .. })));
    }

    #[test]
    fn each_wallet_trades_its_own() {
        let spot = order(1, "HYPE-USDC", Side::Buy, limit("40.123"));
        let Action::Order { orders, .. } = action(&OrderGroup::Single(spot.clone()), Wallet::Spot).unwrap()
        else {
            panic!("orders")
        };
        assert_eq!(orders[0].asset.0, 10_107);
        let perpetual = order(1, "BTC-USDC-PERP", Side::Buy, limit("100000"));
        let reducing = OrderRequest { reduce_only: true, ..spot.clone() };
        let exit = OrderRequest { side: Side::Sell, ..reducing.clone() };
        let Action::Order { orders, .. } = action(&OrderGroup::Single(exit), Wallet::Spot).unwrap() else {
            panic!("orders")
        };
        assert_eq!((orders[0].is_buy, orders[0].reduce_only), (false, false), "a sale of what is held");
        for (order, wallet) in
            [(spot, Wallet::Perpetual), (perpetual, Wallet::Spot), (reducing, Wallet::Spot)]
        {
            let error = action(&OrderGroup::Single(order), wallet).unwrap_err();
            assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
        }
    }

    #[test]
    fn no_bound_lies_beyond_what_was_allowed() {
        let rules = catalogue();
        let instrument = &rules.coin("BTC").unwrap().instrument;
        let by = Ratio::new("0.05".parse().unwrap()).unwrap();
        for from in ["0.33333", "99998.5", "1.0001", "123456", "7"] {
            let from: Price = from.parse().unwrap();
            let (most, least) = (from.shifted(by).unwrap(), from.shifted(-by).unwrap());
            let (buy, sell) = (
                bound(instrument, Side::Buy, from, by).unwrap(),
                bound(instrument, Side::Sell, from, by).unwrap(),
            );
            assert!(buy <= most && sell >= least, "{from}: {sell} {buy}");
            assert!(
                instrument.price_rule.allows(buy) && instrument.price_rule.allows(sell),
                "{from}: {sell} {buy}"
            );
        }
    }
}
