//! A journal in a folder of segments, for runs that go on for months.
//!
//! ```text
//! journal/000001.jsonl.gz  000002.jsonl.gz  000003.jsonl   index.json   checkpoint-00000000000000012345.json
//! ```
//!
//! The last segment is open; the closed ones are packed. The chain goes through all of them: each segment is a
//! part of the same journal file.

mod checkpoint;
mod index;
mod open;
mod packer;
mod reader;
mod retain;
mod store;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use qtp_core::port::{Checkpoint, Clock as _, JournalRecord, JournalWriter, SystemClock};
use qtp_core::{StoreError, Timestamp};

use self::index::{Closed, Index, Mark, plain};
pub use self::open::FolderFound;
use self::packer::Packer;
pub use self::reader::FolderReader;
pub use self::store::FolderStore;
use crate::chain::Chain;
use crate::error::io_error;
use crate::file::sink::sync_folder;
use crate::file::{DiskSink, Durability, FileJournal, JournalSink, located};

/// How a folder journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderSettings {
    /// What a synced record survives.
    pub durability: Durability,
    /// A segment is closed when it has this many bytes.
    pub segment_bytes: u64,
    /// Group commit: a record waits no longer than this for a sync, if others follow it. One that waits
    /// alone is synced by its driver.
    pub commit_delay: Duration,
    /// Closed segments are dropped, oldest first, while they take more than this on the disk.
    pub keep_bytes: Option<u64>,
    /// Closed segments are dropped once the newest record is this much younger than all of theirs.
    pub keep_age: Option<Duration>,
}

impl Default for FolderSettings {
    /// Durable across a power loss, segments of 16 MiB, one second, and nothing is dropped.
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            segment_bytes: 16 << 20,
            commit_delay: Duration::from_secs(1),
            keep_bytes: None,
            keep_age: None,
        }
    }
}

/// Opens the end of an existing file for appending. A test can put a sink of its own in here.
pub type SinkFactory = Box<dyn Fn(&Path) -> io::Result<Box<dyn JournalSink>> + Send>;

/// A journal in a folder of segments, for a driver's own thread.
///
/// Only segments whose every record is older than the oldest kept checkpoint are ever dropped.
///
/// ```
/// use qtp_core::port::{JournalRecord, JournalWriter as _};
/// use qtp_core::{Event, EventRecord, Reason, Timestamp};
/// use qtp_store::{FolderJournal, FolderSettings};
///
/// let folder = tempfile::tempdir()?;
/// let record = JournalRecord::Event(EventRecord {
///     seq: 0,
///     event_time: Timestamp::EPOCH,
///     receive_time: Timestamp::EPOCH,
///     event: Event::Stopped(Reason::new("done", "all candles read")),
/// });
/// let (mut journal, found) = FolderJournal::open(folder.path(), FolderSettings::default())?;
/// assert_eq!(found.last_seq, None);
/// journal.append(&record)?;
/// journal.put_checkpoint("a state as of record 0")?;
/// drop(journal);
///
/// let (_journal, found) = FolderJournal::open(folder.path(), FolderSettings::default())?;
/// assert_eq!(found.last_seq, Some(0));
/// assert_eq!(found.checkpoints[0].state, "a state as of record 0");
/// let records = FolderJournal::read(folder.path(), 0)?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(records, [record]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FolderJournal {
    folder: PathBuf,
    settings: FolderSettings,
    sinks: SinkFactory,
    index: Index,
    file: FileJournal<Box<dyn JournalSink>>,
    /// Bytes that the open segment had when it was opened.
    found_bytes: u64,
    /// Since when a record waits for a sync.
    waiting: Option<Timestamp>,
    /// Receive time of the last record.
    newest: Timestamp,
    /// Records of the checkpoints that are known to be good.
    kept: Vec<u64>,
    packer: Packer,
    /// A rotation did not come to its end: what the index says is then not known.
    failed: bool,
    /// One writer a folder, whichever segment is open.
    _lock: File,
}

impl FolderJournal {
    /// Goes on with the journal of a folder, which is made if there is none. Only the open segment is read
    /// through, and only there a torn tail is cut off.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first damaged record of the open segment if a whole one follows it, or
    /// says what of the folder is missing; [`StoreError::Version`] if a newer version wrote it;
    /// [`StoreError::Backend`] if the folder cannot be used or another writer has it open.
    pub fn open(
        folder: impl AsRef<Path>,
        settings: FolderSettings,
    ) -> Result<(Self, FolderFound), StoreError> {
        let durability = settings.durability;
        let disk = move |path: &Path| -> io::Result<Box<dyn JournalSink>> {
            Ok(Box::new(DiskSink::open(path, durability)?))
        };
        Self::open_with(folder, settings, Box::new(disk))
    }

