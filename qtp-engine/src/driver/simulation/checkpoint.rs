//! A run as text, to go on from without its past: engine, venue, source, what is due, and who watches.

use qtp_core::Timestamp;
use qtp_core::port::JournalWriter;
use qtp_exchange::sim::SimVenue;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::due::Due;
use super::{Observer, Simulation};
use crate::driver::command_hash::SavedHash;
use crate::engine::EngineSnapshot;
use crate::error::EngineError;

/// Goes up with every change of what a checkpoint holds or means.
const FORM: u32 = 1;
/// Another version may have come to other commands, so its checkpoints are not taken.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A simulation between two steps. The venue is borrowed when written, and passed over where only the engine is
/// wanted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::driver) struct Saved<Venue> {
    form: u32,
    version: String,
    pub(in crate::driver) next_seq: u64,
    now: Timestamp,
    pub(in crate::driver) engine: EngineSnapshot,
    venue: Venue,
    source: Box<RawValue>,
    due: Vec<(Timestamp, u64, Due)>,
    next_due: u64,
    marks_left: usize,
    hash: SavedHash,
    observer: Box<RawValue>,
}

/// What is looked at first: the rest of another form cannot be read.
#[derive(Deserialize)]
struct Head {
    form: u32,
    version: String,
}

/// Reads a checkpoint's text.
pub(in crate::driver) fn read<Venue: DeserializeOwned>(text: &str) -> Result<Saved<Venue>, EngineError> {
    let refused = |problem: String| EngineError::Snapshot { problem };
    let head: Head = serde_json::from_str(text).map_err(|error| refused(format!("is torn: {error}")))?;
    if head.form != FORM {
        return Err(refused(format!("has form {}, this build reads {FORM}", head.form)));
    }
    if head.version != VERSION {
        return Err(refused(format!("is of engine {}, this is {VERSION}", head.version)));
    }
    serde_json::from_str(text).map_err(|error| refused(format!("cannot be read: {error}")))
}

/// Reads the engine of a checkpoint, for a replay that begins there.
pub(in crate::driver) fn read_engine(text: &str) -> Result<Saved<IgnoredAny>, EngineError> {
    read(text)
}

impl Simulation {
    /// Makes a checkpoint at the end of the first step that is this many records behind the last one. At zero,
    /// as in a new simulation, none are made.
    pub const fn set_checkpoint_every(&mut self, records: u64) {
        self.checkpoint_every = records;
    }

    /// Sets where records go from now on.
    pub fn set_journal(&mut self, journal: Box<dyn JournalWriter>) {
        self.journal = Some(journal);
    }

    /// The run as text, between two steps; `None` if source or observer cannot be saved.
    pub fn save(&self, observer: &mut dyn Observer) -> Option<String> {
        let saved = Saved {
            form: FORM,
            version: VERSION.to_owned(),
            next_seq: self.next_seq,
            now: self.now,
            engine: self.engine.snapshot(),
            venue: &self.venue,
            source: RawValue::from_string(self.source.save()?).ok()?,
            due: self.due.iter().map(|((time, order), due)| (*time, *order, due.clone())).collect(),
            next_due: self.next_due,
            marks_left: self.marks.len(),
            hash: self.hash.save(),
            observer: RawValue::from_string(observer.save()?).ok()?,
        };
        serde_json::to_string(&saved).ok()
    }

    /// Goes on where a simulation of the same setup was saved. Returns what its observer had saved.
    ///
    /// # Errors
    /// [`EngineError::Snapshot`] if the text is torn, of another version or of another run, and what the engine
    /// says of its part. The simulation is then not to be used.
    pub fn restore(&mut self, text: &str) -> Result<String, EngineError> {
        let refused = |problem: String| EngineError::Snapshot { problem };
        let saved: Saved<SimVenue> = read(text)?;
        if saved.venue.config() != self.venue.config() {
            return Err(refused("is of a venue with other settings".to_owned()));
        }
        self.source.restore(saved.source.get()).map_err(|error| refused(error.to_string()))?;
        self.engine.restore(saved.engine)?;
        self.hash.restore(&saved.hash).map_err(refused)?;
        self.venue = saved.venue;
        let passed = self.marks.len().saturating_sub(saved.marks_left);
        self.marks.by_ref().take(passed).for_each(drop);
        self.due = saved.due.into_iter().map(|(time, order, due)| ((time, order), due)).collect();
        (self.next_due, self.now) = (saved.next_due, saved.now);
        (self.next_seq, self.checkpointed) = (saved.next_seq, saved.next_seq);
        Ok(saved.observer.get().to_owned())
    }

    pub(super) fn checkpoint_if_due(&mut self, observer: &mut dyn Observer) -> Result<(), EngineError> {
        let every = self.checkpoint_every;
        if every == 0 || self.next_seq - self.checkpointed < every || self.in_past() {
            return Ok(());
        }
        // Also if it cannot be kept: then the next one has its turn.
        self.checkpointed = self.next_seq;
        self.sync()?;
        let Some(text) = self.save(observer) else {
            tracing::warn!("no checkpoint at record {}: its state cannot be saved now", self.next_seq);
            return Ok(());
        };
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.put_checkpoint(&text)
        {
            // The journal alone is the truth: without a checkpoint a restart takes longer, and that is all.
            tracing::warn!("the checkpoint at record {} was not kept: {error}", self.next_seq);
        }
        Ok(())
    }
}
