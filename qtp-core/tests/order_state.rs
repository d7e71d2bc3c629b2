//! The order state machine against random reports and fills.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::{
    Amount, ClientOrderId, Currency, Decimal, Fill, IllegalTransition, Liquidity, Order, OrderKind,
    OrderReport, OrderRequest, OrderRole, OrderSizing, OrderStatus, OrderTimes, Quantity, Ratio, Reason,
    Side, TimeInForce, Timestamp,
};

const STATUSES: [OrderStatus; 8] = [
    OrderStatus::Pending,
    OrderStatus::Open,
    OrderStatus::PartiallyFilled,
    OrderStatus::Filled,
    OrderStatus::Canceled,
    OrderStatus::Expired,
    OrderStatus::Denied,
    OrderStatus::Rejected,
];

fn qty(value: i64) -> Quantity {
    Quantity::new(Decimal::from(value)).unwrap()
}

fn order(sizing: OrderSizing) -> Order {
    let request = OrderRequest {
        client_order_id: ClientOrderId::from_bits(7),
        account: "main".parse().unwrap(),
        instrument: "BTC-USD@test".parse().unwrap(),
        side: Side::Buy,
        quantity: qty(10),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        sizing,
        role: OrderRole::Entry,
        valid_until: None,
        protective_stop: None,
        decision_price: None,
    };
    let times = OrderTimes {
        decided: Timestamp::EPOCH,
        approved: Timestamp::EPOCH,
        submitted: Timestamp::EPOCH,
        acknowledged: None,
        filled: None,
    };
    Order::new(request, times)
}

fn fixed() -> Order {
    order(OrderSizing::Fixed)
}

fn report(status: OrderStatus, quantity: i64) -> OrderReport {
    OrderReport {
        client_order_id: Some(ClientOrderId::from_bits(7)),
        venue_order_id: Some("v1".parse().unwrap()),
        account: "main".parse().unwrap(),
        instrument: "BTC-USD@test".parse().unwrap(),
        time: Timestamp::EPOCH,
        side: Side::Buy,
        status,
        quantity: qty(quantity),
        filled: qty(3),
        price: None,
        reason: Some(Reason::new("venue", "")),
    }
}

fn fill(quantity: i64) -> Fill {
    Fill {
        trade_id: "t1".parse().unwrap(),
        client_order_id: Some(ClientOrderId::from_bits(7)),
        venue_order_id: None,
        account: "main".parse().unwrap(),
        instrument: "BTC-USD@test".parse().unwrap(),
        time: Timestamp::EPOCH,
        side: Side::Buy,
        price: "100".parse().unwrap(),
        quantity: qty(quantity),
        fee: Amount::zero(Currency::USD),
        builder_fee: None,
        liquidity: Liquidity::Taker,
        external: None,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Report(OrderStatus),
    Fill(i64),
    End(OrderStatus),
    Unknown,
    CancelRequested,
}

fn step() -> impl Strategy<Value = Step> {
    let status = || proptest::sample::select(STATUSES.as_slice());
    prop_oneof![
        4 => status().prop_map(Step::Report),
        4 => (1_i64..8).prop_map(Step::Fill),
        1 => status().prop_map(Step::End),
        1 => Just(Step::Unknown),
        1 => Just(Step::CancelRequested),
    ]
}

proptest! {
    #[test]
    fn no_sequence_takes_an_illegal_edge(steps in proptest::collection::vec(step(), 1..30)) {
        let mut order = fixed();
        let mut sum = 0;
        for step in steps {
            let (before, filled) = (order.status(), order.filled());
            let now = Timestamp::from_secs(1);
            let result = match &step {
                Step::Report(status) => order.apply_report(&report(*status, 10), now),
                Step::Fill(quantity) => {
                    sum += quantity;
                    order.apply_fill(&fill(*quantity), now)
                }
                Step::End(status) => order.end(*status, Reason::new("lookup", "")),
                Step::Unknown => {
                    order.mark_unknown(now);
                    Ok(())
                }
                Step::CancelRequested => {
                    order.mark_cancel_requested(now);
                    Ok(())
                }
            };
            let after = order.status();
            prop_assert!(after == before || before.can_become(after), "{before:?} -> {after:?}");
            prop_assert!(!before.is_terminal() || after == before, "left a terminal status");
            if matches!(result, Err(IllegalTransition::Edge { .. })) {
                prop_assert_eq!(after, before);
            }
            prop_assert!(order.filled() >= filled);
            prop_assert_eq!(order.filled(), qty(sum), "the fills sum to the filled quantity");
            prop_assert!(order.remaining() >= Quantity::ZERO && order.remaining() <= order.quantity());
            prop_assert_eq!(after == OrderStatus::PartiallyFilled, after == OrderStatus::PartiallyFilled && sum > 0 && sum < 10);
            prop_assert!(order.unknown_since().is_none() || after == OrderStatus::Pending);
            prop_assert_eq!(order.average_price().map(|price| price.to_string()), (sum > 0).then(|| "100".to_owned()));
            let stored = serde_json::to_string(&order).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Order>(&stored).unwrap(), &order);
        }
    }

    #[test]
    fn an_order_sized_at_its_fill_ends_when_its_resolved_size_is_filled(resolved in 1_i64..20, report_first in any::<bool>()) {
        let mut order = order(OrderSizing::EquityShare { share: Ratio::ONE, whole_units: true });
        let filled = report(OrderStatus::Filled, resolved);
        if report_first {
            order.apply_report(&filled, Timestamp::EPOCH).unwrap();
        }
        let _ = order.apply_fill(&fill(resolved), Timestamp::EPOCH);
        if !report_first {
            order.apply_report(&filled, Timestamp::EPOCH).unwrap();
        }
        prop_assert_eq!(order.status(), OrderStatus::Filled);
        prop_assert_eq!((order.filled(), order.remaining()), (qty(resolved), Quantity::ZERO));
    }
}

