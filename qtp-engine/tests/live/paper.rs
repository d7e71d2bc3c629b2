//! Over a paper exchange the driver comes to what the simulation does.

use std::sync::Arc;

use qtp_core::port::{DecisionEngine, Execution as _, JournalRecord};
use qtp_core::{
    Decision, DecisionError, DecisionRequest, DecisionResult, Event, Fill, Intent, ModelCall, Notice,
    OrderRequest, Reason, Timeframe, Timestamp,
};
use qtp_engine::driver::live::LiveSetup;
use qtp_engine::driver::{NoObserver, Simulation, SimulationSetup};
use qtp_engine::strategy::{DecisionLoop, DecisionLoopConfig};
use qtp_exchange::candle_file::CandleFeed;

use crate::common::*;
use crate::rig::*;

fn orders(records: &[JournalRecord]) -> Vec<OrderRequest> {
    let order = |record: &JournalRecord| match record {
        JournalRecord::Command(command) => match &command.intent {
            Intent::Submit(group) => Some(group.first().clone()),
            _ => None,
        },
        JournalRecord::Event(_) => None,
    };
    records.iter().filter_map(order).collect()
}

fn fills(records: &[JournalRecord]) -> Vec<Fill> {
    let fill = |record: &JournalRecord| match record {
        JournalRecord::Event(record) => match &record.event {
            Event::Fill(fill) => Some(fill.clone()),
            _ => None,
        },
        JournalRecord::Command(_) => None,
    };
    records.iter().filter_map(fill).collect()
}

/// Names the first difference alone.
fn same<T: PartialEq + std::fmt::Debug>(ours: &[T], theirs: &[T]) {
    let differ = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
    assert_eq!(differ.map(|at| (at, &ours[at], &theirs[at])), None);
    assert_eq!(ours.len(), theirs.len());
}

/// Without protection the two fill models agree: every order and every fill is the same, fees and times of the venue
/// included. (With it they differ by design: a paper venue sees the whole candle that fills an entry before the stop
/// which answers the fill, so that the stop can fire in a later candle only.)
#[tokio::test(start_paused = true)]
async fn without_stops_orders_fills_and_equity_are_those_of_the_simulation() {
    let series = vec![candles(&btc(), 200, 7), candles(&eth(), 200, 8)];
    let strategies = || -> Vec<Box<dyn qtp_core::port::Strategy>> {
        vec![Box::new(Walker::plain()), Box::new(Walker { instrument: eth(), every: 4, ..Walker::plain() })]
    };
    let simulated = Durable::default();
    let mut simulation = Simulation::new(SimulationSetup {
        engine: engine_with(qtp_engine::EngineConfig { await_connection: false, ..config() }, strategies()),
        venue: venue(),
        source: Box::new(CandleFeed::new(series.clone()).unwrap()),
        timeframe: qtp_core::Timeframe::M1,
        decider: None,
        decision_delay: std::time::Duration::ZERO,
        journal: Some(Box::new(simulated.clone())),
        journal_candles: true,
        marks: Vec::new(),
    });
    simulation.inject(Event::RunStarted(Box::new(started())), &mut NoObserver).unwrap();
    while simulation.step(&mut NoObserver).unwrap().is_some() {}

    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = paper(Feed::new(&clock, &series));
    let outcome = run(setup(engine(strategies()), exchange.clone(), &clock, &journal)).await;
    let (live, simulated) = (journal.records(), simulated.records());
    // At its end the driver cancels what waits for the next candle; the simulation leaves it.
    let stopping = |record: &JournalRecord| {
        matches!(record, JournalRecord::Event(record)
            if matches!(&record.event, Event::Connection { reason, .. } if reason.code == "stopping"))
    };
    let before_stop = &live[..live.iter().position(stopping).unwrap()];
    assert!(fills(&live).len() > 60, "{}", fills(&live).len());
    same(&orders(before_stop), &orders(&simulated));
    same(&fills(&live), &fills(&simulated));
    assert_eq!(outcome.engine.equity(&account_id()), simulation.engine().equity(&account_id()));
    assert_eq!((outcome.unsettled, outcome.clamped), (0, 0));
    let venue = exchange.account_snapshot().await.unwrap();
    assert_eq!(&venue.balances, outcome.engine.state().account(&account_id()).unwrap().portfolio.balances());
    verify(engine(strategies()), &live, Some(&outcome));
}

#[tokio::test(start_paused = true)]
async fn a_run_with_stops_and_targets_replays_to_the_same_commands_and_state() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let strategy = || Box::new(Walker { bracket: true, ..Walker::plain() });
    let exchange = paper(Feed::new(&clock, &[candles(&btc(), 300, 3)]));
    let outcome = run(setup(engine(vec![strategy()]), exchange, &clock, &journal)).await;
    let naked = outcome.engine.naked_time(&account_id());
    assert!(naked < std::time::Duration::from_secs(1), "{naked:?}");
    let events = journal.events();
    assert!(events.iter().filter(|event| matches!(event, Event::Fill(_))).count() > 100);
    assert!(matches!(events.last(), Some(Event::Stopped(reason)) if reason.code == "market_ended"));
    verify(engine(vec![strategy()]), &journal.records(), Some(&outcome));
}

