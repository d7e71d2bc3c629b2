//! A position never stands without the stop that was asked for; no stop outlives its position.

use std::time::Duration;

use qtp_core::{
    AccountKind, Bracket, Instrument, Notice, OrderKind, OrderRole, OrderStatus, PriceRule, Side, SizeRule,
    Timestamp, VenueCapabilities,
};

use crate::common::*;

#[test]
fn the_first_fill_places_a_stop_and_each_further_fill_resizes_it() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    rig.ack(&entry);
    let first = one_submit(&rig.fill(&entry, 3, "100"));
    assert_eq!((first.role, first.side, first.quantity), (OrderRole::Stop, Side::Sell, units(3)));
    assert!(first.reduce_only);
    assert_eq!(first.kind.trigger().unwrap().price, price("90"));
    rig.ack(&first);
    let commands = rig.fill(&entry, 5, "100");
    let second = one_submit(&commands);
    assert_eq!(second.quantity, units(8));
    assert_eq!(cancels(&commands)[0].client_order_id, first.client_order_id);
    let place = |wanted: fn(&qtp_core::Command) -> bool| commands.iter().position(wanted).unwrap();
    let submitted = place(|command| matches!(command, qtp_core::Command::Submit(_)));
    let canceled = place(|command| matches!(command, qtp_core::Command::Cancel(_)));
    assert!(submitted < canceled, "the new stop leaves before the old one is taken away");
    rig.ack(&second);
    rig.canceled(&first);
    let third = one_submit(&rig.fill(&entry, 2, "100"));
    assert_eq!(third.quantity, units(10));
}

#[test]
fn a_rejected_stop_is_placed_again_and_after_its_attempts_the_position_is_closed() {
    let mut rig = Rig::new();
    let mut stop = one_submit(&rig.hold(10, stop_at("90")));
    for _ in 1..3 {
        stop = one_submit(&rig.reject(&stop));
        assert_eq!((stop.role, stop.quantity), (OrderRole::Stop, units(10)));
    }
    let exit = one_submit(&rig.reject(&stop));
    assert_eq!(
        (exit.role, exit.side, exit.quantity, exit.reduce_only),
        (OrderRole::Exit, Side::Sell, units(10), true)
    );
    assert!(matches!(exit.kind, OrderKind::Market));
    rig.ack(&exit);
    let done = rig.fill(&exit, 10, "95");
    assert!(submits(&done).is_empty() && rig.account().orders.is_empty());
    // The next position starts with all attempts.
    rig.close = price("100");
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    assert_eq!(one_submit(&rig.reject(&stop)).role, OrderRole::Stop);
}

#[test]
fn a_stop_that_rests_nowhere_within_the_grace_closes_the_position() {
    let mut rig = Rig::new();
    let commands = rig.hold(10, stop_at("90"));
    assert_eq!(timers(&commands)[0].at, rig.now + Duration::from_secs(3));
    let exit = rig.fire_timer(&commands);
    assert_eq!(one_submit(&exit).role, OrderRole::Exit);
    let alerts = notices(&exit);
    assert!(alerts.iter().any(|n| matches!(n, Notice::Alert(reason) if reason.code == "naked_position")));
}

#[test]
fn a_stop_that_rests_in_time_ends_the_grace() {
    let mut rig = Rig::new();
    let commands = rig.hold(10, stop_at("90"));
    let stop = one_submit(&commands);
    rig.pass(1);
    let resting = rig.ack(&stop);
    assert!(matches!(notices(&resting)[0], Notice::StopResting { delay_ms: 1000, .. }));
    assert!(submits(&rig.fire_timer(&commands)).is_empty());
    assert_eq!(rig.engine.naked_time(&account_id()), Duration::from_secs(1));
}

#[test]
fn an_unprotected_position_is_closed_again_when_the_venue_refuses_its_close() {
    let mut rig = Rig::new();
    let commands = rig.hold(10, stop_at("90"));
    let closing = rig.fire_timer(&commands);
    let refused = one_submit(&closing);
    let later = rig.reject(&refused);
    assert!(submits(&later).is_empty(), "not in the same instant");
    let again = rig.fire_timer(&later);
    assert_eq!((one_submit(&again).role, one_submit(&again).quantity), (OrderRole::Exit, units(10)));
}

