//! Kills the process at a chosen point of the journal, so that recovery can be tested where it is hardest.

use std::io;
use std::str::FromStr;

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
}

impl FromStr for CrashPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = || format!("{text:?} is not after-append|after-send|before-ack|mid-sync:N");
        let (point, passing) = text.split_once(':').ok_or_else(usage)?;
        let point = match point {
            "after-append" => Point::AfterAppend,
            "after-send" => Point::AfterSend,
            "before-ack" => Point::BeforeAcknowledgement,
            "mid-sync" => Point::MidSync,
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
    passed: u64,
    sent: bool,
}

impl<J> CrashJournal<J> {
    pub(super) const fn new(inner: J, at: CrashPoint) -> Self {
        Self { inner, at, passed: 0, sent: false }
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
}

/// A sink whose N-th sync writes half of the bytes that wait for it and kills the process.
pub(super) struct TornSink<S> {
    inner: S,
    syncs_left: u64,
    /// The last write, held back so that it can be torn.
    waiting: Vec<u8>,
}

impl<S> TornSink<S> {
    pub(super) const fn new(inner: S, at_sync: u64) -> Self {
        Self { inner, syncs_left: at_sync, waiting: Vec::new() }
    }
}

impl<S: JournalSink> JournalSink for TornSink<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let before = std::mem::replace(&mut self.waiting, bytes.to_vec());
        self.inner.write(&before)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.syncs_left = self.syncs_left.saturating_sub(1);
        let bytes = std::mem::take(&mut self.waiting);
        if self.syncs_left > 0 {
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
fn kill() -> ! {
    let me = std::process::id().to_string();
    loop {
        // The signal is on its way when the command ends; waiting for it is all that is left.
        let _ = std::process::Command::new("kill").args(["-9", &me]).status();
    }
}
