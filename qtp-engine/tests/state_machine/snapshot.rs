//! A restored engine goes on as the uninterrupted one.

use qtp_core::{Bracket, Command, EventRecord, OperatorAction, OrderRole};
use qtp_engine::strategy::{EmaCross, FileStrategy, Size};
use qtp_engine::{Approval, Engine, EngineConfig, EngineError, EngineSnapshot};

use crate::common::*;

/// Feeds the records into two engines, one of which goes through JSON before each record.
pub(crate) fn same_through_json(
    build: impl Fn() -> Engine,
    records: &[EventRecord],
    scripts: &dyn Fn(usize, &Engine),
) {
    let mut whole = build();
    let mut parts = build();
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            let text = serde_json::to_string(&parts.snapshot()).unwrap();
            let snapshot: EngineSnapshot = serde_json::from_str(&text).unwrap();
            parts = build();
            parts.restore(snapshot).unwrap();
        }
        let run = |engine: &mut Engine| {
            scripts(index, engine);
            let mut commands: Vec<Command> = Vec::new();
            engine.process(record, &mut commands).unwrap();
            serde_json::to_value(&commands).unwrap()
        };
        assert_eq!(run(&mut whole), run(&mut parts), "record {index}: {record:?}");
    }
    let state = |engine: &Engine| serde_json::to_value(engine.snapshot()).unwrap();
    assert_eq!(state(&whole), state(&parts));
}

fn ema() -> Engine {
    let mut engine = RigSetup::default().engine();
    let series = (btc(), qtp_core::Timeframe::M1);
    let strategy = EmaCross::new("ema".parse().unwrap(), series, (2, 4), Size::Units(units(3))).unwrap();
    engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
    engine
}

#[test]
fn an_average_goes_on_where_its_snapshot_stopped() {
    let mut rig = Rig::of(ema(), Script::default());
    let mut orders = 0;
    for step in 0..40_i64 {
        let close = 100 + (step * 37) % 23 - (step * 11) % 17;
        for order in submits(&rig.candle(&close.to_string())) {
            rig.ack(&order);
            rig.fill(&order, i64::try_from(order.quantity.get()).unwrap(), &close.to_string());
            orders += 1;
        }
    }
    assert!(orders > 4);
    let records = std::mem::take(&mut rig.records);
    same_through_json(ema, &records, &|_, _| {});
}

fn file() -> Engine {
    const TEXT: &str = r#"{
        "version": 1, "name": "file",
        "entry": {
            "long": {"crosses_above": ["ema(2)", "sma(2)@2m"]}, "short": {"crosses_below": ["ema(2)", "sma(2)@2m"]},
            "allow_flip": true
        },
        "exit": {"long": {"below": ["close", {"previous": ["low", 2]}]}},
        "time_stop_candles": 4
    }"#;
    let mut engine = RigSetup::default().engine();
    let series = (btc(), qtp_core::Timeframe::M1);
    let strategy = FileStrategy::parse("file".parse().unwrap(), series, TEXT, Size::Units(units(3))).unwrap();
    engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
    engine
}

#[test]
fn a_strategy_file_goes_on_where_its_snapshot_stopped() {
    let mut rig = Rig::of(file(), Script::default());
    let mut orders = 0;
    for step in 0..60_i64 {
        let close = 100 + (step * 37) % 23 - (step * 11) % 17;
        for order in submits(&rig.candle(&close.to_string())) {
            rig.ack(&order);
            rig.fill(&order, i64::try_from(order.quantity.get()).unwrap(), &close.to_string());
            orders += 1;
        }
    }
    assert!(orders > 6, "{orders}");
    let records = std::mem::take(&mut rig.records);
    same_through_json(file, &records, &|_, _| {});
}

#[test]
fn orders_stops_proposals_halts_and_timers_go_on_where_their_snapshot_stopped() {
    let config = EngineConfig { approval: Approval::Manual, ..EngineConfig::default() };
    let mut rig = Rig::with(RigSetup { config: config.clone(), ..RigSetup::default() });
    rig.target(10, bracket("90", "110"));
    let entry = one_submit(&rig.operator(OperatorAction::Approve(1)));
    rig.ack(&entry);
    let protection = submits(&rig.fill(&entry, 4, "100"));
    rig.reject(&protection[0]);
    let last = submits(&rig.fill(&entry, 6, "100"));
    let stop = last.iter().find(|order| order.role == OrderRole::Stop).unwrap();
    rig.pass(2);
    rig.ack(stop);
    rig.target(-5, Bracket::NONE);
    rig.operator(OperatorAction::Halt);
    rig.operator(OperatorAction::Approve(2));
    rig.operator(OperatorAction::Resume);
    rig.operator(OperatorAction::Flatten);
    let records = std::mem::take(&mut rig.records);
    // The strategy said its piece at the first candle and at the second one.
    let script = Script::default();
    let build = || {
        let config = config.clone();
        let mut engine = RigSetup { config, ..RigSetup::default() }.engine();
        let (id, script) = ("scripted".parse().unwrap(), script.clone());
        let strategy = Scripted { id, instrument: btc(), script, history: 20 };
        engine.add_strategy(&account_id(), Box::new(strategy)).unwrap();
        engine
    };
    let candles: Vec<usize> =
        (0..records.len()).filter(|at| records[*at].event.kind() == "candles").collect();
    let says = |index: usize, _: &Engine| {
        let (count, bracket) = match candles.iter().position(|at| *at == index) {
            Some(0) => (10, bracket("90", "110")),
            Some(_) => (-5, Bracket::NONE),
            None => return,
        };
        let target = qtp_core::Target::Quantity(units(count));
        let (instrument, reason) = (btc(), String::new());
        let signal = qtp_core::Signal { instrument, target, bracket, reason, decided: None };
        script.lock().unwrap().push(Say::Signal(signal));
    };
    assert_eq!(candles.len(), 2);
    same_through_json(build, &records, &says);
}

#[test]
fn a_snapshot_of_other_strategies_is_refused() {
    let snapshot = ema().snapshot();
    let mut other = Rig::new();
    let error = other.engine.restore(snapshot).unwrap_err();
    assert!(matches!(error, EngineError::Snapshot { .. }), "{error}");
}
