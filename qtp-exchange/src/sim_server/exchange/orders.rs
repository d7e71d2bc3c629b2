//! Orders: placing, cancelling, replacing.

use qtp_core::Decimal;
use serde_json::{Value, json};

use super::super::account::{Account, Draft, OPEN_ORDERS, Terms};
use super::super::market::{Market, level_json};
use super::super::number::text;
use super::super::world::World;
use super::{Answer, default_answer};
use crate::hyperliquid::sign::Address;
use crate::hyperliquid::wire::{
    Builder, Cancel, CancelByCloid, Cloid, Grouping, LimitOrder, Modify, Number, Order, OrderRef, OrderType,
    TimeInForce,
};

/// Most that a builder may charge on perpetuals, in tenths of a basis point.
const BUILDER_MOST: u32 = 100;

pub(super) fn place(
    world: &mut World,
    user: Address,
    orders: &[Order],
    grouping: Grouping,
    builder: Option<&Builder>,
) -> Answer {
    if let Err(words) = check_payload(world, orders, grouping) {
        // One error for the whole payload.
        return Ok(answer(vec![json!({"error": words})]));
    }
    let builder = builder.map(|builder| builder_rate(world, user, builder)).transpose()?;
    let terms = Terms { builder, ties_to_position: false };
    let statuses = match grouping {
        Grouping::Na => orders.iter().map(|order| single(world, user, order, terms)).collect(),
        Grouping::NormalTpsl => group(world, user, orders, terms, true),
        Grouping::PositionTpsl => {
            let (ties, free): (Vec<Order>, Vec<Order>) =
                orders.iter().cloned().partition(|order| matches!(order.kind, OrderType::Trigger(_)));
            let mut statuses: Vec<Value> =
                free.iter().map(|order| single(world, user, order, terms)).collect();
            if !ties.is_empty() {
                statuses.extend(group(world, user, &ties, Terms { ties_to_position: true, ..terms }, false));
            }
            statuses
        }
    };
    Ok(answer(statuses))
}

fn answer(statuses: Vec<Value>) -> Value {
    json!({"type": "order", "data": {"statuses": statuses}})
}

/// What a client's builder may take of each fill.
fn builder_rate(world: &World, user: Address, builder: &Builder) -> Result<(Address, Decimal), String> {
    let rate = Decimal::new(i64::from(builder.f), 5);
    let approved = world.accounts.get(&user).and_then(|account| account.builders.get(&builder.b));
    if builder.f > BUILDER_MOST {
        return Err("Builder fee is too high.".to_owned());
    }
    match approved {
        Some(most) if rate <= *most => Ok((builder.b, rate)),
        _ => Err("Builder fee has not been approved.".to_owned()),
    }
}

/// What can be said of a payload without looking at market or account.
fn check_payload(world: &World, orders: &[Order], grouping: Grouping) -> Result<(), String> {
    if orders.is_empty() {
        return Err("Order request is empty.".to_owned());
    }
    for order in orders {
        let asset = order.asset.0;
        let Some(market) = world.place_of(order.asset).and_then(|place| world.markets.get(place)) else {
            return Err(format!("Unknown asset. asset={asset}"));
        };
        let (price, size) = (order.price.get(), order.size.get());
        let whole = grouping == Grouping::PositionTpsl && matches!(order.kind, OrderType::Trigger(_));
        if size.is_zero() && !whole {
            return Err(format!("Order has zero size. asset={asset}"));
        }
        if size.is_sign_negative() && !size.is_zero() || size.normalize().scale() > market.asset.sz_decimals {
            return Err(format!("Order has invalid size. asset={asset}"));
        }
        if qtp_core::Price::new(price).is_err() {
            return Err(format!("Order has invalid price. asset={asset}"));
        }
    }
    let trigger = |order: &Order| matches!(order.kind, OrderType::Trigger(_));
    let children = orders.get(1..).unwrap_or_default();
    let mut sides: Vec<_> = children.iter().filter_map(tpsl).collect();
    if grouping == Grouping::PositionTpsl {
        sides = orders.iter().filter_map(tpsl).collect();
    }
    let twice = sides.len() > 2 || matches!(sides.as_slice(), [one, other] if one == other);
    let shaped = match grouping {
        Grouping::Na => return Ok(()),
        Grouping::NormalTpsl => !orders.first().is_some_and(trigger) && children.iter().all(trigger),
        Grouping::PositionTpsl => orders.iter().any(trigger),
    };
    let one_asset = orders.windows(2).all(|pair| matches!(pair, [a, b] if a.asset == b.asset));
    if shaped && one_asset && !twice { Ok(()) } else { Err("Invalid TP/SL grouping.".to_owned()) }
}

