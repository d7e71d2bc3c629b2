//! A run that goes on from a checkpoint is the run that was never interrupted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_core::port::{JournalRecord, JournalWriter, Strategy};
use qtp_core::{
    Candle, Context, Event, EventRecord, MarketTopic, OperatorAction, StateBlob, StoreError, StrategyError,
    StrategyId, Target, Timeframe,
};
use qtp_engine::driver::{
    NoObserver, Observer, Recorder, RecorderSettings, RecorderState, Replay, Simulation,
};
use qtp_engine::stats::{DayCount, Keep};
use qtp_engine::{Engine, EngineError};

use crate::common::*;
use crate::run::*;

const CANDLES: i64 = 60;

fn short() -> RunSetup {
    let turner = Turner { id: "turner", instrument: btc(), every: 4, seen: 0 };
    RunSetup {
        series: vec![candles(&btc(), CANDLES, 11), candles(&eth(), CANDLES, 5)],
        strategies: vec![Box::new(turner), Box::new(Waiter { heard: 0 })],
        journal_candles: true,
        ..RunSetup::default()
    }
}

/// Sets a timer that is due in the midst of the next candle, and buys when it fires.
#[derive(Debug)]
struct Waiter {
    heard: u64,
}

impl Strategy for Waiter {
    fn id(&self) -> StrategyId {
        "waiter".parse().unwrap()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(eth(), Timeframe::M1)]
    }

    fn save(&self) -> Option<StateBlob> {
        Some(StateBlob(self.heard.to_string()))
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.heard = state.0.parse().unwrap();
        Ok(())
    }

    fn on_candle(&mut self, _: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        context.set_timer(self.heard, context.now() + Duration::from_secs(30));
        Ok(())
    }

    fn on_timer(&mut self, _: u64, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.heard += 1;
        context.set_target(&eth(), Target::Quantity(units(i64::try_from(self.heard % 3).unwrap())));
        Ok(())
    }
}

/// A journal that also keeps every checkpoint, with the number of records before it.
#[derive(Default, Clone)]
struct Keeping {
    records: Memory,
    states: Arc<Mutex<Vec<(usize, String)>>>,
    fails: bool,
}

impl JournalWriter for Keeping {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.records.append(record)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn put_checkpoint(&mut self, state: &str) -> Result<(), StoreError> {
        if self.fails {
            let source = "no room".into();
            return Err(StoreError::Backend { operation: "put checkpoint", retryable: false, source });
        }
        let records = self.records.0.lock().unwrap().len();
        self.states.lock().unwrap().push((records, state.to_owned()));
        Ok(())
    }
}

/// A recorder whose state goes into the checkpoints.
struct Watch(Recorder);

impl Watch {
    fn new(simulation: &Simulation) -> Self {
        let settings = RecorderSettings {
            keep: Keep::All,
            days: DayCount::Every,
            timeframe: Timeframe::M1,
            charts: true,
        };
        Self(Recorder::new(simulation.engine(), account_id(), settings))
    }

    fn state(&self) -> serde_json::Value {
        serde_json::to_value(self.0.save()).unwrap()
    }
}

impl Observer for Watch {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        self.0.on_event(record, engine);
    }

    fn on_command(&mut self, seq: u64, command: &qtp_core::Command, engine: &Engine) {
        self.0.on_command(seq, command, engine);
    }

    fn save(&mut self) -> Option<String> {
        serde_json::to_string(&self.0.save()).ok()
    }
}

/// Goes to the end; an operator halts and resumes on the way.
fn finish(simulation: &mut Simulation, watch: &mut Watch) {
    while simulation.step(watch).unwrap().is_some() {
        let minute = (simulation.now().as_secs() - MIDNIGHT) / 60;
        let action = match minute {
            16 => OperatorAction::Halt,
            30 => OperatorAction::Resume,
            _ => continue,
        };
        if !simulation.in_past() {
            simulation.inject(Event::Operator(action), watch).unwrap();
        }
    }
}

/// The whole run with a checkpoint after every step.
fn whole() -> (Keeping, Simulation, Watch) {
    let journal = Keeping::default();
    let mut simulation = short().simulation();
    simulation.set_journal(Box::new(journal.clone()));
    simulation.set_checkpoint_every(1);
    let mut watch = Watch::new(&simulation);
    simulation.inject(started(), &mut watch).unwrap();
    finish(&mut simulation, &mut watch);
    (journal, simulation, watch)
}