#[test]
fn a_late_acknowledgement_after_a_fill_is_ignored() {
    let mut order = fixed();
    order.apply_fill(&fill(4), Timestamp::EPOCH).unwrap();
    order.apply_report(&report(OrderStatus::Open, 10), Timestamp::EPOCH).unwrap();
    assert_eq!(order.status(), OrderStatus::PartiallyFilled);
    order.apply_fill(&fill(6), Timestamp::EPOCH).unwrap();
    order.apply_report(&report(OrderStatus::Open, 10), Timestamp::EPOCH).unwrap();
    assert_eq!(order.status(), OrderStatus::Filled);
}

#[test]
fn a_cancel_that_counts_more_fills_than_came_waits_for_them() {
    let mut order = fixed();
    order.apply_report(&report(OrderStatus::Canceled, 10), Timestamp::EPOCH).unwrap();
    assert_eq!((order.status(), order.remaining()), (OrderStatus::Pending, qty(3)));
    order.apply_fill(&fill(2), Timestamp::EPOCH).unwrap();
    assert_eq!((order.status(), order.remaining()), (OrderStatus::PartiallyFilled, qty(1)));
    order.apply_fill(&fill(1), Timestamp::EPOCH).unwrap();
    assert_eq!((order.status(), order.remaining()), (OrderStatus::Canceled, qty(0)));
}

#[test]
fn a_report_of_fills_waits_for_the_fills() {
    let mut order = fixed();
    order.apply_report(&report(OrderStatus::Filled, 10), Timestamp::EPOCH).unwrap();
    assert_eq!((order.status(), order.filled()), (OrderStatus::Pending, Quantity::ZERO));
}

#[test]
fn a_fill_after_a_cancel_is_counted() {
    let mut order = fixed();
    order.apply_report(&report(OrderStatus::Canceled, 10), Timestamp::EPOCH).unwrap();
    order.apply_fill(&fill(4), Timestamp::EPOCH).unwrap();
    assert_eq!(
        (order.status(), order.filled(), order.remaining()),
        (OrderStatus::Canceled, qty(4), Quantity::ZERO)
    );
}

#[test]
fn a_fill_of_a_rejected_order_is_counted_and_reported() {
    let mut order = fixed();
    order.apply_report(&report(OrderStatus::Rejected, 10), Timestamp::EPOCH).unwrap();
    assert!(matches!(order.apply_fill(&fill(4), Timestamp::EPOCH), Err(IllegalTransition::Edge { .. })));
    assert_eq!(order.filled(), qty(4));
}

#[test]
fn an_order_that_was_taken_and_then_refused_has_ended() {
    let mut order = fixed();
    order.apply_report(&report(OrderStatus::Open, 10), Timestamp::EPOCH).unwrap();
    let refused = OrderReport { filled: Quantity::ZERO, ..report(OrderStatus::Rejected, 10) };
    order.apply_report(&refused, Timestamp::EPOCH).unwrap();
    assert_eq!((order.status(), order.remaining()), (OrderStatus::Canceled, Quantity::ZERO));
}

#[test]
fn an_overfill_is_counted_and_reported() {
    let mut order = fixed();
    let result = order.apply_fill(&fill(11), Timestamp::EPOCH);
    assert!(matches!(result, Err(IllegalTransition::Overfill { .. })));
    assert_eq!((order.status(), order.filled()), (OrderStatus::Filled, qty(11)));
    assert_eq!(order.remaining(), Quantity::ZERO);
}

#[test]
fn a_terminal_order_refuses_another_end() {
    let mut order = fixed();
    order.apply_fill(&fill(3), Timestamp::EPOCH).unwrap();
    order.apply_report(&report(OrderStatus::Canceled, 10), Timestamp::EPOCH).unwrap();
    order.apply_report(&report(OrderStatus::Canceled, 10), Timestamp::EPOCH).unwrap();
    assert!(order.apply_report(&report(OrderStatus::Rejected, 10), Timestamp::EPOCH).is_err());
    assert!(order.end(OrderStatus::Expired, Reason::new("x", "")).is_err());
    assert_eq!(order.status(), OrderStatus::Canceled);
}

#[test]
fn fills_at_the_bound_do_not_overflow() {
    let mut order = fixed();
    for _ in 0..20 {
        let mut huge = fill(1);
        huge.price = "100000000000000".parse().unwrap();
        huge.quantity = "100000000000000".parse().unwrap();
        let _ = order.apply_fill(&huge, Timestamp::MAX);
    }
    assert_eq!(order.status(), OrderStatus::Filled);
}
