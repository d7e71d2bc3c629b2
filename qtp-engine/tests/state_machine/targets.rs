//! Target - position - working orders - orders of unknown outcome.

use qtp_core::{
    AccountKind, Bracket, Event, EventRecord, Fill, Instrument, MarginTier, OrderDraft, OrderKind, OrderRole,
    Ratio, RiskGate, Side, SizeRule, Target, TimeInForce, Timestamp, Trade,
};
use qtp_engine::{EngineConfig, EngineError};
use qtp_risk::RiskLimits;

use crate::common::*;

#[test]
fn a_target_that_is_said_again_while_its_fill_is_late_sends_no_second_order() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    assert_eq!((entry.side, entry.quantity, entry.role), (Side::Buy, units(10), OrderRole::Entry));
    for _ in 0..3 {
        assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    }
    rig.ack(&entry);
    assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    rig.fill(&entry, 4, "100");
    assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    rig.fill(&entry, 6, "100");
    assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    assert_eq!(rig.position(), units(10));
    assert!(rig.account().orders.is_empty());
}

#[test]
fn a_rejected_order_is_sent_once_more_only_when_the_target_is_said_again() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    assert!(submits(&rig.reject(&entry)).is_empty());
    assert!(submits(&rig.candle("100")).is_empty());
    assert_eq!(one_submit(&rig.target(10, Bracket::NONE)).quantity, units(10));
}

#[test]
fn a_flip_travels_as_one_order() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let flip = one_submit(&rig.target(-5, Bracket::NONE));
    assert_eq!((flip.side, flip.quantity, flip.reduce_only), (Side::Sell, units(15), false));
    assert!(submits(&rig.target(-5, Bracket::NONE)).is_empty());
    rig.fill(&flip, 15, "100");
    assert_eq!(rig.position(), units(-5));
}

#[test]
fn where_a_venue_cannot_flip_the_close_leaves_first_and_the_open_follows_its_fill() {
    let mut setup = RigSetup::default();
    setup.capabilities.flip_in_one_order = false;
    let mut rig = Rig::with(setup);
    rig.hold(10, Bracket::NONE);
    let close = one_submit(&rig.target(-5, Bracket::NONE));
    assert_eq!((close.quantity, close.reduce_only, close.role), (units(10), true, OrderRole::Exit));
    assert!(submits(&rig.target(-5, Bracket::NONE)).is_empty());
    let open = one_submit(&rig.fill(&close, 10, "100"));
    assert_eq!((open.side, open.quantity, open.reduce_only), (Side::Sell, units(5), false));
}

#[test]
fn the_close_leg_of_a_flip_leaves_when_its_open_leg_is_denied() {
    let limits = RiskLimits { max_open_positions: Some(1), ..RiskLimits::not_binding() };
    let limits = RiskLimits { max_position_notional: Some("1000".parse().unwrap()), ..limits };
    let mut rig = Rig::with(RigSetup { gate: RiskGate::new(limits.build()), ..RigSetup::default() });
    rig.hold(10, Bracket::NONE);
    rig.operator(qtp_core::OperatorAction::Halt);
    let close = one_submit(&rig.target(-10, Bracket::NONE));
    assert_eq!((close.side, close.quantity, close.reduce_only), (Side::Sell, units(10), true));
}

#[test]
fn the_close_leg_of_a_flip_leaves_when_no_slot_is_left_for_new_risk() {
    let config = EngineConfig { max_open_orders: 10, ..EngineConfig::default() };
    let mut rig = Rig::with(RigSetup { config, ..RigSetup::default() });
    rig.hold(10, Bracket::NONE);
    for level in 50..60 {
        let draft = limit_draft(Side::Buy, 1, &level.to_string());
        rig.say(Say::Submit(draft));
    }
    let commands = rig.candle("100");
    assert_eq!((submits(&commands).len(), denials(&commands)), (8, vec!["open_orders".to_owned(); 2]));
    let orders = submits(&rig.target(-10, Bracket::NONE));
    let close = orders.iter().find(|order| order.reduce_only).expect("the close leaves");
    assert_eq!((close.side, close.quantity), (Side::Sell, units(10)));
}

fn limit_draft(side: Side, count: i64, limit: &str) -> OrderDraft {
    OrderDraft {
        instrument: btc(),
        side,
        quantity: units(count),
        kind: OrderKind::Limit { price: price(limit) },
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        role: OrderRole::Entry,
    }
}

#[test]
fn an_unknown_outcome_blocks_new_risk_on_its_instrument_and_allows_exits() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let add = one_submit(&rig.target(15, Bracket::NONE));
    rig.unknown(&add);
    assert!(submits(&rig.target(30, Bracket::NONE)).is_empty());
    let exit = one_submit(&rig.target(0, Bracket::NONE));
    assert_eq!((exit.side, exit.quantity, exit.reduce_only), (Side::Sell, units(10), true));
    assert!(submits(&rig.target(0, Bracket::NONE)).is_empty());
}

