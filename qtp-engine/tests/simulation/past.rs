//! A run that is cut anywhere and goes on, and a replay that finds what was altered.

use std::collections::BTreeMap;

use qtp_core::port::JournalRecord;
use qtp_core::{Event, Intent, OperatorAction, Reason};
use qtp_engine::EngineError;
use qtp_engine::driver::{NoObserver, Replay, ReplayOutcome, Simulation};

use crate::common::*;
use crate::run::*;

const CANDLES: i64 = 60;

fn short(journal_candles: bool) -> RunSetup {
    RunSetup { series: vec![candles(&btc(), CANDLES, 11)], journal_candles, ..RunSetup::default() }
}

/// An operator halts after candle 16, resumes after 30 and closes after 40.
fn drive(simulation: &mut Simulation) {
    drive_with(simulation, |step| match step {
        16 => Some(OperatorAction::Halt),
        30 => Some(OperatorAction::Resume),
        40 => Some(OperatorAction::Close(btc())),
        _ => None,
    });
}

fn drive_with(simulation: &mut Simulation, action: impl Fn(u32) -> Option<OperatorAction>) {
    if !simulation.in_past() {
        simulation.inject(started(), &mut NoObserver).unwrap();
    }
    let mut step = 0;
    while simulation.step(&mut NoObserver).unwrap().is_some() {
        step += 1;
        let Some(action) = action(step) else { continue };
        // What the past holds comes from there.
        if !simulation.in_past() {
            simulation.inject(Event::Operator(action), &mut NoObserver).unwrap();
        }
    }
}

#[test]
fn a_run_that_is_cut_at_any_record_reaches_the_same_state() {
    for journal_candles in [false, true] {
        let journal = Memory::default();
        let mut whole = short(journal_candles).journaled(&journal).simulation();
        drive(&mut whole);
        let expected = outcome(&whole);
        let records = journal.0.lock().unwrap().clone();
        assert!(records.len() > 100, "{}", records.len());
        for cut in 1..=records.len() {
            let rest = Memory::default();
            let mut resumed = short(journal_candles).journaled(&rest).simulation();
            let past = records[..cut].to_vec();
            resumed.set_past(past.into_iter().map(Ok), BTreeMap::new());
            drive(&mut resumed);
            assert_eq!(outcome(&resumed), expected, "cut at {cut} of {}", records.len());
            let mut joined = records[..cut].to_vec();
            joined.extend(rest.0.lock().unwrap().iter().cloned());
            assert!(joined == records, "the journal after a cut at {cut} is another one");
        }
    }
}

#[test]
fn what_a_halt_of_the_past_set_off_comes_before_the_next_candle() {
    let turning = || RunSetup {
        strategies: vec![Box::new(Turner { id: "turner", instrument: btc(), every: 1, seen: 0 })],
        ..short(false)
    };
    for at in 1..40 {
        // A flip that is cancelled leaves its close behind, which must meet the same open.
        let halt = |step| (step == at).then_some(OperatorAction::Halt);
        let journal = Memory::default();
        let mut whole = turning().journaled(&journal).simulation();
        drive_with(&mut whole, halt);
        let records = journal.0.lock().unwrap().clone();
        let operator = records.iter().position(
            |record| matches!(record, JournalRecord::Event(e) if matches!(e.event, Event::Operator(_))),
        );
        let cut = operator.unwrap() + 1;
        let mut resumed = turning().simulation();
        let past = records[..cut].to_vec();
        resumed.set_past(past.into_iter().map(Ok), BTreeMap::new());
        drive_with(&mut resumed, halt);
        assert_eq!(outcome(&resumed), outcome(&whole), "halted after candle {at}");
    }
}