#[test]
fn a_run_that_goes_on_from_any_checkpoint_reaches_the_same_state_to_the_bit() {
    let (journal, simulation, watch) = whole();
    let expected = (outcome(&simulation), watch.state());
    let records = journal.records.0.lock().unwrap().clone();
    let states = journal.states.lock().unwrap().clone();
    assert_eq!(i64::try_from(states.len()).unwrap(), CANDLES);
    let mut random = 1_usize;
    for (at, text) in &states {
        // Some of the tail is there, and some of it is lost.
        random = random.wrapping_mul(25_214_903_917).wrapping_add(11) % 65_521;
        let until = at + random % (records.len() - at + 1);
        let rest = Memory::default();
        let mut resumed = short().journaled(&rest).simulation();
        let mut watch = Watch::new(&resumed);
        let observer: RecorderState = serde_json::from_str(&resumed.restore(text).unwrap()).unwrap();
        watch.0.restore(observer);
        assert_eq!(resumed.save(&mut watch).as_ref(), Some(text), "restored and saved again");
        let past = records[*at..until].to_vec();
        resumed.set_past(past.into_iter().map(Ok), BTreeMap::new());
        finish(&mut resumed, &mut watch);
        assert_eq!((outcome(&resumed), watch.state()), expected, "from {at}, journal to {until}");
        let rest = rest.0.lock().unwrap();
        assert!(records[until..] == rest[..], "from {at}: the journal behind {until} is another one");
    }
}

#[test]
fn a_tail_that_is_not_what_the_checkpoint_leads_to_is_a_difference() {
    let (journal, ..) = whole();
    let records = journal.records.0.lock().unwrap().clone();
    let (at, text) = journal.states.lock().unwrap()[20].clone();
    let mut resumed = short().simulation();
    resumed.restore(&text).unwrap();
    let mut tail = records[at..].to_vec();
    let fill = |record: &JournalRecord| matches!(record, JournalRecord::Event(e) if matches!(e.event, Event::Fill(_)));
    let place = tail.iter().position(fill).unwrap();
    let JournalRecord::Event(record) = &mut tail[place] else { return };
    let Event::Fill(changed) = &mut record.event else { return };
    changed.price = price("1");
    resumed.set_past(tail.into_iter().map(Ok), BTreeMap::new());
    let error = loop {
        match resumed.step(&mut NoObserver) {
            Ok(step) => assert!(step.is_some(), "the past ended without a difference"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EngineError::Difference { .. }), "{error}");
}

#[test]
fn a_checkpoint_of_another_version_form_run_or_half_of_one_is_refused() {
    let (journal, ..) = whole();
    let (_, text) = journal.states.lock().unwrap().last().unwrap().clone();
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    for (changed, why) in [
        (text.replacen("\"form\":1", "\"form\":2", 1), "form 2"),
        (text.replacen(&version, "\"version\":\"9.9.9\"", 1), "engine 9.9.9"),
        (text[..text.len() / 2].to_owned(), "torn"),
        (text.replacen("\"now\":", "\"then\":", 1), "cannot be read"),
    ] {
        let error = short().simulation().restore(&changed).unwrap_err();
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    let other = RunSetup { series: vec![candles(&btc(), 7, 11)], ..short() };
    let error = other.simulation().restore(&text).unwrap_err();
    assert!(error.to_string().contains("another length"), "{error}");
    let other = RunSetup { strategies: Vec::new(), ..short() };
    assert!(other.simulation().restore(&text).is_err(), "other strategies");
}

#[test]
fn a_checkpoint_that_cannot_be_kept_does_not_stop_the_run() {
    let journal = Keeping { fails: true, ..Keeping::default() };
    let mut simulation = short().simulation();
    simulation.set_journal(Box::new(journal.clone()));
    simulation.set_checkpoint_every(1);
    let mut watch = Watch::new(&simulation);
    simulation.inject(started(), &mut watch).unwrap();
    finish(&mut simulation, &mut watch);
    let (_, expected, _) = whole();
    assert_eq!(outcome(&simulation), outcome(&expected));
}

#[test]
fn checkpoints_are_as_far_apart_as_was_asked_and_none_is_made_in_the_past() {
    let (first, ..) = whole();
    let records = first.records.0.lock().unwrap().clone();
    let journal = Keeping::default();
    let mut simulation = short().simulation();
    simulation.set_journal(Box::new(journal.clone()));
    simulation.set_checkpoint_every(25);
    let half = records.len() / 2;
    let past = records[..half].to_vec();
    simulation.set_past(past.into_iter().map(Ok), BTreeMap::new());
    let mut watch = Watch::new(&simulation);
    finish(&mut simulation, &mut watch);
    let places: Vec<usize> = journal.states.lock().unwrap().iter().map(|(place, _)| place + half).collect();
    assert!(places.len() > 2 && places[0] >= half, "{places:?}");
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 25), "{places:?}");
}

#[test]
fn a_replay_that_begins_at_a_checkpoint_finds_no_difference_behind_it() {
    let (journal, simulation, _) = whole();
    let records = journal.records.0.lock().unwrap().clone();
    for (at, text) in journal.states.lock().unwrap().iter() {
        let mut replay = Replay::new(RunSetup::engine(short().strategies), None);
        assert_eq!(replay.begin_at(text).unwrap(), records[*at - 1].seq() + 1);
        for record in &records[*at..] {
            replay.record(record, &mut NoObserver).unwrap();
        }
        let replayed = replay.finish(false, &mut NoObserver).unwrap();
        assert_eq!((replayed.differences, replayed.unwritten), (0, 0), "{:?}", replayed.first_difference);
        let state = |engine: &Engine| serde_json::to_value(engine.snapshot()).unwrap();
        assert_eq!(state(&replayed.engine), state(simulation.engine()));
    }
}