#[test]
fn an_absent_order_frees_its_instrument() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    rig.unknown(&entry);
    assert!(submits(&rig.target(12, Bracket::NONE)).is_empty());
    let again = one_submit(&rig.absent(&entry));
    assert_eq!(again.quantity, units(12));
    assert_ne!(again.client_order_id, entry.client_order_id);
}

#[test]
fn an_exit_that_never_arrived_is_sent_again() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let exit = one_submit(&rig.target(0, Bracket::NONE));
    rig.unknown(&exit);
    let again = one_submit(&rig.absent(&exit));
    assert_eq!((again.side, again.quantity, again.role), (Side::Sell, units(10), OrderRole::Exit));
    rig.ack(&again);
    rig.fill(&again, 10, "99");
    assert!(rig.position().is_zero());
}

#[test]
fn an_unknown_order_that_fills_after_all_is_counted_once() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    rig.unknown(&entry);
    assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    assert!(submits(&rig.fill(&entry, 10, "100")).is_empty());
    assert!(submits(&rig.target(10, Bracket::NONE)).is_empty());
    assert_eq!(rig.position(), units(10));
}

#[test]
fn a_smaller_target_cancels_the_working_entry_before_it_sends_a_new_one() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    let commands = rig.target(4, Bracket::NONE);
    assert!(submits(&commands).is_empty());
    assert_eq!(cancels(&commands)[0].client_order_id, entry.client_order_id);
    assert!(cancels(&rig.target(4, Bracket::NONE)).is_empty(), "asked once");
    assert!(submits(&rig.fill(&entry, 3, "100")).is_empty());
    assert_eq!(one_submit(&rig.canceled(&entry)).quantity, units(1));
}

#[test]
fn a_target_that_comes_back_while_its_exit_works_takes_the_exit_back_first() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let exit = one_submit(&rig.target(4, Bracket::NONE));
    let commands = rig.target(10, Bracket::NONE);
    // Were both to work and the exit be refused, the position would exceed its target.
    assert!(submits(&commands).is_empty(), "{commands:#?}");
    assert_eq!(cancels(&commands)[0].client_order_id, exit.client_order_id);
    assert!(submits(&rig.canceled(&exit)).is_empty());
    assert_eq!(rig.position(), units(10));
}

#[test]
fn a_short_that_is_asked_for_while_the_close_of_the_long_works_is_no_second_close() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let close = one_submit(&rig.target(0, Bracket::NONE));
    let open = one_submit(&rig.target(-10, Bracket::NONE));
    assert_eq!((open.side, open.quantity, open.reduce_only), (Side::Sell, units(10), false));
    rig.fill(&close, 10, "100");
    rig.fill(&open, 10, "100");
    assert_eq!(rig.position(), units(-10));
}

#[test]
fn where_a_venue_cannot_flip_a_short_waits_for_the_close_that_works() {
    let mut setup = RigSetup::default();
    setup.capabilities.flip_in_one_order = false;
    let mut rig = Rig::with(setup);
    rig.hold(10, Bracket::NONE);
    let close = one_submit(&rig.target(0, Bracket::NONE));
    assert!(submits(&rig.target(-10, Bracket::NONE)).is_empty());
    let open = one_submit(&rig.fill(&close, 10, "100"));
    assert_eq!((open.side, open.quantity, open.reduce_only), (Side::Sell, units(10), false));
}

#[test]
fn an_exit_above_the_largest_market_order_leaves_in_parts() {
    let mut instrument = Instrument::unrestricted(btc()).unwrap();
    instrument.max_market_quantity = Some(units(10));
    let mut rig = Rig::with(RigSetup { instruments: vec![instrument], ..RigSetup::default() });
    rig.hold(8, Bracket::NONE);
    let more = one_submit(&rig.target(16, Bracket::NONE));
    rig.fill(&more, 8, "100");
    let first = one_submit(&rig.target(0, Bracket::NONE));
    assert_eq!((first.quantity, first.reduce_only), (units(10), true));
    let second = one_submit(&rig.fill(&first, 10, "100"));
    assert_eq!((second.quantity, second.reduce_only), (units(6), true));
}

#[test]
fn a_reduced_entry_is_not_chased_by_its_fills() {
    let limits =
        RiskLimits { max_position_notional: Some("600".parse().unwrap()), ..RiskLimits::not_binding() };
    let mut rig = Rig::with(RigSetup { gate: RiskGate::new(limits.build()), ..RigSetup::default() });
    let entry = one_submit(&rig.target(10, Bracket::NONE));
    assert_eq!(entry.quantity, units(6));
    rig.ack(&entry);
    assert!(submits(&rig.fill(&entry, 3, "100")).is_empty());
    assert!(submits(&rig.fill(&entry, 3, "100")).is_empty());
    assert_eq!(rig.position(), units(6));
}

