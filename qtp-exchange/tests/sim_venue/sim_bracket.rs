//! Native brackets and what reduces only.

use qtp_core::{ClientOrderId, OrderGroup, OrderKind, OrderStatus};
use qtp_exchange::sim::{ChildrenRule, SimVenueConfig};

use crate::rig::{Buy, Rig, Sell, price, quantity, ratio, stop_at};

fn bracket(rig: &mut Rig, size: &str, entry: OrderKind) -> [ClientOrderId; 3] {
    let entry = rig.request(Buy, size, entry);
    let stop = rig.request(Sell, size, stop_at("90"));
    let target = rig.request(Sell, size, OrderKind::Limit { price: price("110") });
    let ids = [&entry, &stop, &target].map(|order| order.client_order_id);
    rig.send_group(OrderGroup::Bracket { entry, stop: Some(Box::new(stop)), target: Some(Box::new(target)) });
    ids
}

fn ready(children: ChildrenRule) -> Rig {
    let volume_share = Some(ratio("0.1"));
    let mut rig = Rig::new(SimVenueConfig { children, volume_share, ..SimVenueConfig::default() });
    rig.candle(["100", "100", "100", "100"]);
    rig
}

#[test]
fn children_sleep_until_their_entry_fills() {
    let mut rig = ready(ChildrenRule::PositionTpsl);
    let [entry, stop, target] = bracket(&mut rig, "10", OrderKind::Limit { price: price("95") });
    rig.candle(["100", "111", "96", "100"]);
    assert!(rig.fills().is_empty());
    rig.candle(["100", "111", "94", "100"]);
    assert_eq!(rig.tape(), ["buy 10 @ 95"], "the target waits for the next candle");
    rig.candle(["100", "111", "96", "100"]);
    assert_eq!(rig.tape(), ["buy 10 @ 95", "sell 10 @ 110"]);
    assert_eq!(rig.last(entry).0, OrderStatus::Filled);
    assert_eq!(rig.last(target).0, OrderStatus::Filled);
    assert_eq!(rig.last(stop), (OrderStatus::Canceled, "reduce_only_canceled".into()));
}

#[test]
fn a_childs_stop_may_fire_in_the_candle_of_its_entry() {
    let mut rig = ready(ChildrenRule::PositionTpsl);
    bracket(&mut rig, "10", OrderKind::Limit { price: price("95") });
    rig.candle(["100", "111", "89", "100"]);
    assert_eq!(rig.tape(), ["buy 10 @ 95", "sell 10 @ 90"]);
}

#[test]
fn position_children_protect_a_part_filled_entry() {
    let mut rig = ready(ChildrenRule::PositionTpsl);
    let [entry, ..] = bracket(&mut rig, "250", OrderKind::Market);
    rig.candle(["100", "101", "89", "100"]);
    assert_eq!(rig.tape(), ["buy 100 @ 100", "sell 100 @ 90"]);
    assert_eq!(rig.venue.order(&entry).unwrap().filled, quantity("100"));
}

#[test]
fn normal_children_leave_a_part_filled_entry_naked() {
    let mut rig = ready(ChildrenRule::NormalTpsl);
    let [entry, stop, target] = bracket(&mut rig, "250", OrderKind::Market);
    rig.candle(["100", "101", "89", "100"]);
    assert_eq!(rig.tape(), ["buy 100 @ 100"]);
    rig.cancel(entry);
    for child in [stop, target] {
        assert_eq!(rig.last(child), (OrderStatus::Canceled, "parent_canceled".into()));
    }
    assert_eq!(rig.position(), quantity("100"));
}

#[test]
fn a_bracket_is_refused_as_a_whole() {
    let mut rig = ready(ChildrenRule::PositionTpsl);
    let entry = rig.request(Buy, "1", OrderKind::Market);
    let stop = rig.request(Sell, "1", stop_at("105"));
    let (entry_id, stop_id) = (entry.client_order_id, stop.client_order_id);
    rig.send_group(OrderGroup::Bracket { entry, stop: Some(Box::new(stop)), target: None });
    assert_eq!(rig.refused(entry_id), "group_rejected");
    assert_eq!(rig.refused(stop_id), "bad_trigger_px_rejected");
}

#[test]
fn a_reduce_only_order_is_limited_to_the_position() {
    let mut rig = Rig::new(SimVenueConfig::default());
    rig.market(Buy, "2");
    rig.candle(["100", "100", "100", "100"]);
    let big = rig.stop(Sell, "5", "95");
    rig.market(Sell, "1");
    rig.candle(["100", "100", "94", "94"]);
    assert_eq!(rig.tape(), ["buy 2 @ 100", "sell 1 @ 100", "sell 1 @ 95"]);
    assert_eq!(rig.last(big), (OrderStatus::Canceled, "reduce_only_canceled".into()));
    assert!(rig.position().is_zero());
}

#[test]
fn a_child_of_an_entry_that_takes_is_judged_by_the_market_not_by_the_worst_price() {
    let mut rig = ready(ChildrenRule::NormalTpsl);
    // A limit of 120 buys at 100: a target at 110 is no loss.
    let [entry, ..] = bracket(&mut rig, "10", OrderKind::Limit { price: price("120") });
    assert_eq!(rig.last(entry).0, OrderStatus::Open);
    rig.candle(["100", "105", "96", "100"]);
    assert_eq!(rig.tape(), ["buy 10 @ 100"]);
}