fn tpsl(order: &Order) -> Option<crate::hyperliquid::wire::Tpsl> {
    if let OrderType::Trigger(trigger) = order.kind { Some(trigger.tpsl) } else { None }
}

fn single(world: &mut World, user: Address, order: &Order, terms: Terms) -> Value {
    let statuses = group(world, user, std::slice::from_ref(order), terms, false);
    statuses.into_iter().next().unwrap_or(Value::Null)
}

/// Places orders of one asset that belong together, and says what became of each.
fn group(world: &mut World, user: Address, orders: &[Order], terms: Terms, is_bracket: bool) -> Vec<Value> {
    let refuse = |words: &str| -> Vec<Value> { orders.iter().map(|_| json!({"error": words})).collect() };
    let Some(place) = orders.first().and_then(|order| world.place_of(order.asset)) else {
        return refuse("Unknown asset.");
    };
    let partial = take_partial_fill(world);
    let now = world.now;
    let World { markets, accounts, counters, .. } = world;
    let (Some(market), Some(account)) = (markets.get(place), accounts.get_mut(&user)) else {
        return refuse("Unknown asset.");
    };
    if let Some(words) = orders.iter().find_map(|order| early_refusal(account, market, order, terms)) {
        return refuse(&words);
    }
    let drafts: Option<Vec<Draft>> =
        orders.iter().map(|order| account.draft(order, market, terms, now, counters)).collect();
    let Some(drafts) = drafts else { return refuse("Order has invalid price.") };
    for own in drafts.iter().flat_map(|draft| account.crossed_by(draft)).collect::<Vec<_>>() {
        account.cancel(own, "selfTradeCanceled", (market, now), counters);
    }
    let oids: Vec<u64> = drafts.iter().map(|draft| draft.record.oid).collect();
    match partial.zip(drafts.first()) {
        Some((share, first)) => {
            let thin = thinned(market, first, share);
            account.place(drafts, is_bracket, (&thin, now), counters);
            if let Some(first) = oids.first() {
                account.cancel(*first, "canceled", (market, now), counters);
            }
        }
        None => account.place(drafts, is_bracket, (market, now), counters),
    }
    let grouped = is_bracket || terms.ties_to_position;
    let statuses = oids.iter().map(|oid| status_of(account, market, *oid, grouped)).collect();
    world.settle(user, place);
    statuses
}

fn take_partial_fill(world: &mut World) -> Option<Decimal> {
    world.partial_fill.take()
}

/// The market with a book that fills only a share of an order.
fn thinned(market: &Market, draft: &Draft, share: Decimal) -> Market {
    let size = (draft.record.size * share).round_dp(market.asset.sz_decimals).max(market.asset.lot());
    market.with_thin_book(size)
}

