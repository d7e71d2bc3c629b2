//! The journal of a run, and the copy of it that goes to the store.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Sender;

use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter};
use qtp_store::{FolderFound, FolderJournal, JournalSink, SinkFactory};

use super::args::BotArgs;
use super::crash::{CrashJournal, CrashPoint, TornSink};
use super::folder::RunFolder;
use super::settings::BotSettings;
use super::store::Write;
use crate::exit::Failure;

/// The journal of a run, locked: a second bot on the same folder ends here, before it touched anything.
pub(super) fn open(
    args: &BotArgs,
    folder: &RunFolder,
    settings: &BotSettings,
) -> Result<(FolderJournal, FolderFound), Failure> {
    take_over_old(folder)?;
    let (path, settings) = (folder.journal(), settings.journal.folder_settings(settings.trading.mode));
    let torn = args.crash_at.and_then(CrashPoint::torn_sync);
    let (journal, found) = if args.lose_unsynced || torn.is_some() {
        FolderJournal::open_with(path, settings, test_sinks(args.lose_unsynced, torn))?
    } else {
        FolderJournal::open(path, settings)?
    };
    if found.cut_bytes > 0 {
        eprintln!("journal: cut a torn tail of {} bytes", found.cut_bytes);
    }
    Ok((journal, found))
}

/// The journal file of an older version becomes the first segment: its bytes are the same.
fn take_over_old(folder: &RunFolder) -> Result<(), Failure> {
    let (old, new) = (folder.old_journal(), folder.journal());
    if !old.exists() || FolderJournal::is_one(&new) {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", old.display());
    let file = File::open(&old).map_err(|error| failed(&error))?;
    file.try_lock().map_err(|_| failed(&"another writer has this journal open"))?;
    std::fs::create_dir_all(&new).map_err(|error| failed(&error))?;
    std::fs::rename(&old, new.join("000001.jsonl")).map_err(|error| failed(&error))?;
    Ok(())
}

/// What the driver writes to.
pub(super) fn writer(
    args: &BotArgs,
    folder: &RunFolder,
    journal: FolderJournal,
    store: Sender<Write>,
) -> Box<dyn JournalWriter> {
    let tee = TeeJournal::new(journal, store);
    match args.crash_at {
        Some(point) => Box::new(CrashJournal::new(tee, point, folder.journal())),
        None => Box::new(tee),
    }
}

fn test_sinks(volatile: bool, torn: Option<u64>) -> SinkFactory {
    let torn = torn.map(|sync| Arc::new(AtomicU64::new(sync)));
    Box::new(move |path| {
        let sink = TestSink::append_to(path, volatile)?;
        Ok(match &torn {
            Some(syncs) => Box::new(TornSink::new(sink, Arc::clone(syncs))),
            None => Box::new(sink),
        })
    })
}

/// Most records that wait for a sync.
const GROUP: usize = 1_000;

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
        if self.unsynced.len() >= GROUP { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync()?;
        // The store is a copy for people: if its thread is gone the journal still holds everything.
        if !self.unsynced.is_empty() {
            let _ = self.store.send(Write::Records(std::mem::take(&mut self.unsynced)));
        }
        Ok(())
    }

    fn put_checkpoint(&mut self, state: &str) -> Result<(), StoreError> {
        self.sync()?;
        self.file.put_checkpoint(state)
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