#[test]
fn no_stop_outlives_its_position() {
    let mut rig = Rig::new();
    let protection = submits(&rig.hold(10, bracket("90", "110")));
    assert_eq!(
        protection.iter().map(|order| order.role).collect::<Vec<_>>(),
        [OrderRole::Stop, OrderRole::Target]
    );
    for order in &protection {
        rig.ack(order);
    }
    let exit = one_submit(&rig.target(0, Bracket::NONE));
    assert_eq!(rig.orders(OrderRole::Stop).len(), 1, "it protects until the exit fills");
    let commands = rig.fill(&exit, 10, "100");
    let gone: Vec<_> = cancels(&commands).into_iter().map(|cancel| cancel.client_order_id).collect();
    assert_eq!(gone, protection.iter().map(|order| order.client_order_id).collect::<Vec<_>>());
}

#[test]
fn a_filled_target_takes_the_stop_away_and_does_not_enter_again() {
    let mut rig = Rig::new();
    let protection = submits(&rig.hold(10, bracket("90", "110")));
    let commands = rig.fill(&protection[1], 10, "110");
    assert_eq!(cancels(&commands)[0].client_order_id, protection[0].client_order_id);
    assert!(submits(&commands).is_empty());
    assert!(submits(&rig.candle("110")).is_empty());
    assert!(rig.account().targets[&btc()].quantity.is_zero());
}

#[test]
fn a_stop_that_filled_in_part_is_not_bought_back() {
    let mut rig = Rig::new();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    assert!(submits(&rig.fill(&stop, 4, "90")).is_empty());
    assert_eq!(rig.account().targets[&btc()].quantity, units(6));
    // What stays is still protected.
    assert_eq!(rig.orders(OrderRole::Stop)[0].remaining(), units(6));
}

#[test]
fn a_stop_out_cancels_the_rest_of_its_entry() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    let stop = one_submit(&rig.fill(&entry, 4, "100"));
    let commands = rig.fill(&stop, 4, "90");
    assert_eq!(cancels(&commands)[0].client_order_id, entry.client_order_id);
    assert!(submits(&rig.canceled(&entry)).is_empty());
    assert!(rig.account().orders.is_empty());
}

#[test]
fn a_stop_between_two_ticks_is_placed_once() {
    let mut instrument = Instrument::unrestricted(btc()).unwrap();
    instrument.price_rule = PriceRule::Tick(price("0.5"));
    let mut rig = Rig::with(RigSetup { instruments: vec![instrument], ..RigSetup::default() });
    let stop = one_submit(&rig.hold(10, stop_at("90.2")));
    assert_eq!(stop.kind.trigger().unwrap().price, price("90.5"), "rounded towards the position");
    rig.ack(&stop);
    assert!(submits(&rig.target(10, stop_at("90.2"))).is_empty());
}

#[test]
fn a_position_with_a_remainder_below_the_lot_has_a_stop_for_its_lots() {
    let mut instrument = Instrument::unrestricted(btc()).unwrap();
    instrument.size_rule = SizeRule::Lot(qty("0.01"));
    let mut rig = Rig::with(RigSetup { instruments: vec![instrument], ..RigSetup::default() });
    let entry = one_submit(&rig.target(1, stop_at("90")));
    let mut fill = fill_of(&entry, 1, units(1), price("100"), rig.now);
    fill.fee = qtp_core::Amount::new("0.001".parse().unwrap(), "BTC".parse().unwrap());
    let stop = one_submit(&rig.feed(qtp_core::Event::Fill(fill)));
    assert_eq!((rig.position(), stop.quantity), (qty("0.999"), qty("0.99")));
    rig.ack(&stop);
    assert!(submits(&rig.target(1, stop_at("90"))).is_empty());
    let mut out = fill_of(&stop, 2, qty("0.99"), price("90"), rig.now);
    out.fee = qtp_core::Amount::zero(qtp_core::Currency::USD);
    let commands = rig.feed(qtp_core::Event::Fill(out));
    assert!(
        submits(&commands).is_empty() && timers(&commands).is_empty(),
        "what stays is dust: {commands:#?}"
    );
    assert!(rig.account().orders.is_empty());
}

