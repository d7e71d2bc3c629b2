//! The journal: one sequence of facts and intents.

use async_trait::async_trait;

use crate::command::CommandRecord;
use crate::error::StoreError;
use crate::event::EventRecord;

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
}

/// The end that a driver's own thread writes to.
///
/// # Contract
/// - Records come in ascending sequence; a number may be skipped only for rows of a `DataRef`.
/// - `append` may buffer. After `sync` returns, everything appended survives what the writer's
///   durability promises: a kill, or a power loss.
/// - After an error nothing more may be appended: the driver fails closed.
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
}

/// A journal in a store.
///
/// # Contract
/// - `append` is atomic and durable: all records or none.
/// - `read` returns records in sequence and checks the hash chain: a changed, inserted or dropped record
///   is [`StoreError::Corrupt`] and names the first one that does not fit.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends records in ascending sequence.
    async fn append(&self, records: &[JournalRecord]) -> Result<(), StoreError>;

    /// At most `limit` records from `from` on.
    async fn read(&self, from: u64, limit: usize) -> Result<Vec<JournalRecord>, StoreError>;

    /// Sequence number of the last record.
    async fn last_seq(&self) -> Result<Option<u64>, StoreError>;

    /// Keeps the engine's state as of a record; older checkpoints may be dropped.
    async fn put_checkpoint(&self, seq: u64, state: &str) -> Result<(), StoreError>;

    /// The newest checkpoint.
    async fn checkpoint(&self) -> Result<Option<(u64, String)>, StoreError>;
}
