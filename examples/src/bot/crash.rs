//! Kills the process at a chosen point of the journal, so that recovery can be tested where it is hardest.

use std::str::FromStr;

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};

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
    /// A sync began and did not end.
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
        self.pass(Point::MidSync);
        self.inner.sync()?;
        self.sent = true;
        Ok(())
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