#[test]
fn a_stop_that_the_venue_takes_away_is_placed_again() {
    let mut rig = Rig::new();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    let again = rig.report(&stop, OrderStatus::Expired);
    assert_eq!(one_submit(&again).role, OrderRole::Stop);
    assert_eq!(timers(&again).len(), 1, "the grace runs anew");
}

#[test]
fn an_absent_stop_is_placed_again_but_an_absent_old_one_changes_nothing() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    let old = one_submit(&rig.fill(&entry, 4, "100"));
    rig.unknown(&old);
    let present = one_submit(&rig.fill(&entry, 6, "100"));
    rig.ack(&present);
    assert!(submits(&rig.absent(&old)).is_empty());
    assert_eq!(rig.orders(OrderRole::Stop).len(), 1);
    let lost = rig.target(10, stop_at("91"));
    let next = one_submit(&lost);
    rig.unknown(&next);
    assert_eq!(one_submit(&rig.absent(&next)).quantity, units(10));
}

#[test]
fn a_position_that_a_late_fill_turned_does_not_take_the_old_side_s_stop() {
    let mut rig = Rig::new();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    let flip = one_submit(&rig.target(-10, Bracket::NONE));
    rig.target(10, stop_at("90"));
    let commands = rig.fill(&flip, 20, "100");
    let stops: Vec<_> =
        submits(&commands).into_iter().filter(|order| order.role == OrderRole::Stop).collect();
    assert!(stops.is_empty(), "{stops:#?}");
    assert_eq!(submits(&commands).len(), 1, "back to the target");
    assert_eq!(cancels(&commands)[0].client_order_id, stop.client_order_id);
}

#[test]
fn new_exits_move_the_stop_of_the_present_position_only() {
    let mut rig = Rig::new();
    rig.say(Say::Exits(stop_at("80")));
    assert!(rig.candle("100").is_empty(), "there is nothing to protect");
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    rig.say(Say::Exits(stop_at("95")));
    let commands = rig.candle("100");
    assert_eq!(one_submit(&commands).kind.trigger().unwrap().price, price("95"));
    assert_eq!(cancels(&commands)[0].client_order_id, stop.client_order_id);
}

#[test]
fn where_one_protection_locks_the_coins_only_the_stop_rests() {
    let mut setup = RigSetup::default();
    setup.capabilities.stop_and_target = false;
    let mut rig = Rig::with(setup);
    assert_eq!(one_submit(&rig.hold(10, bracket("90", "110"))).role, OrderRole::Stop);
}

/// A spot account on a venue whose orders hold the coins that they would sell.
fn locking() -> Rig {
    let mut setup = RigSetup { kind: AccountKind::Spot, ..RigSetup::default() };
    setup.capabilities.stop_and_target = false;
    setup.capabilities.reduce_only = false;
    Rig::with(setup)
}

#[test]
fn where_the_stop_holds_the_coins_an_exit_leaves_once_it_is_gone() {
    let mut rig = locking();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    let asked = rig.target(0, Bracket::NONE);
    assert!(submits(&asked).is_empty(), "the venue would refuse it");
    assert_eq!(cancels(&asked)[0].client_order_id, stop.client_order_id);
    assert!(submits(&rig.target(0, Bracket::NONE)).is_empty(), "said again it waits on");
    let exit = one_submit(&rig.canceled(&stop));
    assert_eq!((exit.role, exit.side, exit.quantity), (OrderRole::Exit, Side::Sell, units(10)));
    rig.ack(&exit);
    let done = rig.fill(&exit, 10, "99");
    assert!(submits(&done).is_empty() && rig.account().orders.is_empty());
    assert_eq!(rig.position(), units(0));
}

#[test]
fn where_the_stop_holds_the_coins_it_is_resized_and_moved_one_after_the_other() {
    let mut rig = locking();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    rig.ack(&entry);
    let first = one_submit(&rig.fill(&entry, 3, "100"));
    rig.ack(&first);
    let filled = rig.fill(&entry, 5, "100");
    assert!(submits(&filled).is_empty());
    assert_eq!(cancels(&filled)[0].client_order_id, first.client_order_id);
    // More comes meanwhile.
    assert!(submits(&rig.fill(&entry, 2, "100")).is_empty());
    let second = one_submit(&rig.canceled(&first));
    assert_eq!((second.role, second.quantity), (OrderRole::Stop, units(10)));
    rig.ack(&second);
    rig.say(Say::Exits(stop_at("95")));
    let moved = rig.candle("100");
    assert!(submits(&moved).is_empty() && cancels(&moved).len() == 1);
    let third = one_submit(&rig.canceled(&second));
    assert_eq!(third.kind.trigger().unwrap().price, price("95"));
}

