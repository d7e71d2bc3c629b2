//! Checkpoints beside the segments: one file each, which says whose state it is and how it was when whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use qtp_core::port::Checkpoint;
use qtp_core::{SCHEMA_VERSION, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::index::replace;
use crate::chain::Chain;
use crate::codec::{self, to_hex};
use crate::file::{Durability, located};

/// How many are kept: if the newest is torn there is one more.
pub(super) const KEPT: usize = 2;

/// First line of the file; the rest is the state.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// Schema version of the journal.
    v: u32,
    seq: u64,
    /// Hash of that record.
    hash: String,
    /// SHA-256 of the state.
    sha256: String,
}

pub(super) fn put(
    folder: &Path,
    chain: &Chain,
    state: &str,
    durability: Durability,
) -> Result<(), StoreError> {
    let seq = chain.last_seq().unwrap_or_default();
    let sha256 = to_hex(&Sha256::digest(state).into());
    let head = Head { v: SCHEMA_VERSION, seq, hash: to_hex(&chain.hash()), sha256 };
    let mut line =
        serde_json::to_vec(&head).map_err(|error| crate::error::codec("encode", "checkpoint", error))?;
    line.push(b'\n');
    let path = folder.join(name(seq));
    replace(&path, &[&line, state.as_bytes()], durability)
        .map_err(|error| located("put checkpoint", &path, error))
}

/// A checkpoint that is whole; whether its record is still there is for the caller to find out.
pub(super) struct Whole {
    pub(super) checkpoint: Checkpoint,
    pub(super) hash: crate::chain::Hash,
}

/// Reads a checkpoint; the text says why it is not one.
pub(super) fn get(path: &Path, seq: u64) -> Result<Whole, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let (head, state) = text.split_once('\n').ok_or("it is torn")?;
    let head: Head = serde_json::from_str(head).map_err(|error| format!("its head: {error}"))?;
    if head.v != SCHEMA_VERSION {
        return Err(format!("its schema version is {}, not {SCHEMA_VERSION}", head.v));
    }
    if head.seq != seq {
        return Err(format!("it says that it is of record {}", head.seq));
    }
    if to_hex(&Sha256::digest(state).into()) != head.sha256 {
        return Err("it is torn".to_owned());
    }
    let hash = codec::from_hex(&head.hash).ok_or("its hash cannot be read")?;
    Ok(Whole { checkpoint: Checkpoint { seq, state: state.to_owned() }, hash })
}

/// All checkpoint files of a folder with the numbers of their records, newest first.
pub(super) fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let failed = |error: io::Error| located("read checkpoints", folder, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let seq = name.strip_prefix("checkpoint-").and_then(|name| name.strip_suffix(".json"));
        if let Some(seq) = seq.and_then(|digits| digits.parse().ok()) {
            found.push((seq, path));
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

fn name(seq: u64) -> String {
    format!("checkpoint-{seq:020}.json")
}
