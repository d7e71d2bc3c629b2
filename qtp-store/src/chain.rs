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

#[cfg(test)]
mod tests {
    use super::*;
    use qtp_core::{DataRef, Reason, Timestamp};

    fn record(seq: u64, event: Event) -> JournalRecord {
        let (event_time, receive_time) = (Timestamp::EPOCH, Timestamp::EPOCH);
        JournalRecord::Event(EventRecord { seq, event_time, receive_time, event })
    }

    fn stopped(seq: u64) -> JournalRecord {
        record(seq, Event::Stopped(Reason::new("a", "b")))
    }

    #[test]
    fn an_intact_record_of_a_newer_version_is_refused_by_its_version() {
        let mut newer = Chain::new().seal(&stopped(0)).unwrap();
        newer.v = SCHEMA_VERSION + 1;
        assert!(matches!(Chain::new().verify(&newer), Err(StoreError::Corrupt { seq: 0, .. })));
        newer.hash = digest(&Chain::new().hash(), &newer);
        let error = Chain::new().verify(&newer).unwrap_err();
        assert!(matches!(error, StoreError::Version { version, .. } if version == newer.v), "{error}");
    }

    #[test]
    fn every_part_of_a_record_is_in_its_hash() {
        let good = Chain::new().seal(&stopped(0)).unwrap();
        let changes: [fn(&mut StoredRecord); 6] = [
            |r| r.v += 1,
            |r| r.event_time = Timestamp::MAX,
            |r| r.receive_time = Timestamp::MAX,
            |r| r.kind.push('x'),
            |r| r.body.push(' '),
            // The same bytes, split elsewhere.
            |r| r.kind.push(r.body.remove(0)),
        ];
        for change in changes {
            let mut changed = good.clone();
            change(&mut changed);
            assert!(matches!(Chain::new().verify(&changed), Err(StoreError::Corrupt { seq: 0, .. })));
        }
        assert!(Chain::new().verify(&good).is_ok());
    }

    #[test]
    fn a_failed_step_leaves_the_chain_as_it_was() {
        let mut chain = Chain::new();
        let data = DataRef {
            instrument: "A@b".parse().unwrap(),
            path: String::new(),
            sha256: String::new(),
            rows: u64::MAX,
        };
        chain.seal(&record(0, Event::DataRef(data))).unwrap();
        let before = chain;
        assert!(chain.seal(&stopped(0)).is_err());
        assert_eq!(chain, before);
        // No sum overflows, however many rows were announced.
        chain.seal(&stopped(u64::MAX)).unwrap();
        assert!(!chain.admits(u64::MAX));
        assert!(chain.seal(&stopped(u64::MAX)).is_err());
    }
}
