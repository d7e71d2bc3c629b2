//! The journal file: JSON lines, one record a line, hash-chained.

mod line;
mod reader;
pub(crate) mod recover;
pub(crate) mod sink;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};

pub use self::reader::{JournalReader, MAX_LINE};
pub use self::sink::{DiskSink, JournalSink};
use crate::chain::Chain;
use crate::error::io_error;

/// Buffered bytes that make `append` write.
pub(crate) const BUFFER: usize = 256 << 10;

/// What a synced record survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of this process, `kill -9` included: the operating system has the bytes.
    Os,
    /// A power loss too: the disk has the bytes. The default.
    #[default]
    Fsync,
}

/// What [`FileJournal::open`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    /// Records in the journal.
    pub records: u64,
    /// Number of the last one.
    pub last_seq: Option<u64>,
    /// Bytes of a torn tail that were cut off.
    pub cut_bytes: u64,
}

/// A journal in a file, for a driver's own thread.
///
/// ```
/// use qtp_core::port::{JournalRecord, JournalWriter as _};
/// use qtp_core::{Event, EventRecord, Reason, Timestamp};
/// use qtp_store::{Durability, FileJournal};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("journal.jsonl");
/// let record = JournalRecord::Event(EventRecord {
///     seq: 0,
///     event_time: Timestamp::EPOCH,
///     receive_time: Timestamp::EPOCH,
///     event: Event::Stopped(Reason::new("done", "all candles read")),
/// });
/// let mut journal = FileJournal::create(&path, Durability::Os)?;
/// journal.append(&record)?;
/// journal.sync()?;
///
/// let records = FileJournal::read(&path)?.collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(records, [record]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileJournal<S: JournalSink = DiskSink> {
    sink: S,
    buffer: Vec<u8>,
    chain: Chain,
    bytes: u64,
    failed: bool,
}

impl FileJournal {
    /// Starts a journal in a new file, and locks it against a second writer.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if the file exists (a journal is never overwritten) or cannot be made.
    pub fn create(path: impl AsRef<Path>, durability: Durability) -> Result<Self, StoreError> {
        let sink = DiskSink::create(path.as_ref(), durability);
        sink.map(|sink| Self::with_sink(sink, Chain::new()))
            .map_err(|e| located("create journal", path.as_ref(), e))
    }

    /// Goes on with an existing file: checks all of it and cuts off a torn tail, that is a last record that is
    /// incomplete or does not fit, with no whole record behind it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first damaged record if a whole one follows it;
    /// [`StoreError::Version`] if a newer version wrote it; [`StoreError::Backend`] if there is no such file or
    /// another writer has it open.
    pub fn open(path: impl AsRef<Path>, durability: Durability) -> Result<(Self, Recovery), StoreError> {
        let path = path.as_ref();
        let failed = |error| located("open journal", path, error);
        let sink = DiskSink::open(path, durability).map_err(failed)?;
        let found = recover::scan(Chain::new(), BufReader::with_capacity(BUFFER, sink.file()))?;
        let size = sink.file().metadata().map_err(failed)?.len();
        let cut_bytes = size.saturating_sub(found.length);
        if cut_bytes > 0 {
            sink.cut(found.length).map_err(failed)?;
        }
        let recovery = Recovery { records: found.records, last_seq: found.chain.last_seq(), cut_bytes };
        Ok((Self::with_sink(sink, found.chain), recovery))
    }

    /// Reads a journal from its start, checking each record. A writer may still have the file open.
    ///
    /// # Errors
    /// [`StoreError::Backend`] if the file cannot be opened. What is wrong inside it comes from the iterator.
    pub fn read(path: impl AsRef<Path>) -> Result<JournalReader<BufReader<File>>, StoreError> {
        let file =
            File::open(path.as_ref()).map_err(|error| located("read journal", path.as_ref(), error))?;
        Ok(JournalReader::new(BufReader::with_capacity(BUFFER, file)))
    }
}

impl<S: JournalSink> FileJournal<S> {
    /// A journal over a sink, behind the records that `chain` stands for.
    pub const fn with_sink(sink: S, chain: Chain) -> Self {
        Self { sink, buffer: Vec::new(), chain, bytes: 0, failed: false }
    }

    /// Where the journal stands, buffered records included.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Bytes appended since this value was made, buffered ones included.
    pub const fn appended_bytes(&self) -> u64 {
        self.bytes
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.sink.write(&self.buffer);
        self.buffer.clear();
        written
    }

    /// Refuses to go on after an error: behind a half-written record nothing could be read back.
    fn guard(&self, operation: &'static str) -> Result<(), StoreError> {
        if self.failed {
            Err(io_error(operation, io::Error::other("an earlier write failed")))
        } else {
            Ok(())
        }
    }
}

impl<S: JournalSink> JournalWriter for FileJournal<S> {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.guard("append to journal")?;
        let stored = self.chain.seal(record)?;
        let before = self.buffer.len();
        line::write_line(&stored, &mut self.buffer);
        self.bytes += (self.buffer.len() - before) as u64;
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        let flushed = self.flush();
        self.failed = flushed.is_err();
        flushed.map_err(|error| io_error("append to journal", error))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.guard("sync journal")?;
        let synced = self.flush().and_then(|()| self.sink.sync());
        self.failed = synced.is_err();
        synced.map_err(|error| io_error("sync journal", error))
    }
}

impl<S: JournalSink> Drop for FileJournal<S> {
    /// Hands over what is buffered. Nobody is left to hear of an error: `sync` is where to look for one.
    fn drop(&mut self) {
        if !self.failed {
            self.flush().ok();
        }
    }
}

/// An I/O error that names its file.
pub(crate) fn located(operation: &'static str, path: &Path, error: io::Error) -> StoreError {
    io_error(operation, io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