/// What the simulated venue does not check by itself.
fn early_refusal(account: &Account, market: &Market, order: &Order, terms: Terms) -> Option<String> {
    let asset = order.asset.0;
    let say = |words: &str| Some(format!("{words} asset={asset}"));
    let mark = market.mark();
    let far = |price: Decimal| price > mark * Decimal::new(18, 1) || price < mark * Decimal::new(2, 1);
    let triggers = matches!(order.kind, OrderType::Trigger(_));
    if market.halted {
        return say("Trading is halted.");
    }
    if !mark.is_zero() && far(order.price.get()) {
        return say("Order price cannot be more than 80% away from the reference price");
    }
    if order.cloid.is_some_and(|cloid| account.is_taken(cloid)) {
        return say("Duplicate cloid.");
    }
    if account.open.len() >= OPEN_ORDERS && (order.reduce_only || triggers)
        || account.open.len() >= account.order_cap()
    {
        return say("Too many open orders.");
    }
    if market.asset.is_spot() && (order.reduce_only || terms.ties_to_position) {
        // Spot has balances, not positions.
        return say("Reduce only order would increase position.");
    }
    if terms.ties_to_position {
        let held = account.position(order.asset).map(|held| held.quantity().signum());
        if held.is_none_or(|held| (held > 0) == order.is_buy) {
            return say("Reduce only order would increase position.");
        }
    }
    None
}

/// What the answer says of an order.
fn status_of(account: &Account, market: &Market, oid: u64, grouped: bool) -> Value {
    let with_cloid = |mut value: Value, cloid: Option<Cloid>| {
        if let (Some(cloid), Some(map)) = (cloid, value.as_object_mut()) {
            map.insert("cloid".to_owned(), json!(cloid.to_string()));
        }
        value
    };
    if let Some(order) = account.open.get(&oid) {
        let waits = grouped && order.trigger.is_some() && !order.triggered;
        return match waits {
            true if order.siblings_parent_open(&account.open) => json!("waitingForFill"),
            true => json!("waitingForTrigger"),
            false => json!({"resting": with_cloid(json!({"oid": oid}), order.cloid)}),
        };
    }
    let Some(order) = account.ended.iter().rev().find(|order| order.oid == oid) else { return Value::Null };
    if order.filled > Decimal::ZERO {
        let filled =
            json!({"totalSz": text(order.filled), "avgPx": text(order.average().round_dp(8)), "oid": oid});
        return json!({"filled": with_cloid(filled, order.cloid)});
    }
    json!({"error": format!("{} asset={}", words_of(order.status, order.tif, market), market.asset.id.0)})
}

/// The venue's sentence for a status of an order that never traded.
fn words_of(status: &str, tif: Option<&str>, market: &Market) -> String {
    let words = match status {
        "tickRejected" => "Price must be divisible by tick size.",
        "minTradeNtlRejected" if market.asset.is_spot() => "Order must have minimum value of 10 USDC.",
        "minTradeNtlRejected" => "Order must have minimum value of $10.",
        "perpMarginRejected" | "marginCanceled" => "Insufficient margin to place order.",
        "insufficientSpotBalanceRejected" => "Insufficient spot balance",
        "reduceOnlyRejected" | "reduceOnlyCanceled" => "Reduce only order would increase position.",
        "badTriggerPxRejected" => "Invalid TP/SL price.",
        "tooManyOpenOrdersRejected" => "Too many open orders.",
        "badAloPxRejected" => {
            let px = |level: Value| {
                level.get("px").and_then(Value::as_str).unwrap_or("0").trim_end_matches(".0").to_owned()
            };
            let (bid, ask) = market.best();
            let (bid, ask) = (px(level_json(bid)), px(level_json(ask)));
            return format!("Post only order would have immediately matched, bbo was {bid}@{ask}.");
        }
        "iocCancelRejected" if tif == Some("FrontendMarket") => "No liquidity available for market order.",
        "iocCancelRejected" => "Order could not immediately match against any resting orders.",
        _ => "Order was rejected.",
    };
    words.to_owned()
}

const GONE: &str = "Order was never placed, already canceled, or filled.";

