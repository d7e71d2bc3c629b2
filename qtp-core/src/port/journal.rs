//! The journal: one sequence of facts and intents.

use async_trait::async_trait;

use crate::command::CommandRecord;
use crate::error::StoreError;
use crate::event::EventRecord;
use crate::time::Timestamp;

/// One entry of the sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalRecord {
    /// A fact.
    Event(EventRecord),
    /// An intent.
    Command(CommandRecord),
}

impl JournalRecord {
    /// Sequence number.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Event(record) => record.seq,
            Self::Command(record) => record.seq,
        }
    }

    /// When the run knew of it.
    pub const fn time(&self) -> Timestamp {
        match self {
            Self::Event(record) => record.receive_time,
            Self::Command(record) => record.time,
        }
    }
}

/// A state of a run as of a record of its journal, to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last record that the state has seen.
    pub seq: u64,
    /// What the driver wrote.
    pub state: String,
}

/// The end that a driver's own thread writes to.
///
/// # Contract
/// - Records come in ascending sequence; a number may be skipped only for rows of a `DataRef`.
/// - `append` may buffer. After `sync` returns, everything appended survives what the writer's
///   durability promises: a kill, or a power loss.
/// - After an error nothing more may be appended: the driver fails closed.
/// - A checkpoint is never trusted over the journal: a writer ties it to the chain, and gives it out again only
///   while the chain still has that record. One that could not be kept costs nothing but a longer restart.
pub trait JournalWriter: Send {
    /// Appends one record.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be taken.
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError>;

    /// Makes everything appended durable.
    ///
    /// # Errors
    /// [`StoreError`] if that is not certain.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// Keeps a state as of the last appended record, behind a sync of it. A writer without a place for
    /// checkpoints keeps nothing.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be kept. Records may still be appended, unless the sync failed.
    fn put_checkpoint(&mut self, state: &str) -> Result<(), StoreError> {
        let _ = state;
        Ok(())
    }
}

/// A journal in a store.
///
/// # Contract
/// - `append` is atomic and durable: all records or none.
/// - `read` returns records in sequence and checks the hash chain: a changed, inserted or dropped record
///   is [`StoreError::Corrupt`] and names the first one that does not fit.
/// - A checkpoint belongs to a record by number and hash. The two newest are kept; one whose record is not
///   there, or is another one now, is not given out.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends records in ascending sequence.
    async fn append(&self, records: &[JournalRecord]) -> Result<(), StoreError>;

    /// At most `limit` records from `from` on.
    async fn read(&self, from: u64, limit: usize) -> Result<Vec<JournalRecord>, StoreError>;

    /// Sequence number of the last record.
    async fn last_seq(&self) -> Result<Option<u64>, StoreError>;

    /// Keeps a state as of a record of this journal. Putting one of the same record again replaces it.
    async fn put_checkpoint(&self, seq: u64, state: &str) -> Result<(), StoreError>;

    /// The checkpoints that fit the journal, newest first, at most two.
    async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError>;
}
