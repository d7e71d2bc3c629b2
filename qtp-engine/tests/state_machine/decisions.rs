//! The decision loop: advice is followed as far as it still holds.

use qtp_core::{
    Bracket, CandleBatch, Command, Decision, DecisionAction, DecisionOutcome, DecisionRequest,
    DecisionResult, Event, OpenInterest, OrderRole, Ratio, Reason, Side, Timeframe, TradeDecision,
};
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig};

use crate::common::*;

pub(crate) fn loop_with(change: impl FnOnce(&mut DecisionLoopConfig)) -> Rig {
    let mut config = DecisionLoopConfig::new(vec![btc()]);
    config.timeframes = vec![Timeframe::M1];
    config.every = Timeframe::M1;
    change(&mut config);
    let mut engine = RigSetup::default().engine();
    let strategy = DecisionLoop::new("loop".parse().unwrap(), config).unwrap();
    engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
    let mut rig = Rig::of(engine, Script::default());
    for _ in 0..16 {
        rig.candle("100");
    }
    rig
}

pub(crate) fn asked(commands: &[Command]) -> DecisionRequest {
    let request = commands.iter().find_map(|command| match command {
        Command::RequestDecision(request) => Some((**request).clone()),
        _ => None,
    });
    request.unwrap_or_else(|| panic!("no request in {commands:#?}"))
}

pub(crate) fn advice(action: DecisionAction, stop: Option<&str>, target: Option<&str>) -> TradeDecision {
    TradeDecision {
        instrument: btc(),
        action,
        conviction: Ratio::ONE,
        allocation: None,
        stop: stop.map(price),
        target: target.map(price),
        exit_plan: String::new(),
        plan: None,
        rationale: String::new(),
    }
}

pub(crate) fn answer(rig: &mut Rig, request: &DecisionRequest, trade: TradeDecision) -> Vec<Command> {
    let decision = Decision {
        engine: "test".into(),
        model: None,
        reasoning: String::new(),
        prompt: None,
        trades: vec![trade],
    };
    outcome(rig, request, DecisionResult::Decided(decision))
}

fn outcome(rig: &mut Rig, request: &DecisionRequest, result: DecisionResult) -> Vec<Command> {
    rig.feed(Event::Decision(Box::new(DecisionOutcome {
        request: request.id,
        owner: request.owner,
        account: request.account.clone(),
        snapshot_seq: request.snapshot_seq,
        as_of: request.as_of,
        result,
        calls: Vec::new(),
        findings: Vec::new(),
    })))
}

/// A long position of 200 units: 1 % of 100,000 over five dollars.
pub(crate) fn long(rig: &mut Rig) {
    let request = asked(&rig.candle("100"));
    let entry = one_submit(&answer(rig, &request, advice(DecisionAction::Buy, Some("95"), Some("110"))));
    assert_eq!(entry.quantity, units(200));
    for order in submits(&rig.fill(&entry, 200, "100")) {
        rig.ack(&order);
    }
}

#[test]
fn a_buy_is_sized_by_its_stop_and_protected_from_its_first_fill() {
    let mut rig = loop_with(|_| {});
    long(&mut rig);
    let orders: Vec<_> = rig.account().orders.values().map(|order| order.request().role).collect();
    assert_eq!(orders, [OrderRole::Stop, OrderRole::Target]);
}

#[test]
fn the_picture_holds_nothing_later_than_its_instant() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    assert_eq!((request.as_of, request.snapshot_seq), (rig.now, rig.seq - 1));
    let candles = request.asset(&btc()).unwrap().candles(Timeframe::M1);
    assert!(candles.iter().all(|candle| candle.close_time() <= request.as_of));
    assert_eq!(candles.len(), 17);
}

#[test]
fn the_picture_says_how_the_account_did_and_how_much_is_open() {
    let mut rig = loop_with(|_| {});
    let before = asked(&rig.candle("100"));
    assert_eq!(before.asset(&btc()).unwrap().open_interest, None);
    answer(&mut rig, &before, advice(DecisionAction::Hold, None, None));
    let open = OpenInterest { instrument: btc(), time: rig.now, quantity: units(1250), value: None };
    rig.feed(Event::OpenInterest(open.clone()));
    long(&mut rig);
    let request = asked(&rig.candle("101"));
    assert_eq!(request.asset(&btc()).unwrap().open_interest, Some(open));
    let so_far = request.performance.unwrap();
    assert_eq!(so_far.profit.price, "200".parse().unwrap());
    let since = |before: &DecisionRequest| request.equity.unwrap() - before.equity.unwrap();
    assert_eq!((so_far.profit.total(), so_far.losses_in_row), (since(&before), 0));
    assert_eq!(so_far.today, Some(since(&before)));
}

#[test]
pub(crate) fn advice_that_is_too_old_is_void() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    rig.pass(61);
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("95"), None));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["too_old".to_owned()]));
}

#[test]
pub(crate) fn advice_whose_price_drifted_is_void() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    let mark = |rig: &mut Rig, level: &str| {
        let mark = qtp_core::MarkPrice { instrument: btc(), time: rig.now, mark: price(level), index: None };
        rig.feed(Event::Mark(mark))
    };
    mark(&mut rig, "101.5");
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("95"), None));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["drifted".to_owned()]));
    mark(&mut rig, "100.9");
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("95"), None));
    assert_eq!(submits(&commands).len(), 1, "half a range of two dollars allows it");
}

