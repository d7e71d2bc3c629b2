//! A folder of segments behind the port of stores.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use qtp_core::StoreError;
use qtp_core::port::{Checkpoint, Journal, JournalRecord, JournalWriter as _};

use super::checkpoint;
use super::{FolderJournal, FolderReader, FolderSettings};
use crate::chain::Chain;

/// A [`FolderJournal`] as a [`Journal`]: each append is synced. Calls wait for the disk, as its writes are short.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use qtp_core::port::Journal as _;
/// use qtp_store::{FolderSettings, FolderStore};
/// let folder = tempfile::tempdir()?;
/// let journal = FolderStore::open(folder.path(), FolderSettings::default())?;
/// assert_eq!(journal.last_seq().await?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
    journal: Mutex<FolderJournal>,
}

impl FolderStore {
    /// Opens or makes the journal of a folder.
    ///
    /// # Errors
    /// As [`FolderJournal::open`].
    pub fn open(folder: impl AsRef<Path>, settings: FolderSettings) -> Result<Self, StoreError> {
        let (journal, _) = FolderJournal::open(&folder, settings)?;
        Ok(Self { folder: folder.as_ref().to_owned(), journal: Mutex::new(journal) })
    }

    /// A journal that failed refuses further records by itself.
    fn journal(&self) -> MutexGuard<'_, FolderJournal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain behind a record, which must be there.
    fn chain_at(&self, seq: u64) -> Result<Chain, StoreError> {
        let mut records = FolderJournal::read(&self.folder, seq)?;
        match records.next().transpose()? {
            Some(record) if record.seq() == seq => Ok(*FolderReader::chain(&records)),
            _ => Err(crate::error::no_record(seq)),
        }
    }
}

#[async_trait]
impl Journal for FolderStore {
    async fn append(&self, records: &[JournalRecord]) -> Result<(), StoreError> {
        let mut journal = self.journal();
        // All or none: what the chain refuses half-way must not have been written.
        let mut chain = *journal.chain();
        for record in records {
            chain.seal(record)?;
        }
        for record in records {
            journal.append(record)?;
        }
        journal.sync()
    }

    async fn read(&self, from: u64, limit: usize) -> Result<Vec<JournalRecord>, StoreError> {
        let _unchanged = self.journal();
        FolderJournal::read(&self.folder, from)?.take(limit).collect()
    }

    async fn last_seq(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.journal().chain().last_seq())
    }

    async fn put_checkpoint(&self, seq: u64, state: &str) -> Result<(), StoreError> {
        let mut journal = self.journal();
        let chain = self.chain_at(seq)?;
        journal.keep_checkpoint(&chain, state)
    }

    async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let _unchanged = self.journal();
        let (mut good, _) = FolderJournal::checkpoints_of(&self.folder)?;
        good.truncate(checkpoint::KEPT);
        Ok(good)
    }
}
