//! The journal file keeps what it was given, and shows what was done to it.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::*;
use proptest::prelude::*;
use qtp_core::port::{JournalRecord, JournalWriter as _};
use qtp_core::{Event, Reason, StoreError};
use qtp_store::{Chain, Durability, FileJournal, JournalReader, JournalSink};

fn write(path: &Path, records: &[JournalRecord]) {
    let mut journal = FileJournal::create(path, Durability::Os).unwrap();
    for record in records {
        journal.append(record).unwrap();
    }
    journal.sync().unwrap();
}

fn bytes_of(records: &[JournalRecord]) -> Vec<u8> {
    let disk = Disk::default();
    let mut journal = FileJournal::with_sink(disk.clone(), Chain::new());
    for record in records {
        journal.append(record).unwrap();
    }
    journal.sync().unwrap();
    disk.durable()
}

fn read(bytes: &[u8]) -> Result<Vec<JournalRecord>, StoreError> {
    JournalReader::new(bytes).collect()
}

/// The line feeds' places, so that `lines[n]` is record n's bytes.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A disk that loses at a power cut what was not synced, but for a prefix of it.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

impl Disk {
    fn durable(&self) -> Vec<u8> {
        self.after_power_cut(0)
    }

    fn after_power_cut(&self, lucky: usize) -> Vec<u8> {
        let disk = self.0.lock().unwrap();
        disk.0[..disk.0.len().min(disk.1 + lucky)].to_vec()
    }
}

impl JournalSink for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().0.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        disk.1 = disk.0.len();
        Ok(())
    }
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl JournalSink for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 =
            self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_kind_comes_back_and_the_file_is_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let records = every_kind();
    write(&path, &records);
    assert_eq!(FileJournal::read(&path).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), records);
    for line in std::fs::read_to_string(&path).unwrap().lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["v"], 1);
        assert_eq!(value["hash"].as_str().unwrap().len(), 64);
    }
}

#[test]
fn golden_journal_of_version_1_still_decodes_and_verifies() {
    let golden =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/journal-v1.jsonl")).unwrap();
    assert_eq!(read(&golden).unwrap(), every_kind());
}

#[test]
fn a_journal_is_never_overwritten_and_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let first = FileJournal::create(&path, Durability::Fsync).unwrap();
    assert!(matches!(FileJournal::create(&path, Durability::Os), Err(StoreError::Backend { .. })));
    let second = FileJournal::open(&path, Durability::Os).unwrap_err();
    assert!(matches!(second, StoreError::Backend { retryable: false, .. }));
    drop(first);
    assert!(FileJournal::open(&path, Durability::Os).is_ok());
    assert!(FileJournal::open(folder.path().join("none"), Durability::Os).is_err());
}

#[test]
fn a_reopened_journal_goes_on_with_its_chain_and_its_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let records = every_kind();
    let (before, after) = records.split_at(30);
    write(&path, before);
    let (mut journal, recovery) = FileJournal::open(&path, Durability::Fsync).unwrap();
    assert_eq!((recovery.records, recovery.cut_bytes), (30, 0));
    assert_eq!(recovery.last_seq, before.last().map(JournalRecord::seq));
    for record in after {
        journal.append(record).unwrap();
    }
    journal.sync().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes_of(&records));
}

#[test]
fn numbers_may_skip_only_for_announced_rows() {
    let stop = |seq| event(seq, Event::Stopped(Reason::new("x", "")));
    let mut journal = FileJournal::with_sink(Disk::default(), Chain::new());
    assert!(matches!(journal.append(&stop(1)), Err(StoreError::OutOfOrder { got: 1, .. })));
    journal.append(&event(0, data_ref(10))).unwrap();
    assert!(matches!(journal.append(&stop(12)), Err(StoreError::OutOfOrder { got: 12, last: 0 })));
    journal.append(&stop(8)).unwrap();
    assert!(matches!(journal.append(&stop(8)), Err(StoreError::OutOfOrder { got: 8, last: 8 })));
    assert!(journal.append(&stop(13)).is_err());
    journal.append(&stop(12)).unwrap();
    assert!(journal.append(&stop(14)).is_err());
    journal.append(&stop(13)).unwrap();
    assert_eq!(journal.chain().skipped(), 10);
}

#[test]
fn after_a_failed_write_nothing_more_is_taken() {
    let mut journal = FileJournal::with_sink(Full(10), Chain::new());
    journal.append(&small_record(0)).unwrap();
    assert!(matches!(journal.sync(), Err(StoreError::Backend { .. })));
    assert!(matches!(journal.append(&small_record(1)), Err(StoreError::Backend { .. })));
    assert!(matches!(journal.sync(), Err(StoreError::Backend { .. })));
}