    /// Reads records from `from` on, checking each. A writer may still have the folder open.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the records at `from` were dropped; [`StoreError::Backend`] if the folder
    /// cannot be read. What is wrong inside it comes from the iterator.
    pub fn read(folder: impl AsRef<Path>, from: u64) -> Result<FolderReader, StoreError> {
        let folder = folder.as_ref();
        FolderReader::new(folder, open::load_index(folder)?, from)
    }

    /// True if this folder holds a journal.
    pub fn is_one(folder: impl AsRef<Path>) -> bool {
        let folder = folder.as_ref();
        plain(folder, 1).exists() || index::packed(folder, 1).exists() || Index::path(folder).exists()
    }

    /// The last record that retention dropped; `None` while all are there.
    ///
    /// # Errors
    /// As [`FolderJournal::read`].
    pub fn dropped(folder: impl AsRef<Path>) -> Result<Option<u64>, StoreError> {
        Ok(open::load_index(folder.as_ref())?.dropped.map(|dropped| dropped.end.last))
    }

    /// Record 0, which outlives its segment; `None` in an empty journal.
    ///
    /// # Errors
    /// As [`FolderJournal::read`]; [`StoreError::Corrupt`] if it is damaged.
    pub fn first(folder: impl AsRef<Path>) -> Result<Option<JournalRecord>, StoreError> {
        let index = open::load_index(folder.as_ref())?;
        match &index.dropped {
            Some(dropped) => crate::JournalReader::new(dropped.start.as_bytes()).next().transpose(),
            None => FolderReader::new(folder.as_ref(), index, 0)?.next().transpose(),
        }
    }

    /// The checkpoints of a folder that fit its journal, newest first, and why others do not.
    ///
    /// # Errors
    /// As [`FolderJournal::read`].
    pub fn checkpoints_of(folder: impl AsRef<Path>) -> Result<(Vec<Checkpoint>, Vec<String>), StoreError> {
        let folder = folder.as_ref();
        open::checkpoints(folder, &open::load_index(folder)?)
    }

    /// Where the journal stands, buffered records included.
    pub const fn chain(&self) -> &Chain {
        self.file.chain()
    }

    /// Keeps a state as of the record that `chain` ends with, and drops what is not among the newest.
    fn keep_checkpoint(&mut self, chain: &Chain, state: &str) -> Result<(), StoreError> {
        let Some(seq) = chain.last_seq() else { return Ok(()) };
        checkpoint::put(&self.folder, chain, state, self.settings.durability)?;
        self.kept.retain(|kept| *kept != seq);
        self.kept.push(seq);
        self.kept.sort_unstable_by(|one, other| other.cmp(one));
        self.kept.truncate(checkpoint::KEPT);
        for (seq, path) in checkpoint::list(&self.folder)? {
            if !self.kept.contains(&seq) {
                fs::remove_file(&path).map_err(|error| located("drop checkpoint", &path, error))?;
            }
        }
        self.retain()
    }

    /// Closes the open segment and begins the next one.
    fn rotate(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        let Some(end) = Mark::of(self.file.chain()) else { return Ok(()) };
        let number = self.index.active();
        self.index.closed.push(Closed { number, end, time: self.newest });
        self.index.save(&self.folder, self.settings.durability)?;
        let next = plain(&self.folder, self.index.active());
        create(&next, self.settings.durability)?;
        let sink = (self.sinks)(&next).map_err(|error| located("open journal", &next, error))?;
        self.file = FileJournal::with_sink(sink, *self.file.chain());
        self.found_bytes = 0;
        self.packer.pack(number);
        self.retain()
    }
}

impl JournalWriter for FolderJournal {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        if self.failed {
            return Err(io_error("append to journal", io::Error::other("an earlier rotation failed")));
        }
        if self.found_bytes + self.file.appended_bytes() >= self.settings.segment_bytes {
            self.failed = true;
            self.rotate()?;
            self.failed = false;
        }
        self.file.append(record)?;
        self.newest = self.newest.max(match record {
            JournalRecord::Event(record) => record.receive_time,
            JournalRecord::Command(record) => record.time,
        });
        let now = SystemClock.now();
        if now.since(*self.waiting.get_or_insert(now)) >= self.settings.commit_delay {
            return self.sync();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_none() {
            return Ok(());
        }
        self.file.sync()?;
        self.waiting = None;
        Ok(())
    }

    fn put_checkpoint(&mut self, state: &str) -> Result<(), StoreError> {
        self.sync()?;
        let chain = *self.file.chain();
        self.keep_checkpoint(&chain, state)
    }
}

impl std::fmt::Debug for FolderJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderJournal")
            .field("folder", &self.folder)
            .field("chain", self.file.chain())
            .finish_non_exhaustive()
    }
}

/// A new, empty segment. A crash may have left one.
fn create(path: &Path, durability: Durability) -> Result<(), StoreError> {
    let made = || {
        File::options().create(true).append(true).open(path)?;
        if durability == Durability::Fsync { sync_folder(path) } else { Ok(()) }
    };
    made().map_err(|error| located("create journal", path, error))
}
