//! Exit plans of decisions are followed by code, shown with later questions, and survive a restart.

use qtp_core::{Command, DecisionAction, EntryThesis, ExitPlan, Level, OrderRole, Timeframe, TradeDecision};
use qtp_engine::Engine;
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig};

use crate::common::*;
use crate::decisions::{advice, answer, asked, loop_with};
use crate::snapshot::same_through_json;

fn plan(text: &str) -> ExitPlan {
    serde_json::from_str(text).unwrap()
}

fn buy(plan: ExitPlan) -> TradeDecision {
    let words = advice(DecisionAction::Buy, Some("95"), Some("120"));
    let (exit_plan, rationale) = ("when the idea fails".to_owned(), "it rises".to_owned());
    TradeDecision { plan: Some(plan), exit_plan, rationale, ..words }
}

/// Buys 200 units at 100 behind a plan, and fills them.
fn open(rig: &mut Rig, plan: ExitPlan) {
    let request = asked(&rig.candle("100"));
    let entry = one_submit(&answer(rig, &request, buy(plan)));
    for order in submits(&rig.fill(&entry, 200, "100")) {
        rig.ack(&order);
    }
}

fn thesis(commands: &[Command]) -> Option<EntryThesis> {
    asked(commands).asset(&btc()).unwrap().thesis.as_deref().cloned()
}

/// The exit that a close causes, if it does.
fn exit(commands: &[Command]) -> Option<qtp_core::OrderRequest> {
    submits(commands).into_iter().find(|order| order.role == OrderRole::Exit)
}

#[test]
fn a_condition_that_holds_at_a_close_closes_the_position() {
    let mut rig = loop_with(|_| {});
    open(
        &mut rig,
        plan(
            r#"{"invalidation": [{"below": ["close", "sma(3)"]}, {"below": ["unrealized_return", -0.02]}]}"#,
        ),
    );
    assert!(exit(&rig.candle("101")).is_none());
    assert!(exit(&rig.candle("102")).is_none());
    let order = exit(&rig.candle("99")).unwrap();
    assert_eq!((order.quantity, order.reduce_only), (units(200), true));
}