#[test]
fn a_past_that_did_not_happen_is_refused_and_its_record_named() {
    let journal = Memory::default();
    run_quietly(short(false).journaled(&journal));
    let mut records = journal.0.lock().unwrap().clone();
    let at = records
        .iter()
        .position(|record| matches!(record, JournalRecord::Event(e) if matches!(e.event, Event::Fill(_))));
    let JournalRecord::Event(event) = &mut records[at.unwrap()] else { panic!() };
    let seq = event.seq;
    let Event::Fill(fill) = &mut event.event else { panic!() };
    fill.quantity = units(77);
    let mut resumed = short(false).simulation();
    resumed.set_past(records.into_iter().map(Ok), BTreeMap::new());
    let error = loop {
        match resumed.step(&mut NoObserver) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it went through"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EngineError::Difference { seq: found, .. } if found == seq), "{error}");
}

fn replay(records: &[JournalRecord]) -> ReplayOutcome {
    let setup = short(false);
    let source = Box::new(setup.feed());
    let mut replay = Replay::new(RunSetup::engine(setup.strategies), Some(source));
    for record in records {
        replay.record(record, &mut NoObserver).unwrap();
    }
    replay.finish(false, &mut NoObserver).unwrap()
}

#[test]
fn a_replay_gives_the_commands_and_the_state_of_its_run() {
    let journal = Memory::default();
    let simulation = run_quietly(short(false).journaled(&journal));
    let records = journal.0.lock().unwrap().clone();
    let replayed = replay(&records);
    assert!(replayed.first_difference.is_none(), "{:?}", replayed.first_difference);
    assert_eq!((replayed.differences, replayed.unwritten), (0, 0));
    assert_eq!(replayed.command_hash, simulation.command_hash().finish());
    let state = |engine: &qtp_engine::Engine| serde_json::to_value(engine.snapshot()).unwrap();
    assert_eq!(state(&replayed.engine), state(simulation.engine()));
}

#[test]
fn a_replay_names_a_command_that_was_altered() {
    let journal = Memory::default();
    run_quietly(short(false).journaled(&journal));
    let mut records = journal.0.lock().unwrap().clone();
    let at = records.iter().rposition(|record| matches!(record, JournalRecord::Command(_))).unwrap();
    let JournalRecord::Command(command) = &mut records[at] else { panic!() };
    let seq = command.seq;
    command.intent = Intent::Publish(qtp_core::Notice::Alert(Reason::new("forged", "")));
    let replayed = replay(&records);
    assert_eq!(replayed.differences, 1);
    let difference = replayed.first_difference.unwrap();
    assert!(matches!(difference, EngineError::Difference { seq: found, .. } if found == seq), "{difference}");
}

#[test]
fn a_replay_notices_a_fact_that_was_altered() {
    let journal = Memory::default();
    run_quietly(short(false).journaled(&journal));
    let mut records = journal.0.lock().unwrap().clone();
    let fills: Vec<usize> = (0..records.len())
        .filter(|at| matches!(&records[*at], JournalRecord::Event(e) if matches!(e.event, Event::Fill(_))))
        .collect();
    let JournalRecord::Event(event) = &mut records[fills[2]] else { panic!() };
    let seq = event.seq;
    let Event::Fill(fill) = &mut event.event else { panic!() };
    fill.quantity = units(1_000);
    let replayed = replay(&records);
    assert!(replayed.differences > 0);
    let difference = replayed.first_difference.unwrap();
    assert!(matches!(difference, EngineError::Difference { seq: found, .. } if found > seq), "{difference}");
}

#[test]
fn a_replay_without_the_last_commands_counts_them_as_unwritten() {
    let journal = Memory::default();
    run_quietly(short(false).journaled(&journal));
    let records = journal.0.lock().unwrap().clone();
    let caused = |at: usize| match (&records[at - 1], &records[at]) {
        (JournalRecord::Event(cause), JournalRecord::Command(command)) => command.caused_by == cause.seq,
        _ => false,
    };
    let at = (1..records.len()).rfind(|at| caused(*at)).unwrap();
    let replayed = replay(&records[..at]);
    assert!(replayed.first_difference.is_none());
    assert!(replayed.unwritten > 0);
}