pub(super) fn cancel(world: &mut World, user: Address, cancels: &[Cancel]) -> Answer {
    let statuses = cancels.iter().map(|cancel| {
        let open = world.accounts.get(&user).and_then(|account| account.open.get(&cancel.oid));
        if open.is_none_or(|order| order.asset != cancel.asset) {
            return json!({"error": format!("{GONE} asset={}", cancel.asset.0)});
        }
        world.cancel(user, cancel.oid, "canceled");
        json!("success")
    });
    let statuses: Vec<Value> = statuses.collect();
    Ok(json!({"type": "cancel", "data": {"statuses": statuses}}))
}

pub(super) fn cancel_by_cloid(world: &mut World, user: Address, cancels: &[CancelByCloid]) -> Answer {
    let mut named = Vec::with_capacity(cancels.len());
    for cancel in cancels {
        let account = world.accounts.get(&user);
        let oid = account.and_then(|account| account.cloids.get(&cancel.cloid)).copied().unwrap_or_default();
        named.push(Cancel { asset: cancel.asset, oid });
    }
    self::cancel(world, user, &named)
}

pub(super) fn modify(world: &mut World, user: Address, oid: OrderRef, order: &Order) -> Answer {
    let status = replace(world, user, oid, order);
    match status.get("error").and_then(Value::as_str) {
        Some(words) => Err(words.into()),
        None => Ok(default_answer()),
    }
}

pub(super) fn batch_modify(world: &mut World, user: Address, modifies: &[Modify]) -> Answer {
    let mut statuses = Vec::with_capacity(modifies.len());
    for modify in modifies {
        statuses.push(replace(world, user, modify.oid, &modify.order));
    }
    Ok(answer(statuses))
}

/// A change is a cancel and a new order with a new number. What the payload alone condemns leaves the old one in place.
fn replace(world: &mut World, user: Address, oid: OrderRef, order: &Order) -> Value {
    let account = world.accounts.get(&user);
    let open = account.and_then(|account| {
        let oid = match oid {
            OrderRef::Oid(oid) => oid,
            OrderRef::Cloid(cloid) => *account.cloids.get(&cloid)?,
        };
        account.open.get(&oid).filter(|open| open.asset == order.asset)
    });
    let Some(old) = open.cloned() else { return json!({"error": "Cannot modify canceled or filled order"}) };
    let grouping = if old.is_position_tpsl { Grouping::PositionTpsl } else { Grouping::Na };
    if let Err(words) = check_payload(world, std::slice::from_ref(order), grouping) {
        return json!({"error": words});
    }
    world.cancel(user, old.oid, "canceled");
    if let Some(account) = world.accounts.get_mut(&user) {
        // The new order may go by the name of the old one.
        if let Some(cloid) = old.cloid {
            account.cloids.remove(&cloid);
        }
    }
    single(world, user, order, Terms { builder: old.builder, ties_to_position: old.is_position_tpsl })
}

/// Slippage that a market order by hand allows: a twentieth.
const BY_HAND: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

pub(super) fn by_hand(
    world: &mut World,
    user: Address,
    place: usize,
    size: Decimal,
) -> Result<Value, String> {
    let market = world.markets.get(place).ok_or("no such market")?;
    if !world.accounts.contains_key(&user) {
        return Err(format!("account {user} does not exist"));
    }
    let is_buy = size.is_sign_positive();
    let shift = if is_buy { Decimal::ONE + BY_HAND } else { Decimal::ONE - BY_HAND };
    let price = qtp_core::Price::new(market.mark() * shift).ok();
    let price =
        price.and_then(|price| market.asset.instrument.round_price(price, qtp_core::Rounding::Nearest));
    let number = |value| Number::new(value).map_err(|error| error.to_string());
    let order = Order {
        asset: market.asset.id,
        is_buy,
        price: number(price.ok_or("no price yet")?.get())?,
        size: number(size.abs())?,
        reduce_only: false,
        kind: OrderType::Limit(LimitOrder { tif: TimeInForce::FrontendMarket }),
        cloid: None,
    };
    let checked = check_payload(world, std::slice::from_ref(&order), Grouping::Na);
    checked.map(|()| single(world, user, &order, Terms::default()))
}