#[test]
pub(crate) fn advice_is_void_once_the_position_or_an_order_changed() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    let buy = advice(DecisionAction::Buy, Some("95"), None);
    let entry = one_submit(&answer(&mut rig, &request, buy.clone()));
    let commands = answer(&mut rig, &request, buy.clone());
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["position_changed".to_owned()]));
    let request = asked(&rig.candle("100"));
    rig.fill(&entry, 200, "100");
    let commands = answer(&mut rig, &request, advice(DecisionAction::Close, None, None));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["position_changed".to_owned()]));
}

#[test]
pub(crate) fn advice_whose_stop_is_on_the_wrong_side_is_void() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("101"), None));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["bracket_void".to_owned()]));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Sell, Some("105"), Some("106")));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["bracket_void".to_owned()]));
}

#[test]
pub(crate) fn advice_without_a_stop_opens_nothing() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, None, None));
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["no_stop".to_owned()]));
    let mut rig = loop_with(|config| config.default_stop = "0.02".parse().ok());
    let request = asked(&rig.candle("100"));
    assert_eq!(
        one_submit(&answer(&mut rig, &request, advice(DecisionAction::Buy, None, None))).quantity,
        units(500)
    );
}

#[test]
fn hold_may_only_tighten_the_stop() {
    let mut rig = loop_with(|_| {});
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Hold, Some("90"), None));
    assert!(submits(&commands).is_empty() && cancels(&commands).is_empty());
    let commands = answer(&mut rig, &request, advice(DecisionAction::Hold, Some("97"), None));
    let stop = one_submit(&commands);
    assert_eq!((stop.role, stop.kind.trigger().unwrap().price), (OrderRole::Stop, price("97")));
    assert_eq!(cancels(&commands).len(), 1, "the target stays");
}

#[test]
fn a_buy_while_long_adds_nothing_without_pyramiding() {
    let mut rig = loop_with(|_| {});
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("96"), None));
    assert_eq!(one_submit(&commands).role, OrderRole::Stop);
}

#[test]
fn a_buy_while_long_adds_once_with_pyramiding_and_never_loosens_the_stop() {
    let mut rig = loop_with(|config| config.pyramiding = true);
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Buy, Some("90"), None));
    let entry = one_submit(&commands);
    assert_eq!((entry.side, entry.quantity, entry.role), (Side::Buy, units(200), OrderRole::Entry));
    let commands = rig.fill(&entry, 200, "100");
    let stop = submits(&commands).into_iter().find(|order| order.role == OrderRole::Stop).unwrap();
    assert_eq!((stop.quantity, stop.kind.trigger().unwrap().price), (units(400), price("95")));
    assert!(submits(&rig.candle("101")).is_empty(), "one piece of advice adds once");
}

#[test]
fn reduce_halves_the_position() {
    let mut rig = loop_with(|_| {});
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let exit = one_submit(&answer(&mut rig, &request, advice(DecisionAction::Reduce, None, None)));
    assert_eq!((exit.side, exit.quantity, exit.reduce_only), (Side::Sell, units(100), true));
    let commands = rig.fill(&exit, 100, "100");
    let stop = submits(&commands).into_iter().find(|order| order.role == OrderRole::Stop).unwrap();
    assert_eq!((stop.quantity, stop.kind.trigger().unwrap().price), (units(100), price("95")));
}

#[test]
fn a_sell_while_long_closes_unless_flips_are_allowed() {
    let mut rig = loop_with(|_| {});
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let exit = one_submit(&answer(&mut rig, &request, advice(DecisionAction::Sell, Some("105"), None)));
    assert_eq!((exit.quantity, exit.reduce_only), (units(200), true));

    let mut rig = loop_with(|config| config.allow_flip = true);
    long(&mut rig);
    let request = asked(&rig.candle("100"));
    let flip = one_submit(&answer(&mut rig, &request, advice(DecisionAction::Sell, Some("105"), None)));
    assert_eq!((flip.quantity, flip.reduce_only), (units(400), false));
}

#[test]
fn an_answer_that_failed_or_names_another_asset_changes_nothing() {
    let mut rig = loop_with(|_| {});
    let request = asked(&rig.candle("100"));
    let hold = DecisionResult::Hold(Reason::new("timeout", ""));
    assert!(outcome(&mut rig, &request, hold).is_empty());
    let foreign = TradeDecision { instrument: eth(), ..advice(DecisionAction::Buy, Some("95"), None) };
    let commands = answer(&mut rig, &request, foreign);
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["unknown_asset".to_owned()]));
    let empty = rig.feed(Event::Candles(CandleBatch::default()));
    assert!(empty.is_empty());
    assert_eq!(Bracket::NONE.stop, None);
}

#[test]
fn an_answer_is_void_once_a_later_question_was_asked() {
    let mut rig = loop_with(|config| config.max_decision_age = std::time::Duration::from_secs(600));
    let first = asked(&rig.candle("100"));
    let second = asked(&rig.candle("100"));
    let buy = advice(DecisionAction::Buy, Some("95"), None);
    let commands = answer(&mut rig, &first, buy.clone());
    assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["superseded".to_owned()]));
    assert_eq!(submits(&answer(&mut rig, &second, buy)).len(), 1);
}