#[test]
fn the_time_stop_counts_closes_with_the_position_open() {
    let mut rig = loop_with(|_| {});
    open(&mut rig, plan(r#"{"time_stop_candles": 3}"#));
    assert!(exit(&rig.candle("100")).is_none() && exit(&rig.candle("100")).is_none());
    assert!(exit(&rig.candle("100")).is_some());
}

#[test]
fn a_trailing_stop_follows_the_close_and_never_goes_back() {
    let mut rig = loop_with(|_| {});
    let trailing_stop = Some(Level::Percent(2.0));
    open(&mut rig, ExitPlan { trailing_stop, ..ExitPlan::default() });
    let stop = |commands: &[Command]| {
        let stops = submits(commands).into_iter().filter(|order| order.role == OrderRole::Stop);
        stops.map(|order| order.kind.trigger().unwrap().price).collect::<Vec<_>>()
    };
    assert_eq!(stop(&rig.candle("100")), [price("98")]);
    assert_eq!(stop(&rig.candle("110")), [price("107.8")]);
    assert!(stop(&rig.candle("108")).is_empty());
}

#[test]
fn a_cooldown_passes_over_as_many_closes() {
    let mut rig = loop_with(|_| {});
    open(&mut rig, plan(r#"{"time_stop_candles": 1, "cooldown_candles": 2}"#));
    let order = exit(&rig.candle("100")).unwrap();
    rig.fill(&order, 200, "100");
    for _ in 0..2 {
        let request = asked(&rig.candle("100"));
        let commands = answer(&mut rig, &request, buy(ExitPlan::default()));
        assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["cooldown".to_owned()]));
    }
    let request = asked(&rig.candle("100"));
    assert_eq!(submits(&answer(&mut rig, &request, buy(ExitPlan::default()))).len(), 1);
}

#[test]
fn a_position_with_a_cooldown_is_not_turned_around() {
    let mut rig = loop_with(|config| config.allow_flip = true);
    open(&mut rig, plan(r#"{"cooldown_candles": 2}"#));
    let request = asked(&rig.candle("100"));
    let commands = answer(&mut rig, &request, advice(DecisionAction::Sell, Some("105"), None));
    let order = exit(&commands).unwrap();
    assert_eq!((order.quantity, order.reduce_only), (units(200), true));
}

#[test]
fn the_thesis_is_shown_with_every_later_question_until_the_position_ends() {
    let mut rig = loop_with(|_| {});
    assert_eq!(thesis(&rig.candle("100")), None);
    open(&mut rig, plan(r#"{"time_stop_candles": 2}"#));
    let shown = thesis(&rig.candle("101")).unwrap();
    assert_eq!((shown.rationale.as_str(), shown.exit_plan.as_str()), ("it rises", "when the idea fails"));
    assert_eq!((shown.plan.time_stop_candles, shown.candles), (Some(2), 1));
    let order = exit(&rig.candle("101")).unwrap();
    rig.fill(&order, 200, "101");
    assert_eq!(thesis(&rig.candle("101")), None);
}

#[test]
fn later_advice_adds_to_a_plan_and_takes_nothing_away() {
    let mut rig = loop_with(|_| {});
    open(&mut rig, plan(r#"{"invalidation": [{"below": ["close", 96]}], "time_stop_candles": 9}"#));
    let later = plan(r#"{"invalidation": [{"below": ["close", 99]}], "time_stop_candles": 50}"#);
    let hold = TradeDecision { plan: Some(later), ..advice(DecisionAction::Hold, None, None) };
    let request = asked(&rig.candle("100"));
    assert!(submits(&answer(&mut rig, &request, hold)).is_empty());
    let shown = thesis(&rig.candle("100")).unwrap();
    assert_eq!((shown.plan.invalidation.len(), shown.plan.time_stop_candles, shown.candles), (2, Some(9), 2));
    assert!(exit(&rig.candle("98.5")).is_some());
}

#[test]
fn a_cross_over_a_value_of_the_position_is_seen_from_the_first_close_on() {
    let text = r#"{"invalidation": [{"crosses_below": ["unrealized_return", -0.01]}]}"#;
    let mut rig = loop_with(|_| {});
    open(&mut rig, plan(text));
    assert!(exit(&rig.candle("98.5")).is_some());
    // Advice that repeats the plan, or adds to it, does not make it forget where the value was.
    for repeated in [text, r#"{"invalidation": [{"below": ["close", 1]}]}"#] {
        let mut rig = loop_with(|_| {});
        open(&mut rig, plan(text));
        for close in ["100", "99.5"] {
            let commands = rig.candle(close);
            assert!(exit(&commands).is_none());
            let hold =
                TradeDecision { plan: Some(plan(repeated)), ..advice(DecisionAction::Hold, None, None) };
            assert!(voids(&answer(&mut rig, &asked(&commands), hold)).is_empty());
        }
        assert!(exit(&rig.candle("98.5")).is_some(), "{repeated}");
    }
}

#[test]
fn a_plan_that_cannot_be_followed_opens_nothing() {
    for text in [
        r#"{"invalidation": [{"below": ["close", "emma(3)"]}]}"#,
        r#"{"invalidation": [{"below": ["close", "sma(100)"]}]}"#,
        r#"{"invalidation": [{"add": [1, 2]}]}"#,
        r#"{"time_stop_candles": 0}"#,
        r#"{"trailing_stop": {"stop_distance": {"times": 2}}}"#,
    ] {
        let mut rig = loop_with(|_| {});
        let request = asked(&rig.candle("100"));
        let commands = answer(&mut rig, &request, buy(plan(text)));
        assert_eq!((submits(&commands).len(), voids(&commands)), (0, vec!["plan_void".to_owned()]), "{text}");
    }
}

fn engine() -> Engine {
    let mut config = DecisionLoopConfig::new(vec![btc()]);
    config.timeframes = vec![Timeframe::M1];
    config.every = Timeframe::M1;
    let mut engine = RigSetup::default().engine();
    let strategy = DecisionLoop::new("loop".parse().unwrap(), config).unwrap();
    engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
    engine
}

#[test]
fn plans_go_on_where_their_snapshot_stopped() {
    let mut rig = loop_with(|_| {});
    let text = r#"{
        "invalidation": [{"crosses_below": ["ema(3)", {"previous": ["sma(2)@3m", 2]}]}],
        "trailing_stop": {"atr": {"period": 3, "times": 2}}, "time_stop_candles": 6, "cooldown_candles": 1
    }"#;
    let mut exits = 0;
    for round in 0..6_i64 {
        let request = asked(&rig.candle("100"));
        if let [entry] = &submits(&answer(&mut rig, &request, buy(plan(text))))[..] {
            for order in submits(&rig.fill(entry, i64::try_from(entry.quantity.get()).unwrap(), "100")) {
                rig.ack(&order);
            }
        }
        for step in 0..9_i64 {
            let close = 100 + (step * 7 + round * 5) % 4;
            if let Some(order) = exit(&rig.candle(&close.to_string())) {
                rig.ack(&order);
                rig.fill(&order, i64::try_from(order.quantity.get()).unwrap(), &close.to_string());
                exits += 1;
            }
        }
    }
    assert!(exits >= 4, "{exits}");
    let records = std::mem::take(&mut rig.records);
    same_through_json(engine, &records, &|_, _| {});
}
