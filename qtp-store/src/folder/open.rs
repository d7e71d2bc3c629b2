//! Opening a folder journal after any end of its writer.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use qtp_core::port::{Checkpoint, JournalRecord};
use qtp_core::{StoreError, Timestamp};

use super::index::{Closed, Index, Mark, UNFINISHED, number_of, packed, plain};
use super::packer::Packer;
use super::reader::{self, FolderReader};
use super::{FolderJournal, FolderSettings, SinkFactory, checkpoint, create};
use crate::chain::Chain;
use crate::error::corrupt;
use crate::file::sink::lock;
use crate::file::{BUFFER, DiskSink, FileJournal, JournalReader, located, recover};

/// What [`FolderJournal::open`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFound {
    /// Number of the last record.
    pub last_seq: Option<u64>,
    /// Number of the last record that retention dropped.
    pub dropped: Option<u64>,
    /// Bytes of a torn tail that were cut off.
    pub cut_bytes: u64,
    /// The checkpoints that fit the journal, newest first.
    pub checkpoints: Vec<Checkpoint>,
    /// Why other checkpoints do not.
    pub ignored: Vec<String>,
}

impl FolderJournal {
    /// As [`FolderJournal::open`], with sinks of the caller's.
    ///
    /// # Errors
    /// As [`FolderJournal::open`].
    pub fn open_with(
        folder: impl AsRef<Path>,
        settings: FolderSettings,
        sinks: SinkFactory,
    ) -> Result<(Self, FolderFound), StoreError> {
        let folder = folder.as_ref().to_owned();
        let failed = |error| located("open journal", &folder, error);
        fs::create_dir_all(&folder).map_err(failed)?;
        let locked = File::options().create(true).append(true).open(folder.join("lock")).map_err(failed)?;
        lock(&locked).map_err(failed)?;
        let index = load_index(&folder)?;
        tidy(&folder, &index)?;
        let path = plain(&folder, index.active());
        create(&path, settings.durability)?;
        let before = index.chain_before(index.active())?;
        let (chain, cut_bytes) = open_segment(&path, before, settings)?;
        let found_bytes = fs::metadata(&path).map_err(failed)?.len();
        let sink = sinks(&path).map_err(failed)?;
        let mut packer = Packer::new(folder.clone(), settings.durability);
        for closed in index.closed.iter().filter(|closed| plain(&folder, closed.number).exists()) {
            packer.pack(closed.number);
        }
        let dropped = index.dropped.as_ref().map(|dropped| dropped.end.last);
        let (checkpoints, ignored) = checkpoints(&folder, &index)?;
        let journal = Self {
            newest: index.closed.last().map_or(Timestamp::EPOCH, |closed| closed.time),
            file: FileJournal::with_sink(sink, chain),
            waiting: None,
            kept: checkpoints.iter().map(|checkpoint| checkpoint.seq).collect(),
            failed: false,
            _lock: locked,
            folder,
            settings,
            sinks,
            index,
            found_bytes,
            packer,
        };
        let found = FolderFound { last_seq: chain.last_seq(), dropped, cut_bytes, checkpoints, ignored };
        Ok((journal, found))
    }
}

/// The index, or what the segments themselves say if it is gone.
pub(super) fn load_index(folder: &Path) -> Result<Index, StoreError> {
    if let Some(index) = Index::load(folder)? {
        return Ok(index);
    }
    let mut index = Index::default();
    let last = numbers(folder)?.into_iter().max().unwrap_or(1);
    let mut chain = Chain::new();
    for number in 1..last {
        let Some(segment) = reader::open(folder, number)? else {
            let problem = format!("segment {number} is missing, and no index says that it was dropped");
            return Err(corrupt(chain.expected(), problem));
        };
        let mut records = JournalReader::behind(chain, 0, segment);
        let mut time = Timestamp::EPOCH;
        for record in records.by_ref() {
            if let JournalRecord::Event(record) = record? {
                time = record.receive_time;
            }
        }
        chain = *JournalReader::chain(&records);
        let torn = records.torn_bytes() > 0;
        let Some(end) = Mark::of(&chain).filter(|_| !torn) else {
            return Err(corrupt(chain.expected(), format!("segment {number} is torn")));
        };
        index.closed.push(Closed { number, end, time });
    }
    Ok(index)
}

/// The checkpoints that are whole and whose record is still in the journal, newest first; and why others are not
/// used.
pub(super) fn checkpoints(
    folder: &Path,
    index: &Index,
) -> Result<(Vec<Checkpoint>, Vec<String>), StoreError> {
    let (mut good, mut ignored) = (Vec::new(), Vec::new());
    for (seq, path) in checkpoint::list(folder)? {
        let fits = checkpoint::get(&path, seq).and_then(|whole| {
            let mut records =
                FolderReader::new(folder, index.clone(), seq).map_err(|error| error.to_string())?;
            let found = records.next().transpose().map_err(|error| error.to_string())?;
            let there = found.is_some_and(|record| record.seq() == seq);
            if there && FolderReader::chain(&records).hash() == whole.hash {
                Ok(whole.checkpoint)
            } else {
                Err("the journal has no such record, or another one in its place".to_owned())
            }
        });
        match fits {
            Ok(checkpoint) => good.push(checkpoint),
            Err(problem) => ignored.push(format!("checkpoint of record {seq}: {problem}")),
        }
    }
    Ok((good, ignored))
}

/// Reads the open segment through and cuts off a torn tail.
fn open_segment(path: &Path, before: Chain, settings: FolderSettings) -> Result<(Chain, u64), StoreError> {
    let failed = |error| located("open journal", path, error);
    let sink = DiskSink::open(path, settings.durability).map_err(failed)?;
    let found = recover::scan(before, BufReader::with_capacity(BUFFER, sink.file()))?;
    let size = sink.file().metadata().map_err(failed)?.len();
    let cut = size.saturating_sub(found.length);
    if cut > 0 {
        sink.cut(found.length).map_err(failed)?;
    }
    Ok((found.chain, cut))
}

/// Takes away what a crash left half done, and refuses segments that nobody knows of.
fn tidy(folder: &Path, index: &Index) -> Result<(), StoreError> {
    let failed = |error| located("open journal", folder, error);
    let kept_from = index.dropped.as_ref().map_or(1, |dropped| dropped.number + 1);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let old = number_of(name).is_some_and(|number| number < kept_from);
        if name.ends_with(UNFINISHED) || old {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    let active = index.active();
    for number in numbers(folder)? {
        if number > active {
            let last = index.closed.last().map_or(0, |closed| closed.end.last + 1);
            return Err(corrupt(last, format!("segment {number} stands behind the open one, {active}")));
        }
        let (plain, packed) = (plain(folder, number), packed(folder, number));
        // The packed file has its name only once it is whole.
        if number < active && plain.exists() && packed.exists() {
            fs::remove_file(&plain).map_err(failed)?;
        }
    }
    Ok(())
}

fn numbers(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let failed = |error: io::Error| located("open journal", folder, error);
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        numbers.extend(name.to_str().and_then(number_of));
    }
    Ok(numbers)
}
