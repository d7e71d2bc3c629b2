//! One fact: journal, engine, journal, sync; what comes out may be carried out.

use std::sync::Arc;

use qtp_core::port::{Clock, JournalRecord, JournalWriter};
use qtp_core::{Command, CommandRecord, Event, EventRecord, Timestamp};

use crate::driver::{CommandHash, Observer};
use crate::engine::Engine;
use crate::error::EngineError;

/// The engine and what stands around it: journal, clock, observer.
pub(super) struct Core {
    pub(super) engine: Engine,
    pub(super) observer: Box<dyn Observer + Send>,
    journal: Box<dyn JournalWriter>,
    clock: Arc<dyn Clock>,
    now: Timestamp,
    pub(super) next_seq: u64,
    pub(super) hash: CommandHash,
    unsynced: bool,
    /// Something that must survive a power loss even if no command follows from it.
    owed: bool,
    clamped: u64,
}

impl Core {
    pub(super) fn new(
        engine: Engine,
        journal: Box<dyn JournalWriter>,
        clock: Arc<dyn Clock>,
        observer: Box<dyn Observer + Send>,
    ) -> Self {
        let hash = CommandHash::default();
        let now = Timestamp::EPOCH;
        Self {
            engine,
            observer,
            journal,
            clock,
            now,
            next_seq: 0,
            hash,
            unsynced: false,
            owed: false,
            clamped: 0,
        }
    }

    /// Our time: never goes back, whatever the clock does.
    pub(super) fn now(&mut self) -> Timestamp {
        let now = self.clock.now();
        if now < self.now {
            self.clamped += 1;
        }
        self.now = self.now.max(now);
        self.now
    }

    /// How often the clock stood before the last record.
    pub(super) const fn clamped(&self) -> u64 {
        self.clamped
    }

    /// A fact with the venue's time. Returns what may leave now.
    pub(super) fn take(&mut self, event_time: Timestamp, event: Event) -> Result<Vec<Command>, EngineError> {
        let receive_time = self.now();
        self.owed |= lasting(&event);
        let record = EventRecord { seq: self.next_seq, event_time, receive_time, event };
        self.next_seq += 1;
        let entry = JournalRecord::Event(record);
        self.journal.append(&entry)?;
        self.unsynced = true;
        let JournalRecord::Event(record) = entry else { return Ok(Vec::new()) };
        let mut commands = Vec::new();
        self.engine.process(&record, &mut commands)?;
        self.observer.on_event(&record, &self.engine);
        for command in &commands {
            self.note(&record, command)?;
        }
        if commands.iter().any(Command::leaves) {
            self.sync()?;
        }
        Ok(commands)
    }

    fn note(&mut self, cause: &EventRecord, command: &Command) -> Result<(), EngineError> {
        let seq = self.next_seq;
        self.next_seq += 1;
        self.hash.add(command);
        let (time, caused_by) = (cause.receive_time, cause.seq);
        let record = CommandRecord { seq, time, caused_by, intent: command.intent() };
        self.journal.append(&JournalRecord::Command(record))?;
        self.observer.on_command(seq, command, &self.engine);
        Ok(())
    }

    /// Takes in a record of an earlier part of the run: it is in the journal already.
    pub(super) fn retake(&mut self, record: &EventRecord) -> Result<Vec<Command>, EngineError> {
        let mut commands = Vec::new();
        self.engine.process(record, &mut commands)?;
        self.now = self.now.max(record.receive_time);
        self.next_seq = record.seq + 1;
        self.observer.on_event(record, &self.engine);
        Ok(commands)
    }

    /// A command of an earlier part of the run. With its cause it is written, else it is in the journal already.
    pub(super) fn renote(
        &mut self,
        cause: Option<&EventRecord>,
        command: &Command,
    ) -> Result<(), EngineError> {
        if let Some(cause) = cause {
            self.unsynced = true;
            return self.note(cause, command);
        }
        self.hash.add(command);
        self.observer.on_command(self.next_seq, command, &self.engine);
        self.next_seq += 1;
        Ok(())
    }

    /// Makes account facts, answers and operator actions durable that no command has made so.
    pub(super) fn sync_owed(&mut self) -> Result<(), EngineError> {
        if self.owed { self.sync() } else { Ok(()) }
    }

    /// Makes everything journaled durable.
    pub(super) fn sync(&mut self) -> Result<(), EngineError> {
        if self.unsynced {
            self.journal.sync()?;
        }
        (self.unsynced, self.owed) = (false, false);
        Ok(())
    }
}

/// True for facts that cannot be had again from the market.
const fn lasting(event: &Event) -> bool {
    !matches!(
        event,
        Event::Candles(_)
            | Event::CandleRevised(_)
            | Event::Trade(_)
            | Event::Quote(_)
            | Event::Book(_)
            | Event::Mark(_)
            | Event::FundingRate(_)
            | Event::OpenInterest(_)
            | Event::Gap(_)
            | Event::Timer(_)
    )
}