#[tokio::test(start_paused = true)]
async fn warm_up_makes_the_state_and_its_commands_are_discarded() {
    let clock = TokioClock::at(30);
    let journal = Durable::default();
    let feed = Feed::new(&clock, &[candles(&btc(), 60, 7)]);
    let strategy = || Box::new(Walker { warmup: 20, ..Walker::plain() });
    let outcome = run(setup(engine(vec![strategy()]), paper(feed), &clock, &journal)).await;
    assert_eq!(outcome.engine.discarded(), 6, "every third of twenty candles");
    let batches: Vec<bool> = journal
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Candles(batch) => Some(batch.warmup),
            _ => None,
        })
        .collect();
    assert_eq!((batches.iter().filter(|warmup| **warmup).count(), batches.len()), (20, 50));
    let first = orders(&journal.records())[0].clone();
    let caused = journal.records().into_iter().find_map(|record| match record {
        JournalRecord::Command(command) if matches!(command.intent, Intent::Submit(_)) => Some(command.time),
        _ => None,
    });
    assert!(caused.unwrap() > Timestamp::from_secs(MIDNIGHT + 30 * 60), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operator_acts_looks_and_stops() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let exchange = paper(Feed::new(&clock, &[candles(&btc(), 600, 7)]));
    let driver = qtp_engine::driver::live::LiveDriver::new(setup(
        engine(vec![Box::new(Walker::plain())]),
        exchange.clone(),
        &clock,
        &journal,
    ));
    let driver = driver.unwrap();
    let handle = driver.handle();
    let running = tokio::spawn(driver.run());
    pass(60 * 5 + 10).await;
    let position = handle.look(|engine| engine.state().accounts[0].portfolio.quantity(&btc())).await.unwrap();
    assert!(!position.is_zero());
    assert!(handle.act(qtp_core::OperatorAction::Flatten).await);
    let durable = journal.synced();
    let flatten = |record: &JournalRecord| matches!(record, JournalRecord::Event(record) if matches!(record.event, Event::Operator(_)));
    assert!(durable.iter().any(flatten));
    // The close fills at the open of the minute after it, which is known once that has passed.
    pass(130).await;
    let flat = exchange.account_snapshot().await.unwrap();
    assert!(flat.positions.is_empty(), "{:?}", flat.positions);
    assert!(handle.stop(qtp_core::Reason::new("operator", "enough")).await);
    let outcome = running.await.unwrap().unwrap();
    assert!(!handle.act(qtp_core::OperatorAction::Halt).await, "the run has ended");
    let halted = |record: &JournalRecord| {
        matches!(record, JournalRecord::Command(command)
            if matches!(&command.intent, Intent::Publish(Notice::Halted { reason, .. }) if reason.code == "stopping"))
    };
    assert!(journal.records().iter().any(halted));
    assert!(Arc::strong_count(&exchange) <= 3);
    verify(engine(vec![Box::new(Walker::plain())]), &journal.records(), Some(&outcome));
}

/// Is asked and never heard of again; what was asked may have been billed.
struct Silent;

#[async_trait::async_trait]
impl DecisionEngine for Silent {
    fn name(&self) -> &str {
        "silent"
    }

    async fn decide(&self, _: &DecisionRequest) -> Result<Decision, DecisionError> {
        std::future::pending().await
    }

    fn given_up(&self, request: u64) -> (Vec<ModelCall>, Vec<Reason>) {
        (Vec::new(), vec![Reason::new("asked", request.to_string())])
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_under_way_at_the_end_is_a_hold_with_what_was_asked() {
    let clock = TokioClock::at(0);
    let journal = Durable::default();
    let desk = || -> Vec<Box<dyn qtp_core::port::Strategy>> {
        let config = DecisionLoopConfig {
            timeframes: vec![Timeframe::M1],
            every: Timeframe::M1,
            history: 5,
            ..DecisionLoopConfig::new(vec![btc()])
        };
        vec![Box::new(DecisionLoop::new("desk".parse().unwrap(), config).unwrap())]
    };
    let exchange = paper(Feed::new(&clock, &[candles(&btc(), 20, 7)]));
    let setup =
        LiveSetup { decider: Some(Arc::new(Silent)), ..setup(engine(desk()), exchange, &clock, &journal) };
    let outcome = run(setup).await;
    let records = journal.records();
    let asked = |record: &&JournalRecord| matches!(record, JournalRecord::Command(command) if matches!(command.intent, Intent::RequestDecision(_)));
    let asked = records.iter().filter(asked).count();
    let answers: Vec<_> = journal
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Decision(outcome) => Some(outcome),
            _ => None,
        })
        .collect();
    let causes: Vec<_> = answers
        .iter()
        .map(|outcome| match &outcome.result {
            DecisionResult::Hold(reason) => reason.code.as_str(),
            DecisionResult::Decided(_) => "decided",
        })
        .collect();
    assert!(asked > 5 && answers.len() == asked, "{asked} questions: {causes:?}");
    assert_eq!(causes.last(), Some(&"stopped"));
    assert!(causes[..asked - 1].iter().all(|cause| *cause == "timeout"), "{causes:?}");
    let last = answers.last().unwrap();
    assert_eq!(last.findings, [Reason::new("asked", last.request.to_string())]);
    verify(engine(desk()), &records, Some(&outcome));
}
