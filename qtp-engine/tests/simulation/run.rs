//! Builds runs: candles from a seed, a venue, strategies, a journal in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use qtp_core::port::{JournalRecord, JournalWriter, Strategy};
use qtp_core::{
    Bracket, Candle, Command, Context, Decimal, Event, EventRecord, Instrument, InstrumentId, MarketTopic,
    Price, Ratio, Reason, RiskGate, RunStarted, StateBlob, StoreError, StrategyError, StrategyId, Target,
    Timeframe, Timestamp,
};
use qtp_engine::Engine;
use qtp_engine::driver::{NoObserver, Observer, Simulation, SimulationSetup};
use qtp_exchange::candle_file::CandleFeed;
use qtp_exchange::sim::{FeeModel, SimVenue, SimVenueConfig};
use qtp_risk::RiskLimits;

use crate::common::*;

pub(crate) type Records = Arc<Mutex<Vec<JournalRecord>>>;

/// A journal in memory.
#[derive(Debug, Default, Clone)]
pub(crate) struct Memory(pub(crate) Records);

impl JournalWriter for Memory {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.0.lock().unwrap().push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Prices that wander with a seed; each candle opens away from the last close.
pub(crate) fn candles(id: &InstrumentId, count: i64, seed: u64) -> Vec<Candle> {
    let mut state = seed | 1;
    let mut next = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % sides).unwrap()
    };
    let mut cents = 10_000_i64;
    let level = |cents: i64| Price::new(Decimal::new(cents, 2)).unwrap();
    let mut all = Vec::new();
    for index in 0..count {
        let open = (cents + next(41) - 20).max(1000);
        let close = (open + next(301) - 150).max(1000);
        let (high, low) = (open.max(close) + next(80), open.min(close) - next(80));
        let time = Timestamp::from_secs(MIDNIGHT + 60 * index);
        all.push(candle_of(id, time, [level(open), level(high), level(low), level(close)], 1000));
        cents = close;
    }
    all
}

/// Turns every few candles, with a stop and a target near the close.
#[derive(Debug)]
pub(crate) struct Turner {
    pub(crate) id: &'static str,
    pub(crate) instrument: InstrumentId,
    pub(crate) every: u64,
    pub(crate) seen: u64,
}

impl Strategy for Turner {
    fn id(&self) -> StrategyId {
        self.id.parse().unwrap()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), Timeframe::M1)]
    }

    fn save(&self) -> Option<StateBlob> {
        Some(StateBlob(self.seen.to_string()))
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.seen = state.0.parse().unwrap();
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.seen += 1;
        let turn = self.seen / self.every;
        let direction: i64 = [1, -1, 0, -1, 1][usize::try_from(turn % 5).unwrap()];
        let off = |by: i64| Price::new(candle.close().get() + Decimal::new(by * direction, 2)).ok();
        let bracket =
            if direction == 0 { Bracket::NONE } else { Bracket { stop: off(-130), target: off(170) } };
        if self.seen.is_multiple_of(self.every) {
            let target = Target::Quantity(units(direction * (1 + i64::try_from(turn % 3).unwrap())));
            context.set_target_with(&self.instrument, target, bracket, "turn");
        }
        Ok(())
    }
}

/// What a run is made of.
pub(crate) struct RunSetup {
    pub(crate) series: Vec<Vec<Candle>>,
    pub(crate) strategies: Vec<Box<dyn Strategy>>,
    pub(crate) venue: SimVenueConfig,
    pub(crate) journal: Option<Memory>,
    pub(crate) journal_candles: bool,
}

impl Default for RunSetup {
    fn default() -> Self {
        Self {
            series: vec![candles(&btc(), 120, 7)],
            strategies: vec![Box::new(Turner { id: "turner", instrument: btc(), every: 4, seen: 0 })],
            venue: SimVenueConfig {
                fees: FeeModel::flat(Ratio::from_bps(5.into()).unwrap()),
                ..Default::default()
            },
            journal: None,
            journal_candles: false,
        }
    }
}

impl RunSetup {
    pub(crate) fn journaled(self, journal: &Memory) -> Self {
        Self { journal: Some(journal.clone()), ..self }
    }

    pub(crate) fn feed(&self) -> CandleFeed {
        CandleFeed::new(self.series.clone()).unwrap()
    }

    pub(crate) fn engine(strategies: Vec<Box<dyn Strategy>>) -> Engine {
        let gate = RiskGate::new(RiskLimits::not_binding().build());
        let mut engine = RigSetup { gate, ..RigSetup::default() }.engine();
        for strategy in strategies {
            engine.add_strategy(&account_id(), strategy).unwrap();
        }
        engine
    }

    pub(crate) fn simulation(self) -> Simulation {
        let source = Box::new(self.feed());
        let portfolio = RigSetup::default().portfolio();
        let instruments = [btc(), eth()].map(|id| Instrument::unrestricted(id).unwrap());
        Simulation::new(SimulationSetup {
            engine: Self::engine(self.strategies),
            venue: SimVenue::new(self.venue, portfolio, instruments.into()).unwrap(),
            source,
            timeframe: Timeframe::M1,
            decider: None,
            decision_delay: std::time::Duration::ZERO,
            journal: self.journal.map(|journal| Box::new(journal) as Box<dyn JournalWriter>),
            journal_candles: self.journal_candles,
            marks: Vec::new(),
        })
    }
}

pub(crate) fn started() -> Event {
    Event::RunStarted(Box::new(RunStarted {
        version: "test".into(),
        run_id: qtp_core::RunId(7),
        seed: 0,
        configuration: serde_json::Value::Null,
        accounts: BTreeMap::new(),
    }))
}

/// Starts, goes to the end of the data and stops.
pub(crate) fn run(mut simulation: Simulation, observer: &mut dyn Observer) -> Simulation {
    simulation.inject(started(), observer).unwrap();
    while simulation.step(observer).unwrap().is_some() {}
    simulation.inject(Event::Stopped(Reason::new("end", "")), observer).unwrap();
    simulation
}

pub(crate) fn run_quietly(setup: RunSetup) -> Simulation {
    run(setup.simulation(), &mut NoObserver)
}

/// Keeps what went by.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) events: Vec<EventRecord>,
    pub(crate) commands: Vec<(u64, Command)>,
}

impl Observer for Tape {
    fn on_event(&mut self, record: &EventRecord, _: &Engine) {
        self.events.push(record.clone());
    }

    fn on_command(&mut self, seq: u64, command: &Command, _: &Engine) {
        self.commands.push((seq, command.clone()));
    }
}

/// Equity, positions, orders, targets and counters: all that a run comes to.
pub(crate) fn outcome(simulation: &Simulation) -> (String, String, serde_json::Value) {
    let engine = simulation.engine();
    let venue = serde_json::to_string(simulation.venue()).unwrap();
    (simulation.command_hash().finish(), venue, serde_json::to_value(engine.snapshot()).unwrap())
}
