//! Simulated time: a plain loop over candles, a simulated venue and the engine. Backtest, demo and paper on
//! recorded data are this loop; they differ in pace, journal and who watches.

mod checkpoint;
mod due;
mod past;

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::time::Duration;

use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_core::{
    CandleBatch, CandleParts, Command, CommandRecord, DecisionAnswer, DecisionOutcome, DecisionRequest,
    Event, EventRecord, FundingRate, Timeframe, Timestamp,
};
use qtp_exchange::candle_file::CandleSource;
use qtp_exchange::sim::SimVenue;

pub(super) use self::checkpoint::read_engine;
use self::due::Due;
use self::past::Past;
use super::{CommandHash, Observer};
use crate::engine::Engine;
use crate::error::EngineError;

/// Enough volume for any position, in the instant that closes it at the end of the data.
const STILL_VOLUME: i64 = 100_000_000_000_000;

/// Answers decision requests for a run in simulated time: the run waits for the answer.
pub type Decider = Box<dyn FnMut(&DecisionRequest) -> DecisionAnswer + Send>;

/// What a simulation is built from.
#[allow(missing_debug_implementations, reason = "it holds trait objects and is taken apart at once")]
pub struct SimulationSetup {
    /// The engine, with its strategies.
    pub engine: Engine,
    /// The venue.
    pub venue: SimVenue,
    /// Candles and funding.
    pub source: Box<dyn CandleSource>,
    /// Width of the candles that drive the venue.
    pub timeframe: Timeframe,
    /// Who answers decision requests; without one the answer is always hold.
    pub decider: Option<Decider>,
    /// Simulated time between a request and its answer.
    pub decision_delay: Duration,
    /// Where records go.
    pub journal: Option<Box<dyn JournalWriter>>,
    /// Whether candles are journaled; a `DataRef` stands for them otherwise.
    pub journal_candles: bool,
    /// Candles of the mark price, ascending; the venue takes its triggers and liquidations from them.
    pub marks: Vec<qtp_core::Candle>,
}