#[test]
fn a_power_cut_loses_nothing_that_was_synced() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let mut journal = FileJournal::with_sink(disk.clone(), Chain::new());
    for seq in 0..20 {
        journal.append(&small_record(seq)).unwrap();
    }
    journal.sync().unwrap();
    for seq in 20..30 {
        journal.append(&small_record(seq)).unwrap();
    }
    drop(journal);
    for lucky in [0, 1, 100, 250, 400, 1000] {
        let path = folder.path().join(lucky.to_string());
        std::fs::write(&path, disk.after_power_cut(lucky)).unwrap();
        let (_, recovery) = FileJournal::open(&path, Durability::Fsync).unwrap();
        assert!(recovery.records >= 20, "{recovery:?} with {lucky} bytes of luck");
        let kept: Vec<_> = FileJournal::read(&path).unwrap().map(Result::unwrap).collect();
        let expected: Vec<_> = (0..recovery.records).map(small_record).collect();
        assert_eq!(kept, expected);
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let records: Vec<_> = (0..4).map(small_record).collect();
    let whole = bytes_of(&records);
    let good = whole.len() - lines(&whole)[3].len();
    for end in good..whole.len() {
        std::fs::write(&path, &whole[..end]).unwrap();
        let mut reader = FileJournal::read(&path).unwrap();
        assert_eq!(reader.by_ref().map(Result::unwrap).count(), 3);
        assert_eq!(reader.torn_bytes(), (end - good) as u64);
        let (mut journal, recovery) = FileJournal::open(&path, Durability::Os).unwrap();
        assert_eq!((recovery.records, recovery.cut_bytes), (3, (end - good) as u64));
        journal.append(&records[3]).unwrap();
        journal.sync().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn a_tail_of_zeros_is_cut_off_but_a_foreign_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let mut bytes = bytes_of(&[small_record(0)]);
    bytes.extend_from_slice(&[0; 4096]);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(FileJournal::open(&path, Durability::Os).unwrap().1.cut_bytes, 4096);
    for foreign in ["timestamp,open\n1,2\n", "timestamp,open", "{\"a\":1}\n"] {
        std::fs::write(&path, foreign).unwrap();
        assert!(matches!(FileJournal::open(&path, Durability::Os), Err(StoreError::Corrupt { seq: 0, .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), foreign);
    }
    std::fs::write(&path, "").unwrap();
    assert_eq!(FileJournal::open(&path, Durability::Os).unwrap().1.records, 0);
}

#[test]
fn damage_before_the_tail_is_an_error_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let records: Vec<_> = (0..5).map(small_record).collect();
    let mut bytes = bytes_of(&records);
    let first: usize = lines(&bytes)[..2].iter().map(|line| line.len()).sum();
    bytes[first + 150] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = FileJournal::open(&path, Durability::Os).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { seq: 2, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let bytes = bytes_of(&[small_record(0)]);
    let text = String::from_utf8(bytes).unwrap().replace(r#"{"v":1,"#, r#"{"v":2,"#);
    // With the old hash it is damage; with a right one it is a version.
    assert!(matches!(read(text.as_bytes()), Err(StoreError::Corrupt { seq: 0, .. })));
    let mut stored = Chain::new().seal(&small_record(0)).unwrap();
    stored.v = 2;
    assert!(matches!(
        qtp_store::codec::decode(&stored),
        Err(StoreError::Version { version: 2, supported: 1 })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn generated_journals_come_back(records in any_journal(12)) {
        prop_assert_eq!(read(&bytes_of(&records)).unwrap(), records);
    }

    #[test]
    fn a_changed_byte_of_a_body_names_its_record(
        records in any_journal(6), which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = bytes_of(&records);
        let which = which.index(records.len());
        let all = lines(&bytes);
        let start: usize = all[..which].iter().map(|line| line.len()).sum();
        let text = String::from_utf8_lossy(all[which]);
        let body = text.find(r#","body":"#).unwrap() + 8..text.len() - 76;
        let at = start + body.start + place.index(body.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let error = read(&bytes).unwrap_err();
        let seq = records[which].seq();
        prop_assert!(matches!(error, StoreError::Corrupt { seq: s, .. } if s == seq), "{} instead of {}", error, seq);
    }

    #[test]
    fn a_dropped_repeated_or_swapped_record_is_found(
        records in any_journal(8), which in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), what in 0..3,
    ) {
        prop_assume!(records.len() >= 3);
        let bytes = bytes_of(&records);
        let mut all = lines(&bytes);
        let which = which.index(records.len() - 1);
        match what {
            0 => { all.remove(which); }
            1 => all.insert(1 + other.index(records.len()), all[which]),
            _ => all.swap(which, (which + 1 + other.index(records.len() - 1)) % records.len()),
        }
        let result: Result<Vec<_>, _> = read(&all.concat());
        prop_assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{:?}", result);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), keep in 0_usize..900) {
        let mut journal = bytes_of(&[small_record(0), small_record(1), small_record(2)]);
        journal.truncate(keep);
        journal.extend_from_slice(&bytes);
        for item in JournalReader::new(journal.as_slice()) {
            let _: Result<JournalRecord, StoreError> = item;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.jsonl");
        std::fs::write(&path, &journal).unwrap();
        if FileJournal::open(&path, Durability::Os).is_ok() {
            prop_assert!(FileJournal::read(&path).unwrap().all(|item| item.is_ok()));
        }
    }
}

/// Run by hand once for a new version of the form; it never overwrites a golden journal.
#[test]
#[ignore = "writes a golden journal"]
fn write_golden_journal() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/golden/journal-v{}.jsonl", qtp_core::SCHEMA_VERSION));
    write(&path, &every_kind());
}
