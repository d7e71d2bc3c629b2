//! Rebuilds an engine from a journal and compares what it wants with what the journal holds.

use std::collections::VecDeque;

use qtp_core::port::JournalRecord;
use qtp_core::{CandleBatch, Command, CommandRecord, Event, EventRecord};
use qtp_exchange::candle_file::CandleSource;

use super::compare::{describe, same};
use super::simulation::read_engine;
use super::{CommandHash, Observer};
use crate::engine::Engine;
use crate::error::EngineError;

/// Feeds recorded facts to an engine. Commands are compared, never sent.
pub struct Replay {
    engine: Engine,
    /// Candles that a `DataRef` stands for.
    source: Option<Box<dyn CandleSource>>,
    expected: VecDeque<CommandRecord>,
    commands: Vec<Command>,
    hash: CommandHash,
    next_seq: u64,
    differences: u64,
    first_difference: Option<EngineError>,
    events: u64,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("engine", &self.engine)
            .field("next_seq", &self.next_seq)
            .finish_non_exhaustive()
    }
}

/// What a replay came to.
#[derive(Debug)]
pub struct ReplayOutcome {
    /// The rebuilt engine.
    pub engine: Engine,
    /// Facts taken in.
    pub events: u64,
    /// Commands compared.
    pub commands: u64,
    /// Hash of the commands.
    pub command_hash: String,
    /// How many records differ.
    pub differences: u64,
    /// The first of them.
    pub first_difference: Option<EngineError>,
    /// Commands of the last fact that the journal no longer holds: a crash came first.
    pub unwritten: u64,
}

impl Replay {
    /// A replay into a fresh engine with the same strategies and settings.
    pub fn new(engine: Engine, source: Option<Box<dyn CandleSource>>) -> Self {
        Self {
            engine,
            source,
            expected: VecDeque::new(),
            commands: Vec::new(),
            hash: CommandHash::default(),
            next_seq: 0,
            differences: 0,
            first_difference: None,
            events: 0,
        }
    }

    /// Begins behind a checkpoint instead of record 0, for a journal whose first records were dropped. Returns
    /// the number of the first record to take in. The hash of the commands then counts from there.
    ///
    /// # Errors
    /// [`EngineError::Snapshot`] if the checkpoint is not of this version or of another run.
    pub fn begin_at(&mut self, checkpoint: &str) -> Result<u64, EngineError> {
        let saved = read_engine(checkpoint)?;
        self.engine.restore(saved.engine)?;
        self.next_seq = saved.next_seq;
        Ok(saved.next_seq)
    }

    /// Takes in the next record of the journal.
    ///
    /// # Errors
    /// [`EngineError::OutOfSequence`] if records are missing that no `DataRef` explains.
    pub fn record(&mut self, record: &JournalRecord, observer: &mut dyn Observer) -> Result<(), EngineError> {
        while record.seq() > self.next_seq {
            self.missing_candles(record.seq(), observer)?;
        }
        match record {
            JournalRecord::Event(event) => self.event(event, observer),
            JournalRecord::Command(command) => {
                self.compare(command);
                self.next_seq = command.seq + 1;
                Ok(())
            }
        }
    }

    /// Ends the replay. With `to_the_end`, candles of a `DataRef` behind the last record are taken in too.
    ///
    /// # Errors
    /// What the engine says of a candle.
    pub fn finish(
        mut self,
        to_the_end: bool,
        observer: &mut dyn Observer,
    ) -> Result<ReplayOutcome, EngineError> {
        let unwritten = self.expected.len() as u64;
        self.next_seq += unwritten;
        self.expected.clear();
        while to_the_end && self.source.is_some() {
            if !self.next_candles(observer)? {
                break;
            }
            while let Some(extra) = self.expected.pop_front() {
                self.differ(extra.seq, "nothing".to_owned(), describe(&JournalRecord::Command(extra)));
            }
        }
        Ok(ReplayOutcome {
            engine: self.engine,
            events: self.events,
            commands: self.hash.count(),
            command_hash: self.hash.finish(),
            differences: self.differences,
            first_difference: self.first_difference,
            unwritten,
        })
    }

    /// The sequence skips a number: a command that did not come, or candles that were not journaled.
    fn missing_candles(&mut self, found: u64, observer: &mut dyn Observer) -> Result<(), EngineError> {
        if let Some(extra) = self.expected.pop_front() {
            self.next_seq = extra.seq + 1;
            self.differ(extra.seq, "nothing".to_owned(), describe(&JournalRecord::Command(extra)));
            return Ok(());
        }
        if self.next_candles(observer)? {
            return Ok(());
        }
        Err(EngineError::OutOfSequence { seq: found, last: self.next_seq.saturating_sub(1) })
    }

    fn next_candles(&mut self, observer: &mut dyn Observer) -> Result<bool, EngineError> {
        let mut batch = CandleBatch::default();
        let Some(close) = self.source.as_mut().and_then(|source| source.next_into(&mut batch)) else {
            return Ok(false);
        };
        let receive_time = self.engine.state().now.max(close);
        let event = Event::Candles(batch);
        let record = EventRecord { seq: self.next_seq, event_time: close, receive_time, event };
        self.event(&record, observer)?;
        Ok(true)
    }

    fn event(&mut self, record: &EventRecord, observer: &mut dyn Observer) -> Result<(), EngineError> {
        while let Some(extra) = self.expected.pop_front() {
            self.differ(extra.seq, "nothing".to_owned(), describe(&JournalRecord::Command(extra)));
        }
        self.events += 1;
        self.next_seq = record.seq + 1;
        let mut commands = std::mem::take(&mut self.commands);
        self.engine.process(record, &mut commands)?;
        observer.on_event(record, &self.engine);
        for (offset, command) in commands.iter().enumerate() {
            self.hash.add(command);
            let seq = record.seq + 1 + offset as u64;
            observer.on_command(seq, command, &self.engine);
            let (time, caused_by) = (record.receive_time, record.seq);
            self.expected.push_back(CommandRecord { seq, time, caused_by, intent: command.intent() });
        }
        commands.clear();
        self.commands = commands;
        Ok(())
    }

    fn compare(&mut self, stored: &CommandRecord) {
        match self.expected.pop_front() {
            Some(replayed) => {
                let (stored, replayed) =
                    (JournalRecord::Command(stored.clone()), JournalRecord::Command(replayed));
                if !same(&stored, &replayed) {
                    self.differ(stored.seq(), describe(&stored), describe(&replayed));
                }
            }
            None => {
                let recorded = describe(&JournalRecord::Command(stored.clone()));
                self.differ(stored.seq, recorded, "nothing".to_owned());
            }
        }
    }

    fn differ(&mut self, seq: u64, recorded: String, replayed: String) {
        self.differences += 1;
        if self.first_difference.is_none() {
            self.first_difference = Some(EngineError::Difference { seq, recorded, replayed });
        }
    }
}
