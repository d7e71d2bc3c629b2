//! What stops new risk, and that exits pass.

use std::time::Duration;

use qtp_core::{
    Bracket, Command, Notice, OperatorAction, OrderDraft, OrderKind, OrderRole, Price, RiskGate, Side,
    TimeInForce, Timestamp,
};
use qtp_engine::{EngineConfig, OnBreach};
use qtp_risk::RiskLimits;

use crate::common::*;

fn halted(commands: &[Command]) -> Vec<(String, String)> {
    let scope = |notice: Notice| match notice {
        Notice::Halted { scope, reason } => Some((scope, reason.code)),
        _ => None,
    };
    notices(commands).into_iter().filter_map(scope).collect()
}

fn daily_loss(on_breach: OnBreach) -> Rig {
    let limits = RiskLimits { max_daily_loss: "0.05".parse().ok(), ..RiskLimits::not_binding() };
    let config = EngineConfig { on_breach, ..EngineConfig::default() };
    let setup = RigSetup { gate: RiskGate::new(limits.build()), config, cash: 1000, ..RigSetup::default() };
    Rig::with(setup)
}

#[test]
fn a_halt_cancels_working_entries_and_allows_exits() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let add = one_submit(&rig.target(15, Bracket::NONE));
    let commands = rig.operator(OperatorAction::Halt);
    assert_eq!(cancels(&commands)[0].client_order_id, add.client_order_id);
    assert_eq!(halted(&commands), [("engine".to_owned(), "operator".to_owned())]);
    assert!(submits(&rig.canceled(&add)).is_empty());
    let denied = rig.target(20, Bracket::NONE);
    assert!(submits(&denied).is_empty());
    assert_eq!(denials(&denied), ["operator"]);
    let exit = one_submit(&rig.target(0, Bracket::NONE));
    assert_eq!((exit.quantity, exit.reduce_only), (units(10), true));
    rig.operator(OperatorAction::Resume);
    rig.fill(&exit, 10, "100");
    assert_eq!(one_submit(&rig.target(3, Bracket::NONE)).quantity, units(3));
}

#[test]
fn a_halt_places_stops_still() {
    let mut rig = Rig::new();
    let entry = one_submit(&rig.target(10, stop_at("90")));
    rig.operator(OperatorAction::Halt);
    let stop = one_submit(&rig.fill(&entry, 4, "100"));
    assert_eq!((stop.role, stop.quantity), (OrderRole::Stop, units(4)));
}

#[test]
fn a_halt_in_the_middle_of_a_flip_leaves_its_close() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let flip = one_submit(&rig.target(-10, Bracket::NONE));
    let commands = rig.operator(OperatorAction::Halt);
    assert_eq!(cancels(&commands)[0].client_order_id, flip.client_order_id);
    let close = one_submit(&rig.canceled(&flip));
    assert_eq!((close.side, close.quantity, close.reduce_only), (Side::Sell, units(10), true));
}

#[test]
fn an_operator_closes_one_position_and_flattens_all() {
    let mut rig = Rig::new();
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    assert!(rig.operator(OperatorAction::Close(eth())).is_empty());
    let exit = one_submit(&rig.operator(OperatorAction::Close(btc())));
    assert_eq!((exit.quantity, exit.reduce_only), (units(10), true));
    assert!(submits(&rig.operator(OperatorAction::Flatten)).is_empty(), "it is closing already");
    let commands = rig.fill(&exit, 10, "100");
    assert_eq!(cancels(&commands)[0].client_order_id, stop.client_order_id);
    assert!(submits(&rig.candle("100")).is_empty());
}

#[test]
fn flatten_cancels_the_orders_that_a_strategy_manages_itself() {
    let mut rig = Rig::new();
    for (side, limit) in [(Side::Buy, "95"), (Side::Sell, "105")] {
        rig.say(Say::Submit(OrderDraft {
            instrument: btc(),
            side,
            quantity: units(5),
            kind: OrderKind::Limit { price: price(limit) },
            time_in_force: TimeInForce::Gtc,
            post_only: true,
            reduce_only: false,
            role: OrderRole::Entry,
        }));
    }
    assert_eq!(submits(&rig.candle("100")).len(), 2);
    assert_eq!(cancels(&rig.operator(OperatorAction::Flatten)).len(), 2);
}

#[test]
fn own_orders_that_would_cross_are_denied() {
    let mut rig = Rig::new();
    let draft = |side, limit: Price| OrderDraft {
        instrument: btc(),
        side,
        quantity: units(5),
        kind: OrderKind::Limit { price: limit },
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        role: OrderRole::Entry,
    };
    rig.say(Say::Submit(draft(Side::Buy, price("100"))));
    rig.say(Say::Submit(draft(Side::Sell, price("99"))));
    let commands = rig.candle("100");
    assert_eq!((submits(&commands).len(), denials(&commands)), (1, vec!["self_cross".to_owned()]));
}

