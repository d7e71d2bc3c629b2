//! The hash chain and the sequence rule of a journal.

use std::fmt;

use qtp_core::port::JournalRecord;
use qtp_core::{Event, EventRecord, SCHEMA_VERSION, StoreError};
use sha2::{Digest, Sha256};

use crate::codec::{self, StoredRecord};
use crate::error::corrupt;

/// SHA-256 of a record and of everything before it.
pub type Hash = [u8; 32];

/// Where a journal stands: its last record, and how many numbers its sequence may still skip.
///
/// Every back end seals with it before it writes and verifies with it while it reads, so that a journal
/// means the same wherever it is stored. The hash of a record is
/// `SHA-256(previous hash, v, seq, event_time, receive_time, length of kind, kind, body)` over the stored
/// bytes, integers in little-endian order; the first record's previous hash is 32 zero bytes.
///
/// Numbers ascend from 0 by one. Only the rows that `DataRef` records before it have announced may be
/// skipped: bulk candles are not journaled, but each has a number.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Chain {
    last: Option<u64>,
    hash: Hash,
    announced: u64,
    skipped: u64,
}

impl Chain {
    /// The state before record 0.
    pub const fn new() -> Self {
        Self { last: None, hash: [0; 32], announced: 0, skipped: 0 }
    }

    /// The state after a record whose hash is known to be right, for back ends that need not read from the
    /// start: `rows` is the sum of the rows announced so far, `records` the number of records so far.
    pub fn resume(last: u64, hash: Hash, rows: u64, records: u64) -> Self {
        Self {
            last: Some(last),
            hash,
            announced: rows,
            skipped: last.saturating_add(1).saturating_sub(records),
        }
    }

    /// Sequence number of the last record.
    pub const fn last_seq(&self) -> Option<u64> {
        self.last
    }

    /// Hash of the last record.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Rows that `DataRef` records have announced.
    pub const fn announced(&self) -> u64 {
        self.announced
    }

    /// Numbers that were skipped.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The number of the next record if none is skipped.
    pub fn expected(&self) -> u64 {
        self.last.map_or(0, |last| last.saturating_add(1))
    }

    /// True if a record with this number may come next.
    pub fn admits(&self, seq: u64) -> bool {
        let room = self.announced.saturating_sub(self.skipped);
        let after_last = self.last.is_none_or(|last| seq > last);
        after_last && seq.checked_sub(self.expected()).is_some_and(|gap| gap <= room)
    }

    /// Encodes the next record and moves past it.
    ///
    /// # Errors
    /// [`StoreError::OutOfOrder`] if its number may not come next; [`StoreError::Codec`] if it cannot be
    /// written as JSON. The state is then unchanged.
    pub fn seal(&mut self, record: &JournalRecord) -> Result<StoredRecord, StoreError> {
        let seq = record.seq();
        if !self.admits(seq) {
            return Err(StoreError::OutOfOrder { got: seq, last: self.last.unwrap_or(0) });
        }
        let mut stored = codec::encode(record)?;
        stored.hash = digest(&self.hash, &stored);
        self.advance(seq, stored.hash, announced_rows(record));
        Ok(stored)
    }

    /// Checks the next stored record and moves past it, without decoding its body.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if its number or hash does not fit, [`StoreError::Version`] if it is intact
    /// but newer than this build. The state is then unchanged.
    pub fn verify(&mut self, stored: &StoredRecord) -> Result<(), StoreError> {
        if !self.admits(stored.seq) {
            let expected = self.expected();
            return Err(corrupt(expected, format!("record {} stands in its place", stored.seq)));
        }
        if digest(&self.hash, stored) != stored.hash {
            return Err(corrupt(stored.seq, "the hash does not fit the record and its predecessors"));
        }
        if stored.v == 0 || stored.v > SCHEMA_VERSION {
            return Err(StoreError::Version { version: stored.v, supported: SCHEMA_VERSION });
        }
        let rows = if stored.kind == DATA_REF { announced_rows(&codec::decode(stored)?) } else { 0 };
        self.advance(stored.seq, stored.hash, rows);
        Ok(())
    }

    /// Checks the next stored record, moves past it and decodes it.
    ///
    /// # Errors
    /// As [`Chain::verify`]; [`StoreError::Codec`] if the record is intact but this build cannot read it.
    pub fn open(&mut self, stored: &StoredRecord) -> Result<JournalRecord, StoreError> {
        self.verify(stored)?;
        codec::decode(stored)
    }

    fn advance(&mut self, seq: u64, hash: Hash, rows: u64) {
        self.skipped = self.skipped.saturating_add(seq.saturating_sub(self.expected()));
        self.announced = self.announced.saturating_add(rows);
        self.last = Some(seq);
        self.hash = hash;
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("last", &self.last)
            .field("hash", &codec::to_hex(&self.hash))
            .field("announced", &self.announced)
            .field("skipped", &self.skipped)
            .finish()
    }
}

/// Kind of the records that announce rows.
pub(crate) const DATA_REF: &str = "data_ref";

/// How many numbers after this record may be skipped because of it.
pub(crate) const fn announced_rows(record: &JournalRecord) -> u64 {
    match record {
        JournalRecord::Event(EventRecord { event: Event::DataRef(data), .. }) => data.rows,
        _ => 0,
    }
}

fn digest(previous: &Hash, stored: &StoredRecord) -> Hash {
    // One buffer for the fixed part: a hasher call costs more than the copy.
    let mut head = [0_u8; 68];
    head[..32].copy_from_slice(previous);
    head[32..36].copy_from_slice(&stored.v.to_le_bytes());
    head[36..44].copy_from_slice(&stored.seq.to_le_bytes());
    head[44..52].copy_from_slice(&stored.event_time.as_nanos().to_le_bytes());
    head[52..60].copy_from_slice(&stored.receive_time.as_nanos().to_le_bytes());
    head[60..].copy_from_slice(&(stored.kind.len() as u64).to_le_bytes());
    let hasher = Sha256::new().chain_update(head).chain_update(stored.kind.as_bytes());
    hasher.chain_update(stored.body.as_bytes()).finalize().into()
}
