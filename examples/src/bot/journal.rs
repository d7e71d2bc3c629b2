//! The journal file of a run, and the copy of it that goes to the store.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc::Sender;

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_store::JournalSink;

use super::projector::Write;

/// Writes to the file first; what is safe there goes on to the store.
pub(super) struct TeeJournal<J> {
    file: J,
    store: Sender<Write>,
    unsynced: Vec<JournalRecord>,
}

impl<J> TeeJournal<J> {
    pub(super) const fn new(file: J, store: Sender<Write>) -> Self {
        Self { file, store, unsynced: Vec::new() }
    }
}

impl<J: JournalWriter> JournalWriter for TeeJournal<J> {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.file.append(record)?;
        self.unsynced.push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync()?;
        // The store is a copy for people: if its thread is gone the journal still holds everything.
        let _ = self.store.send(Write::Records(std::mem::take(&mut self.unsynced)));
        Ok(())
    }
}

/// A file for crash tests. When volatile it keeps bytes in memory until they are synced: killing the process
/// then loses what a power cut would.
pub(super) struct TestSink {
    disk: File,
    volatile: bool,
    unsynced: Vec<u8>,
}

impl TestSink {
    pub(super) fn append_to(path: &Path, volatile: bool) -> io::Result<Self> {
        let disk = OpenOptions::new().append(true).open(path)?;
        disk.try_lock()?;
        Ok(Self { disk, volatile, unsynced: Vec::new() })
    }
}

impl JournalSink for TestSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.volatile {
            return self.disk.write_all(bytes);
        }
        self.unsynced.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.write_all(&self.unsynced)?;
        self.unsynced.clear();
        self.disk.sync_data()
    }
}
