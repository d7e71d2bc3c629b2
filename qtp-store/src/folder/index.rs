//! What a folder of segments says about itself: where each closed segment ends, and what was dropped.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use qtp_core::{StoreError, Timestamp};
use serde::{Deserialize, Serialize};

use crate::chain::Chain;
use crate::codec;
use crate::error::corrupt;
use crate::file::sink::sync_folder;
use crate::file::{Durability, located};

/// Form of the index.
const VERSION: u32 = 1;
const INDEX: &str = "index.json";

/// The end of the chain in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    /// Number of the last record.
    pub(super) last: u64,
    hash: String,
    /// Rows that were announced up to here.
    rows: u64,
    /// Records up to here.
    records: u64,
}

impl Mark {
    /// `None` before the first record.
    pub(super) fn of(chain: &Chain) -> Option<Self> {
        let last = chain.last_seq()?;
        let records = last.saturating_add(1).saturating_sub(chain.skipped());
        Some(Self { last, hash: codec::to_hex(&chain.hash()), rows: chain.announced(), records })
    }

    pub(super) fn chain(&self) -> Result<Chain, StoreError> {
        let hash = codec::from_hex(&self.hash)
            .ok_or_else(|| corrupt(self.last, "its hash in the index cannot be read"))?;
        Ok(Chain::resume(self.last, hash, self.rows, self.records))
    }
}

/// A segment that nothing is added to any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    pub(super) number: u64,
    pub(super) end: Mark,
    /// Receive time of the record that made it full.
    pub(super) time: Timestamp,
}

/// What retention took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dropped {
    /// The last segment that is gone.
    pub(super) number: u64,
    pub(super) end: Mark,
    /// Record 0 as it stood: without it nobody knows what the run was set to.
    pub(super) start: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    v: u32,
    pub(super) dropped: Option<Dropped>,
    /// Ascending, without gaps.
    pub(super) closed: Vec<Closed>,
}

impl Default for Index {
    fn default() -> Self {
        Self { v: VERSION, dropped: None, closed: Vec::new() }
    }
}

impl Index {
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join(INDEX)
    }

    /// The index of a folder; `None` if there is none that can be read.
    pub(super) fn load(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = Self::path(folder);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(located("read journal index", &path, error)),
        };
        let index: Option<Self> = serde_json::from_slice(&text).ok();
        match index {
            Some(index) if index.v > VERSION => {
                Err(StoreError::Version { version: index.v, supported: VERSION })
            }
            other => Ok(other),
        }
    }

    /// Replaces the index in one step: a crash leaves the old one or the new one.
    pub(super) fn save(&self, folder: &Path, durability: Durability) -> Result<(), StoreError> {
        let path = Self::path(folder);
        let text = serde_json::to_vec(self)
            .map_err(|error| crate::error::codec("encode", "journal index", error))?;
        replace(&path, &[&text], durability).map_err(|error| located("write journal index", &path, error))
    }

    /// Number of the segment that is written to.
    pub(super) fn active(&self) -> u64 {
        let dropped = self.dropped.as_ref().map_or(0, |dropped| dropped.number);
        self.closed.last().map_or(dropped, |closed| closed.number) + 1
    }

    /// The chain before a segment.
    pub(super) fn chain_before(&self, number: u64) -> Result<Chain, StoreError> {
        let dropped = self.dropped.as_ref().filter(|dropped| dropped.number + 1 == number);
        let before = self.closed.iter().find(|closed| closed.number + 1 == number);
        match before.map(|closed| &closed.end).or(dropped.map(|dropped| &dropped.end)) {
            Some(end) => end.chain(),
            None => Ok(Chain::new()),
        }
    }
}

/// Writes a file under another name first, so that the name never stands for a half.
pub(super) fn replace(path: &Path, parts: &[&[u8]], durability: Durability) -> io::Result<()> {
    let unfinished = unfinished(path);
    let mut file = File::create(&unfinished)?;
    for part in parts {
        file.write_all(part)?;
    }
    if durability == Durability::Fsync {
        file.sync_all()?;
    }
    drop(file);
    fs::rename(&unfinished, path)?;
    if durability == Durability::Fsync { sync_folder(path) } else { Ok(()) }
}

/// What a file is called until it is whole.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

pub(super) const UNFINISHED: &str = ".tmp";

pub(super) fn plain(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.jsonl"))
}

pub(super) fn packed(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:06}.jsonl.gz"))
}

/// The number in a segment's name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".jsonl")?;
    digits.parse().ok().filter(|_| digits.len() >= 6)
}