#[test]
fn a_daily_loss_halts_new_risk_until_midnight() {
    let mut rig = daily_loss(OnBreach::Block);
    rig.hold(5, Bracket::NONE);
    rig.candle("85");
    let denied = rig.target(6, Bracket::NONE);
    assert_eq!(denials(&denied), ["daily_loss"]);
    assert_eq!(halted(&denied), [("engine".to_owned(), "daily_loss".to_owned())]);
    rig.candle("100");
    assert_eq!(denials(&rig.target(6, Bracket::NONE)), ["daily_loss"], "it lasts although the loss is gone");
    rig.now = Timestamp::from_secs(MIDNIGHT + 86_400 - 60);
    let midnight = rig.candle("100");
    assert!(notices(&midnight).iter().any(|notice| matches!(notice, Notice::Resumed { .. })));
    assert_eq!(one_submit(&rig.target(6, Bracket::NONE)).quantity, units(1));
}

#[test]
fn a_breach_flattens_once_where_that_is_asked_for() {
    let mut rig = daily_loss(OnBreach::Flatten);
    rig.hold(5, Bracket::NONE);
    rig.candle("85");
    let exit = one_submit(&rig.target(6, Bracket::NONE));
    assert_eq!((exit.side, exit.quantity, exit.reduce_only), (Side::Sell, units(5), true));
}

#[test]
fn a_flip_whose_open_leg_breaches_closes_once() {
    let mut rig = daily_loss(OnBreach::Flatten);
    rig.hold(5, Bracket::NONE);
    rig.candle("85");
    let close = one_submit(&rig.target(-5, Bracket::NONE));
    assert_eq!((close.side, close.quantity, close.reduce_only), (Side::Sell, units(5), true));
}

#[test]
fn a_strategy_error_halts_only_that_strategy_and_its_exits_stay_allowed() {
    let script = Script::default();
    let mut engine = RigSetup::default().engine();
    let strategy = |name: &str, instrument, script: &Script| {
        Box::new(Scripted { id: name.parse().unwrap(), instrument, script: script.clone(), history: 0 })
    };
    let other = Script::default();
    engine.add_strategy(&account_id(), strategy("one", btc(), &script)).unwrap();
    engine.add_strategy(&account_id(), strategy("two", eth(), &other)).unwrap();
    let mut rig = Rig::of(engine, script);
    let stop = one_submit(&rig.hold(10, stop_at("90")));
    rig.ack(&stop);
    rig.say(Say::Fail);
    let commands = rig.candle("100");
    assert_eq!(halted(&commands), [("one".to_owned(), "strategy_error".to_owned())]);
    assert!(rig.target(20, Bracket::NONE).is_empty(), "it is not called any more");
    let signal = qtp_core::Signal {
        instrument: eth(),
        target: qtp_core::Target::Quantity(units(2)),
        bracket: Bracket::NONE,
        reason: String::new(),
        decided: None,
    };
    other.lock().unwrap().push(Say::Signal(signal));
    let level = price("50");
    let candle = candle_of(&eth(), rig.now, [level; 4], 10);
    rig.pass(60);
    let batch = qtp_core::CandleBatch { candles: vec![candle], ..qtp_core::CandleBatch::default() };
    assert_eq!(one_submit(&rig.feed(qtp_core::Event::Candles(batch))).instrument, eth());
    assert!(one_submit(&rig.operator(OperatorAction::Close(btc()))).reduce_only);
    assert!(rig.engine.naked_time(&account_id()) < Duration::from_secs(1));
}

#[test]
fn a_call_that_fails_adds_no_risk_but_may_leave() {
    let mut rig = Rig::new();
    rig.hold(10, Bracket::NONE);
    let signal = |count| qtp_core::Signal {
        instrument: btc(),
        target: qtp_core::Target::Quantity(units(count)),
        bracket: Bracket::NONE,
        reason: String::new(),
        decided: None,
    };
    rig.say(Say::Signal(signal(20)));
    rig.say(Say::Fail);
    let commands = rig.candle("100");
    assert!(submits(&commands).is_empty(), "{commands:#?}");
    assert_eq!(denials(&commands), ["strategy_halted"]);
}

#[test]
fn an_external_fill_halts_and_what_stands_becomes_the_target() {
    let mut rig = Rig::new();
    let commands = rig.hold(10, Bracket::NONE);
    assert!(submits(&commands).is_empty());
    let entry = rig.target(10, Bracket::NONE);
    assert!(submits(&entry).is_empty());
    let order = qtp_core::OrderRequest { side: Side::Sell, ..sample_order() };
    let mut fill = fill_of(&order, 99, units(4), price("100"), rig.now);
    (fill.client_order_id, fill.external) = (None, Some(qtp_core::ExternalCause::Manual));
    let commands = rig.feed(qtp_core::Event::Fill(fill));
    assert_eq!(halted(&commands), [("engine".to_owned(), "external_fill".to_owned())]);
    assert!(submits(&commands).is_empty());
    assert_eq!(rig.account().targets[&btc()].quantity, units(6));
}

fn sample_order() -> qtp_core::OrderRequest {
    let mut rig = Rig::new();
    one_submit(&rig.target(4, Bracket::NONE))
}
