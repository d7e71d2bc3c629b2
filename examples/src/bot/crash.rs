//! Kills the process at a chosen point of the journal, so that recovery can be tested where it is hardest.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_store::JournalSink;

/// Where a run dies, and at which passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    point: Point,
    passing: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// A fact or intent was appended, and nothing was done about it.
    AfterAppend,
    /// Commands left, and nothing that came of them was appended.
    AfterSend,
    /// The venue's answer is known and not yet appended.
    BeforeAcknowledgement,
    /// A sync began and did not end: a part of what it should have written is in the file.
    MidSync,
    /// Journal and store are synced, and the checkpoint of that is not written.
    BeforeCheckpoint,
    /// A checkpoint has its name and not all of its bytes.
    MidCheckpoint,
}

const POINTS: &str = "after-append|after-send|before-ack|mid-sync|before-checkpoint|mid-checkpoint";

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = || format!("{text:?} is not {POINTS}:N");
        let (point, passing) = text.split_once(':').ok_or_else(usage)?;
        let point = match point {
            "after-append" => Point::AfterAppend,
            "after-send" => Point::AfterSend,
            "before-ack" => Point::BeforeAcknowledgement,
            "mid-sync" => Point::MidSync,
            "before-checkpoint" => Point::BeforeCheckpoint,
            "mid-checkpoint" => Point::MidCheckpoint,
            _ => return Err(usage()),
        };
        Ok(Self { point, passing: passing.parse().map_err(|_| usage())? })
    }
}

impl CrashPoint {
    /// The sync that is torn, if that is the point.
    pub(super) fn torn_sync(self) -> Option<u64> {
        (self.point == Point::MidSync).then_some(self.passing)
    }
}

/// A journal that kills its process at a point.
pub(super) struct CrashJournal<J> {
    inner: J,
    at: CrashPoint,
    folder: PathBuf,
    passed: u64,
    sent: bool,
}

impl<J> CrashJournal<J> {
    /// `folder` is that of the journal.
    pub(super) const fn new(inner: J, at: CrashPoint, folder: PathBuf) -> Self {
        Self { inner, at, folder, passed: 0, sent: false }
    }

    fn pass(&mut self, point: Point) {
        if self.at.point == point {
            self.passed += 1;
            if self.passed == self.at.passing {
                kill();
            }
        }
    }
}

impl<J: JournalWriter> JournalWriter for CrashJournal<J> {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        if std::mem::take(&mut self.sent) {
            // Between the sync before a send and the next record, the send took place.
            self.pass(Point::AfterSend);
        }
        if matches!(record, JournalRecord::Event(record) if record.event.kind() == "order_report") {
            self.pass(Point::BeforeAcknowledgement);
        }
        self.inner.append(record)?;
        self.pass(Point::AfterAppend);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.inner.sync()?;
        self.sent = true;
        Ok(())
    }

    fn put_checkpoint(&mut self, state: &str) -> Result<(), StoreError> {
        self.pass(Point::BeforeCheckpoint);
        self.inner.put_checkpoint(state)?;
        if self.at.point == Point::MidCheckpoint && self.passed + 1 == self.at.passing {
            tear_newest_checkpoint(&self.folder);
        }
        self.pass(Point::MidCheckpoint);
        Ok(())
    }
}

/// What a file system may leave that moves the name before the bytes.
fn tear_newest_checkpoint(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| path.to_string_lossy().contains("checkpoint-");
    if let Some(path) = entries.filter(is_one).max()
        && let Ok(bytes) = std::fs::read(&path)
    {
        let _ = std::fs::write(&path, bytes.get(..bytes.len() / 2).unwrap_or_default());
    }
}

/// A sink whose N-th sync writes half of the bytes that wait for it and kills the process.
pub(super) struct TornSink<S> {
    inner: S,
    /// Shared by the segments of a journal.
    syncs_left: Arc<AtomicU64>,
    /// The last write, held back so that it can be torn.
    waiting: Vec<u8>,
}

impl<S> TornSink<S> {
    pub(super) const fn new(inner: S, syncs_left: Arc<AtomicU64>) -> Self {
        Self { inner, syncs_left, waiting: Vec::new() }
    }
}

impl<S: JournalSink> JournalSink for TornSink<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let before = std::mem::replace(&mut self.waiting, bytes.to_vec());
        self.inner.write(&before)
    }

    fn sync(&mut self) -> io::Result<()> {
        let left = self.syncs_left.fetch_sub(1, Ordering::SeqCst);
        let bytes = std::mem::take(&mut self.waiting);
        if left > 1 {
            self.inner.write(&bytes)?;
            return self.inner.sync();
        }
        let mut half = bytes.len() / 2;
        // A record that ends where the tear is would be whole.
        while half > 0 && bytes.get(half - 1) == Some(&b'\n') {
            half -= 1;
        }
        self.inner.write(bytes.get(..half).unwrap_or_default())?;
        self.inner.sync()?;
        kill()
    }
}

/// Ends this process as `kill -9` does: nothing is flushed, no destructor runs.
pub(super) fn kill() -> ! {
    let me = std::process::id().to_string();
    loop {
        // The signal is on its way when the command ends; waiting for it is all that is left.
        let _ = std::process::Command::new("kill").args(["-9", &me]).status();
    }
}