/// A run in simulated time.
///
/// An earlier part of the run is gone through again, record by record, before anything new happens: candles,
/// venue and engine are deterministic, so what they say must equal the journal. Only what came from outside
/// (decisions, operators, starts and stops) is taken from it.
pub struct Simulation {
    engine: Engine,
    venue: SimVenue,
    source: Box<dyn CandleSource>,
    timeframe: Timeframe,
    decider: Option<Decider>,
    decision_delay: Duration,
    journal: Option<Box<dyn JournalWriter>>,
    journal_candles: bool,
    marks: Peekable<std::vec::IntoIter<qtp_core::Candle>>,
    candles: EventRecord,
    now: Timestamp,
    next_seq: u64,
    queue: VecDeque<(Timestamp, Event)>,
    emitted: Vec<(Timestamp, Event)>,
    funding: Vec<FundingRate>,
    due: BTreeMap<(Timestamp, u64), Due>,
    next_due: u64,
    commands: Vec<Command>,
    hash: CommandHash,
    past: Option<Peekable<Past>>,
    past_decisions: BTreeMap<u64, DecisionOutcome>,
    /// Records from one checkpoint to the next; none are made at zero.
    checkpoint_every: u64,
    /// Number of the record behind the last checkpoint.
    checkpointed: u64,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation")
            .field("engine", &self.engine)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Simulation {
    /// A run before its first record.
    pub fn new(setup: SimulationSetup) -> Self {
        let event = Event::Candles(CandleBatch::default());
        let epoch = Timestamp::EPOCH;
        Self {
            engine: setup.engine,
            venue: setup.venue,
            source: setup.source,
            timeframe: setup.timeframe,
            decider: setup.decider,
            decision_delay: setup.decision_delay,
            journal: setup.journal,
            journal_candles: setup.journal_candles,
            marks: setup.marks.into_iter().peekable(),
            candles: EventRecord { seq: 0, event_time: epoch, receive_time: epoch, event },
            now: epoch,
            next_seq: 0,
            queue: VecDeque::new(),
            emitted: Vec::new(),
            funding: Vec::new(),
            due: BTreeMap::new(),
            next_due: 0,
            commands: Vec::new(),
            hash: CommandHash::default(),
            past: None,
            past_decisions: BTreeMap::new(),
            checkpoint_every: 0,
            checkpointed: 0,
        }
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The venue.
    pub const fn venue(&self) -> &SimVenue {
        &self.venue
    }

    /// Width of the candles that drive the venue.
    pub const fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// Simulated now.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Sequence number of the next record.
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Hash of all commands so far.
    pub const fn command_hash(&self) -> &CommandHash {
        &self.hash
    }

    /// Leaves out sequence numbers, for records that another run of the same has and this one does not write.
    pub const fn skip_records(&mut self, count: u64) {
        self.next_seq += count;
    }

    /// Takes in a fact from outside, now: a start, a stop, an operator's action.
    ///
    /// # Errors
    /// As [`Simulation::step`].
    pub fn inject(&mut self, event: Event, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.queue.push_back((self.now, event));
        self.drain(observer)
    }

    /// Goes on to the close of the next candles. Returns their close time, or `None` at the end of the data.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if a record could not be written: nothing leaves after that.
    /// [`EngineError::Difference`] if the past does not come out as the journal has it.
    pub fn step(&mut self, observer: &mut dyn Observer) -> Result<Option<Timestamp>, EngineError> {
        self.inject_past(observer)?;
        // Answers to what was injected come before the next candle, as they did the first time.
        self.drain(observer)?;
        let Event::Candles(batch) = &mut self.candles.event else { return Ok(None) };
        batch.candles.clear();
        let Some(close) = self.source.next_into(batch) else { return Ok(None) };
        let base = batch.candles.iter().find(|candle| candle.timeframe() == self.timeframe);
        let open = base.map_or(close - self.timeframe.as_duration(), qtp_core::Candle::open_time);
        if self.now == Timestamp::EPOCH {
            // The run began before its first candle closed.
            self.now = open;
        }
        self.run_due(open, observer)?;
        self.pay_funding(open, observer)?;
        while let Some(mark) = self.marks.next_if(|mark| mark.open_time() <= open) {
            self.venue.mark_candle(&mark);
        }
        self.drive_venue(SimVenue::open_candle);
        self.drain(observer)?;
        while self.due.first_key_value().is_some_and(|((time, _), _)| *time < close) {
            self.run_next_due(observer)?;
        }
        loop {
            self.drive_venue(SimVenue::close_candle);
            if self.queue.is_empty() {
                break;
            }
            self.drain(observer)?;
        }
        self.take_candles(close, observer)?;
        self.drain(observer)?;
        self.run_due(close, observer)?;
        self.checkpoint_if_due(observer)?;
        Ok(Some(close))
    }

    /// Closes all positions at the last closes, as if the market stood still for one more instant.
    ///
    /// # Errors
    /// As [`Simulation::step`].
    pub fn close_at_end(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.inject(Event::Operator(qtp_core::OperatorAction::Flatten), observer)?;
        let volume: qtp_core::Quantity = qtp_core::Quantity::new(STILL_VOLUME.into()).unwrap_or_default();
        for market in self.engine.state().market.iter() {
            let Some(price) = market.last() else { continue };
            let (instrument, open_time, timeframe) = (market.instrument().clone(), self.now, self.timeframe);
            let (open, high, low, close) = (price, price, price, price);
            let parts = CandleParts { instrument, timeframe, open_time, open, high, low, close, volume };
            if let Ok(still) = qtp_core::Candle::new(parts) {
                self.venue.open_candle(&still, &mut self.emitted);
            }
        }
        self.queue.extend(self.emitted.drain(..));
        self.drain(observer)
    }

    /// Makes everything journaled durable.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if that is not certain.
    pub fn sync(&mut self) -> Result<(), EngineError> {
        match &mut self.journal {
            Some(journal) => Ok(journal.sync()?),
            None => Ok(()),
        }
    }

    fn drive_venue(&mut self, phase: fn(&mut SimVenue, &qtp_core::Candle, &mut Vec<(Timestamp, Event)>)) {
        let Event::Candles(batch) = &self.candles.event else { return };
        for candle in batch.candles.iter().filter(|candle| candle.timeframe() == self.timeframe) {
            phase(&mut self.venue, candle, &mut self.emitted);
        }
        if !self.emitted.is_empty() {
            self.queue.extend(self.emitted.drain(..));
        }
    }

    /// Funding is paid on the position held before any fill at that instant.
    fn pay_funding(&mut self, until: Timestamp, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.source.funding_until(until, &mut self.funding);
        if self.funding.is_empty() {
            return Ok(());
        }
        for rate in std::mem::take(&mut self.funding) {
            let time = rate.time;
            let event = Event::FundingRate(rate);
            self.venue.on_market(&event, time, &mut self.emitted);
            self.queue.push_back((time, event));
            self.queue.extend(self.emitted.drain(..));
            self.drain(observer)?;
        }
        Ok(())
    }

    /// Delivers what the venue said, and what it says to the answers, until all is quiet.
    fn drain(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        while let Some((event_time, event)) = self.queue.pop_front() {
            self.inject_past(observer)?;
            self.now = self.now.max(event_time);
            let record = EventRecord { seq: self.next_seq, event_time, receive_time: self.now, event };
            self.deliver(&record, observer)?;
        }
        Ok(())
    }

    /// The batch stays where it is, so that a candle costs no allocation.
    fn take_candles(&mut self, close: Timestamp, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.inject_past(observer)?;
        self.now = self.now.max(close);
        let event = Event::Stopped(qtp_core::Reason::new(String::new(), String::new()));
        let placeholder = EventRecord { seq: 0, event_time: close, receive_time: close, event };
        let mut record = std::mem::replace(&mut self.candles, placeholder);
        (record.seq, record.event_time, record.receive_time) = (self.next_seq, close, self.now);
        let result = self.deliver(&record, observer);
        self.candles = record;
        result
    }

    /// One fact: journal, engine, journal, and only then the world.
    fn deliver(&mut self, record: &EventRecord, observer: &mut dyn Observer) -> Result<(), EngineError> {
        self.next_seq = record.seq + 1;
        let journaled = self.journal_candles || !matches!(record.event, Event::Candles(_));
        if journaled && (self.past.is_some() || self.journal.is_some()) {
            self.write(JournalRecord::Event(record.clone()))?;
        }
        let mut commands = std::mem::take(&mut self.commands);
        self.engine.process(record, &mut commands)?;
        observer.on_event(record, &self.engine);
        if !commands.is_empty() {
            self.carry_out(record, &commands, observer)?;
            commands.clear();
        }
        self.commands = commands;
        Ok(())
    }

    fn carry_out(
        &mut self,
        cause: &EventRecord,
        commands: &[Command],
        observer: &mut dyn Observer,
    ) -> Result<(), EngineError> {
        for command in commands {
            let seq = self.next_seq;
            self.next_seq += 1;
            self.hash.add(command);
            if self.past.is_some() || self.journal.is_some() {
                let (time, caused_by) = (cause.receive_time, cause.seq);
                self.write(JournalRecord::Command(CommandRecord {
                    seq,
                    time,
                    caused_by,
                    intent: command.intent(),
                }))?;
            }
            observer.on_command(seq, command, &self.engine);
        }
        if self.past.is_none() && commands.iter().any(Command::leaves) {
            self.sync()?;
        }
        for command in commands {
            self.dispatch(command);
        }
        self.queue.extend(self.emitted.drain(..));
        Ok(())
    }

    fn dispatch(&mut self, command: &Command) {
        match command {
            Command::Submit(group) => self.venue.submit(group.get(), self.now, &mut self.emitted),
            Command::Cancel(request) => self.venue.cancel(request, self.now, &mut self.emitted),
            Command::Modify(request) => self.venue.modify(request.get(), self.now, &mut self.emitted),
            Command::SetLeverage(request) => {
                self.venue.set_leverage(request.get(), self.now, &mut self.emitted)
            }
            Command::SetTimer(timer) => self.schedule(timer.at, Due::Timer(*timer)),
            Command::RequestDecision(request) => self.decide(request),
            _ => {}
        }
    }
}
