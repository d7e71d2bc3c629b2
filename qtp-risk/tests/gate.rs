//! The gate with all rules: orders never grow, limits hold at every instant, exits always leave.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use proptest::prelude::*;
use qtp_core::{
    Decimal, OrderRequest, OrderRole, Quantity, Ratio, Reason, RiskState, Side, SizeRule, Timestamp,
};
use qtp_risk::{RiskGate, RiskLimits};
use support::*;

fn quantity(range: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Quantity> {
    range.prop_map(|thousandths| Quantity::new(Decimal::new(thousandths, 3)).unwrap())
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

prop_compose! {
    fn any_order()(
        side in side(),
        quantity in quantity(1..=500_000),
        stop in proptest::option::of(1_i64..200),
        limit in proptest::option::of(80_i64..120),
        decided in proptest::option::of(90_i64..110),
        reduce_only in proptest::bool::weighted(0.2),
    ) -> OrderRequest {
        let price = |value: i64| Decimal::from(value).try_into().unwrap();
        let mut order = order(side, "1");
        order.quantity = quantity;
        order.protective_stop = stop.map(price);
        order.decision_price = decided.map(price);
        order.reduce_only = reduce_only;
        if let Some(limit) = limit {
            order.kind = qtp_core::OrderKind::Limit { price: price(limit) };
        }
        order
    }
}

prop_compose! {
    fn any_world()(
        position in quantity(-300_000..=300_000),
        working in quantity(-300_000..=300_000),
        equity in proptest::option::weighted(0.9, -1_000_i64..20_000),
        exposure in 0_i64..40_000,
        price in 50_i64..150,
        other_open in 0_usize..15,
        age in 0_u64..200,
        orders in 0_u64..80,
        halted in proptest::bool::weighted(0.2),
        liquidation in proptest::option::of(1_i64..200),
        lot in proptest::option::of(1_i64..1000),
    ) -> World {
        let mut world = World {
            position,
            working,
            price: Decimal::from(price).try_into().unwrap(),
            equity: equity.map(|equity| Decimal::from(equity).try_into().unwrap()),
            exposure: Decimal::from(exposure).try_into().unwrap(),
            other_open,
            data_age: Duration::from_secs(age),
            liquidation: liquidation.map(|price| Decimal::from(price).try_into().unwrap()),
            ..World::new()
        };
        for _ in 0..orders {
            world.state.on_order(NOON);
        }
        if halted {
            world.state.halt(Reason::new("operator", ""), false);
        }
        if let Some(lot) = lot {
            world.instrument.size_rule = SizeRule::Lot(Quantity::new(Decimal::new(lot, 3)).unwrap());
        }
        world
    }
}

/// Magnitude of the position that an order can close.
fn closable(order: &OrderRequest, position: Quantity) -> Quantity {
    let against = order.signed_quantity().signum() * position.signum() < 0;
    if against { order.quantity.min(position.abs()) } else { Quantity::ZERO }
}

proptest! {
    #[test]
    fn the_gate_never_enlarges_and_never_blocks_an_exit(order in any_order(), world in any_world()) {
        for limits in [RiskLimits::default(), RiskLimits::not_binding()] {
            let gate = RiskGate::new(limits.build());
            let close = if order.reduce_only { order.quantity } else { closable(&order, world.position) };
            match gate.review(order.clone(), &world.context()) {
                Ok(review) => {
                    let approved = review.order.get().first();
                    prop_assert!(approved.quantity <= order.quantity);
                    prop_assert!(approved.quantity >= close);
                    prop_assert_eq!(approved.side, order.side);
                    prop_assert!(approved.quantity.signum() > 0);
                    prop_assert!(approved.reduce_only || !order.reduce_only);
                    let changed = approved.quantity != order.quantity || approved.reduce_only != order.reduce_only;
                    prop_assert_eq!(changed, !review.reduced.is_empty());
                }
                Err(denied) => {
                    prop_assert!(close.is_zero(), "{:?} blocked an exit", denied);
                    prop_assert!(!denied.reason.code.is_empty());
                }
            }
        }
    }

    #[test]
    fn not_binding_limits_change_nothing(order in any_order(), world in any_world()) {
        let healthy = World { state: World::new().state, equity: world.equity.or(Some(money("1"))), ..world };
        let gate = RiskGate::new(RiskLimits::not_binding().build());
        let mut order = order;
        order.protective_stop = order.protective_stop.filter(|_| false);
        let review = gate.review(order.clone(), &healthy.context()).unwrap();
        prop_assert_eq!(review.order.get().first(), &order);
        prop_assert_eq!(review.reduced.len(), 0);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Send(Side, Quantity),
    Fill(usize, Quantity),
    Cancel(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (side(), quantity(1..=80_000)).prop_map(|(side, quantity)| Step::Send(side, quantity)),
        2 => (any::<usize>(), quantity(1..=80_000)).prop_map(|(order, quantity)| Step::Fill(order, quantity)),
        1 => any::<usize>().prop_map(Step::Cancel),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Signed sum of what works on a side, and whether it may only reduce.
fn working(orders: &[OrderRequest], side: Side) -> Quantity {
    orders
        .iter()
        .filter(|order| order.side == side && !order.reduce_only)
        .map(OrderRequest::signed_quantity)
        .sum()
}

proptest! {
    /// Orders rest, fill in parts in any sequence, or are cancelled: whichever of them fill, the position that can
    /// come of it never exceeds the limit. An order manager cancels what works on the side of a reduce-only order
    /// that fills: it was sized for a position that is gone.
    #[test]
    fn position_plus_working_orders_stay_within_the_limit(steps in steps()) {
        let gate = RiskGate::new(RiskLimits {
            max_position: None,
            max_position_notional: Some(money("10000")),
            ..RiskLimits::not_binding()
        }.build());
        let limit = qty("100");
        let mut world = World::new();
        let mut orders: Vec<OrderRequest> = Vec::new();
        for step in steps {
            match step {
                Step::Send(side, quantity) => {
                    world.working = working(&orders, side);
                    let mut request = order(side, "1");
                    request.quantity = quantity;
                    if let Ok(review) = gate.review(request, &world.context()) {
                        orders.push(review.order.get().first().clone());
                    }
                }
                Step::Fill(index, quantity) if !orders.is_empty() => {
                    let index = index % orders.len();
                    let order = &mut orders[index];
                    let most = if order.reduce_only { closable(order, world.position) } else { order.quantity };
                    let filled = quantity.min(most);
                    world.position += order.side.signed(filled);
                    order.quantity -= filled;
                    let (done, protective, side) = (order.quantity.is_zero(), order.reduce_only, order.side);
                    if done {
                        orders.remove(index);
                    }
                    if protective {
                        orders.retain(|order| order.side != side);
                    }
                }
                Step::Cancel(index) if !orders.is_empty() => {
                    orders.remove(index % orders.len());
                }
                Step::Fill(..) | Step::Cancel(_) => {}
            }
            prop_assert!(world.position + working(&orders, Side::Buy) <= limit);
            prop_assert!(world.position + working(&orders, Side::Sell) >= -limit);
        }
    }

    #[test]
    fn a_daily_loss_halt_ends_at_the_configured_midnight(midnight in 0_u64..86_400, start in 0_i64..400_000_000, hops in proptest::collection::vec(1_i64..50_000, 1..20)) {
        let limits = RiskLimits { midnight_secs: u32::try_from(midnight).unwrap(), ..RiskLimits::default() };
        let mut state = limits.state();
        let start = Timestamp::from_secs(start);
        state.on_time(start, || Some(money("10000")));
        let world = World { now: start, equity: Some(money("9000")), state: state.clone(), ..World::new() };
        let denied = RiskGate::new(limits.build()).review(buy("1"), &world.context()).unwrap_err();
        prop_assert!(denied.halt);
        state.halt(denied.reason, true);
        let next = start.as_secs() - i64::try_from(midnight).unwrap();
        let next = (next.div_euclid(86_400) + 1) * 86_400 + i64::try_from(midnight).unwrap();
        let mut now = start;
        for hop in hops {
            now = now + Duration::from_secs(u64::try_from(hop).unwrap());
            let stored = serde_json::to_string(&state).unwrap();
            state = serde_json::from_str::<RiskState>(&stored).unwrap();
            state.on_time(now, || Some(money("9000")));
            prop_assert_eq!(state.halted().is_some(), now.as_secs() < next);
        }
    }
}

#[test]
fn of_a_flip_the_close_always_leaves_and_only_the_close_if_opening_is_denied() {
    let gate = RiskGate::new(RiskLimits::default().build());
    let world = World { position: qty("10"), data_age: Duration::from_secs(999), ..World::new() };
    let review = gate.review(sell("25"), &world.context()).unwrap();
    let approved = review.order.get().first();
    assert_eq!((approved.quantity, approved.reduce_only, approved.role), (qty("10"), true, OrderRole::Exit));
    assert_eq!(review.reduced[0].code, "stale_data");
}

#[test]
fn a_second_close_behind_a_working_one_is_reduce_only_when_opening_is_denied() {
    let gate = RiskGate::new(RiskLimits::default().build());
    let world = World { position: qty("10"), working: qty("-10"), ..World::new() };
    let review = gate.review(sell("10"), &world.context()).unwrap();
    let approved = review.order.get().first();
    assert_eq!((approved.quantity, approved.reduce_only), (qty("10"), true));
    assert_eq!(review.reduced[0].code, "stop_required");
}

#[test]
fn a_shrunk_order_has_a_fixed_size() {
    let limits =
        RiskLimits { max_position: Some(ratio("0.1")), require_stop: false, ..RiskLimits::default() };
    let mut order = buy("100");
    order.sizing = qtp_core::OrderSizing::EquityShare { share: Ratio::ONE, whole_units: false };
    let world = World::new();
    let review = RiskGate::new(limits.build()).review(order, &world.context()).unwrap();
    let approved = review.order.get().first();
    assert_eq!((approved.quantity, approved.sizing), (qty("10"), qtp_core::OrderSizing::Fixed));
}

#[test]
fn a_halt_stops_entries_and_lets_exits_pass() {
    let gate = RiskGate::new(RiskLimits::not_binding().build());
    let mut world = World { position: qty("5"), ..World::new() };
    world.state.halt(Reason::new("operator", "stop"), false);
    assert_eq!(gate.review(buy("1"), &world.context()).unwrap_err().reason.code, "operator");
    assert!(gate.review(sell("5"), &world.context()).unwrap().reduced.is_empty());
}