#[test]
fn a_refused_exit_or_a_part_of_one_leaves_the_rest_protected_again() {
    let mut rig = locking();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    rig.target(4, stop_at("90"));
    let exit = one_submit(&rig.canceled(&stop));
    assert_eq!((exit.role, exit.quantity), (OrderRole::Exit, units(6)));
    let again = one_submit(&rig.reject(&exit));
    assert_eq!((again.role, again.quantity), (OrderRole::Stop, units(10)));
    rig.ack(&again);
    rig.target(4, stop_at("90"));
    let exit = one_submit(&rig.canceled(&again));
    rig.ack(&exit);
    let rest = one_submit(&rig.fill(&exit, 6, "99"));
    assert_eq!((rest.role, rest.quantity), (OrderRole::Stop, units(4)));
}

#[test]
fn a_stop_that_fills_while_an_exit_waits_for_its_end_leaves_nothing_to_sell() {
    let mut rig = locking();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    rig.target(0, Bracket::NONE);
    let out = rig.fill(&stop, 10, "90");
    assert!(submits(&out).is_empty());
    assert!(rig.account().orders.is_empty() && rig.position().is_zero());
}

#[test]
fn an_exit_that_never_arrived_leaves_again_where_the_stop_was_cancelled_for_it() {
    let mut rig = locking();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    rig.target(0, Bracket::NONE);
    let exit = one_submit(&rig.canceled(&stop));
    rig.unknown(&exit);
    let again = one_submit(&rig.absent(&exit));
    assert_eq!((again.role, again.quantity), (OrderRole::Exit, units(10)));
    rig.ack(&again);
    rig.fill(&again, 10, "99");
    assert!(rig.position().is_zero() && rig.account().orders.is_empty());
}

#[test]
fn an_exit_does_not_wait_for_a_stop_that_may_not_exist() {
    let mut rig = locking();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.feed(qtp_core::Event::OutcomeUnknown {
        client_order_id: stop.client_order_id,
        account: account_id(),
    });
    let asked = rig.target(0, Bracket::NONE);
    assert_eq!(one_submit(&asked).role, OrderRole::Exit);
    assert_eq!(cancels(&asked)[0].client_order_id, stop.client_order_id);
}

#[test]
fn a_fill_may_come_before_the_acknowledgement_of_its_order() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    let stop = one_submit(&rig.fill(&entry, 10, "100"));
    rig.ack(&entry);
    rig.ack(&stop);
    assert_eq!(rig.position(), units(10));
    assert_eq!(rig.account().orders.len(), 1);
    assert!(rig.now > Timestamp::EPOCH);
}

#[test]
fn on_a_venue_without_stops_nothing_opens_with_one_and_every_exit_passes() {
    let capabilities = VenueCapabilities { trigger_sources: Vec::new(), ..all_capabilities() };
    let mut rig = Rig::with(RigSetup { capabilities, ..RigSetup::default() });
    let stop = Bracket { stop: "90".parse().ok(), target: None };
    assert!(submits(&rig.target(10, stop)).is_empty(), "nothing protects it");
    rig.hold(10, Bracket::NONE);
    let reduced = one_submit(&rig.target(4, stop));
    assert_eq!((reduced.side, reduced.quantity, reduced.reduce_only), (Side::Sell, units(6), true));
    rig.fill(&reduced, 6, "100");
    let above = Bracket { stop: "110".parse().ok(), target: None };
    let closed = one_submit(&rig.target(-5, above));
    assert_eq!(
        (closed.side, closed.quantity, closed.reduce_only),
        (Side::Sell, units(4), true),
        "only the close"
    );
    rig.fill(&closed, 4, "100");
    assert_eq!(rig.position(), units(0));
}