#[test]
fn a_target_by_risk_is_sized_anew_for_another_stop_while_nothing_is_held() {
    let mut rig = Rig::new();
    let risk: Ratio = "0.01".parse().unwrap();
    let target = Target::Risk { side: Side::Buy, risk, cap: None, base: units(0) };
    let near = one_submit(&rig.signal(target, stop_at("99")));
    assert_eq!(near.quantity, units(1000));
    rig.reject(&near);
    let far = one_submit(&rig.signal(target, stop_at("90")));
    assert_eq!(far.quantity, units(100), "the loss at the stop is 1 % of 100000");
}

#[test]
fn an_order_below_the_lot_is_denied_with_its_code() {
    let mut instrument = Instrument::unrestricted(btc()).unwrap();
    instrument.size_rule = SizeRule::Lot(units(5));
    instrument.min_quantity = Some(units(10));
    let mut rig = Rig::with(RigSetup { instruments: vec![instrument], ..RigSetup::default() });
    let commands = rig.target(7, Bracket::NONE);
    assert!(submits(&commands).is_empty());
    assert_eq!(denials(&commands).len(), 1);
}

#[test]
fn a_claim_on_a_claimed_instrument_is_an_error() {
    let mut rig = Rig::new();
    let second =
        Scripted { id: "second".parse().unwrap(), instrument: btc(), script: Script::default(), history: 0 };
    let error = rig.engine.add_strategy(&account_id(), Box::new(second)).unwrap_err();
    let EngineError::Claimed { first, second, .. } = error else { panic!("{error}") };
    assert_eq!((first.as_str(), second.as_str()), ("scripted", "second"));
}

#[test]
fn a_record_out_of_sequence_or_before_the_last_one_is_an_error() {
    let mut rig = Rig::new();
    rig.candle("100");
    rig.candle("100");
    let event = Event::Stopped(qtp_core::Reason::new("test", ""));
    let now = rig.now;
    let record = |seq, time| EventRecord { seq, event_time: time, receive_time: time, event: event.clone() };
    let again = rig.engine.process(&record(1, now), &mut Vec::new()).unwrap_err();
    assert!(matches!(again, EngineError::OutOfSequence { seq: 1, last: 1 }), "{again}");
    let early = rig.engine.process(&record(2, Timestamp::from_secs(MIDNIGHT)), &mut Vec::new()).unwrap_err();
    assert!(matches!(early, EngineError::TimeWentBack { seq: 2, .. }), "{early}");
    rig.candle("100");
}

#[test]
fn commands_of_warm_up_are_discarded_and_counted() {
    let mut rig = Rig::new();
    let signal = qtp_core::Signal {
        instrument: btc(),
        target: Target::Quantity(units(5)),
        bracket: Bracket::NONE,
        reason: String::new(),
        decided: None,
    };
    rig.say(Say::Signal(signal));
    let candle = rig.next_candle("100");
    let batch = qtp_core::CandleBatch { candles: vec![candle], missing: Vec::new(), warmup: true };
    assert!(rig.feed(Event::Candles(batch)).is_empty());
    assert_eq!(rig.engine.discarded(), 1);
    assert!(rig.account().targets.is_empty());
}

#[test]
fn under_cross_margin_the_margin_of_another_position_cannot_be_lost() {
    let tier =
        MarginTier { up_to: None, max_leverage: "20".parse().unwrap(), maintenance: "0.05".parse().unwrap() };
    let sent = |other: i64| {
        let mut instruments = RigSetup::default().instruments;
        instruments.iter_mut().for_each(|instrument| instrument.margin_tiers = vec![tier]);
        let limits =
            RiskLimits { liquidation_buffer: Some("0.2".parse().unwrap()), ..RiskLimits::not_binding() };
        let gate = RiskGate::new(limits.build());
        let setup = RigSetup {
            gate,
            instruments,
            kind: AccountKind::CrossMargin,
            cash: 10_000,
            ..RigSetup::default()
        };
        let mut rig = Rig::with(setup);
        rig.candle("100");
        let price = price("100");
        rig.feed(Event::Trade(Trade {
            instrument: eth(),
            time: rig.now,
            price,
            quantity: units(1),
            taker: None,
        }));
        if other > 0 {
            let order = one_submit(&Rig::new().target(other, Bracket::NONE));
            let fill = fill_of(&order, 999, units(other), price, rig.now);
            rig.feed(Event::Fill(Fill { instrument: eth(), client_order_id: None, ..fill }));
        }
        let stop = Bracket { stop: "90".parse().ok(), target: None };
        submits(&rig.target(500, stop)).len()
    };
    // 500 at 100 with 10,000: liquidated near 84; with 5,000 kept for the other position near 95.
    assert_eq!((sent(0), sent(1000)), (1, 0));
}
