//! The journal file of a run, and the copy of it that goes to the store.

use std::io;
use std::sync::mpsc::Sender;

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_store::{DiskSink, JournalSink};

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

/// Keeps bytes in memory until they are synced: killing the process then loses what a power cut would.
pub(super) struct VolatileSink {
    disk: DiskSink,
    unsynced: Vec<u8>,
}

impl VolatileSink {
    pub(super) const fn new(disk: DiskSink) -> Self {
        Self { disk, unsynced: Vec::new() }
    }
}

impl JournalSink for VolatileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsynced.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.write(&self.unsynced)?;
        self.unsynced.clear();
        self.disk.sync()
    }
}
