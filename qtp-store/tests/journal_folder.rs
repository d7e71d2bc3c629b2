//! The journal as a folder of segments: rotation, retention, checkpoints, and what a crash may leave.
#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::*;
use qtp_core::StoreError;
use qtp_core::port::{JournalRecord, JournalWriter as _};
use qtp_store::{Durability, FileJournal, FolderJournal, FolderSettings, FolderStore, conformance};

/// Segments of a few records.
const SMALL: FolderSettings = FolderSettings {
    durability: Durability::Os,
    segment_bytes: 2_000,
    commit_delay: Duration::from_secs(1),
    keep_bytes: None,
    keep_age: None,
};

fn open(folder: &Path, settings: FolderSettings) -> FolderJournal {
    FolderJournal::open(folder, settings).unwrap().0
}

/// Records of ascending time, so that age means something.
fn record(seq: u64) -> JournalRecord {
    let mut record = small_record(seq);
    if let JournalRecord::Event(event) = &mut record {
        event.receive_time = at(i64::try_from(seq).unwrap() * 60);
    }
    record
}

fn write(journal: &mut FolderJournal, numbers: std::ops::Range<u64>) {
    for seq in numbers {
        journal.append(&record(seq)).unwrap();
    }
    journal.sync().unwrap();
}

fn read(folder: &Path, from: u64) -> Result<Vec<JournalRecord>, StoreError> {
    FolderJournal::read(folder, from)?.collect()
}

fn all(numbers: std::ops::Range<u64>) -> Vec<JournalRecord> {
    numbers.map(record).collect()
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.to_str().unwrap().contains(".jsonl")).collect();
    paths.sort();
    paths
}

fn checkpoints(folder: &Path) -> (Vec<u64>, Vec<String>) {
    let (good, ignored) = FolderJournal::checkpoints_of(folder).unwrap();
    (good.iter().map(|checkpoint| checkpoint.seq).collect(), ignored)
}

#[tokio::test]
async fn a_folder_conforms_whatever_the_size_of_its_segments() {
    for segment_bytes in [8_000, u64::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let settings = FolderSettings { segment_bytes, ..SMALL };
        conformance::journal(&FolderStore::open(folder.path(), settings).unwrap()).await;
    }
}

#[test]
fn the_chain_goes_through_all_segments_and_closed_ones_are_packed() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), SMALL);
    write(&mut journal, 0..60);
    drop(journal);
    let names = segments(folder.path());
    assert!(names.len() > 5, "{names:?}");
    let (last, closed) = names.split_last().unwrap();
    assert!(closed.iter().all(|path| path.to_str().unwrap().ends_with(".jsonl.gz")), "{names:?}");
    assert!(last.to_str().unwrap().ends_with(".jsonl"));
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..60));
    assert_eq!(read(folder.path(), 37).unwrap(), all(37..60));
    assert_eq!(read(folder.path(), 60).unwrap(), []);
    // In one file the same records have the same hashes.
    let mut one = FileJournal::create(folder.path().join("one"), Durability::Os).unwrap();
    all(0..60).iter().for_each(|record| one.append(record).unwrap());
    let journal = open(folder.path(), SMALL);
    assert_eq!(journal.chain().hash(), one.chain().hash());
}

#[test]
fn a_file_of_today_becomes_the_first_segment_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = FileJournal::create(folder.path().join("000001.jsonl"), Durability::Os).unwrap();
    all(0..30).iter().for_each(|record| file.append(record).unwrap());
    file.sync().unwrap();
    drop(file);
    let mut journal = open(folder.path(), SMALL);
    write(&mut journal, 30..60);
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..60));
}

#[test]
fn a_folder_has_one_writer_whichever_segment_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), SMALL);
    write(&mut journal, 0..40);
    let error = FolderJournal::open(folder.path(), SMALL).unwrap_err();
    assert!(error.to_string().contains("open journal"), "{error}");
    drop(journal);
    open(folder.path(), SMALL);
}

#[test]
fn a_torn_tail_is_cut_in_the_open_segment_and_is_damage_in_a_closed_one() {
    let folder = tempfile::tempdir().unwrap();
    write(&mut open(folder.path(), SMALL), 0..40);
    let names = segments(folder.path());
    let last = names.last().unwrap();
    let text = fs::read(last).unwrap();
    fs::write(last, &text[..text.len() - 9]).unwrap();
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..39), "a reader leaves it out");
    let (mut journal, found) = FolderJournal::open(folder.path(), SMALL).unwrap();
    assert_eq!(found.last_seq, Some(38));
    assert!(found.cut_bytes > 0);
    write(&mut journal, 39..41);
    drop(journal);
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..41));

    let first = &names[0];
    let packed = fs::read(first).unwrap();
    fs::write(first, &packed[..packed.len() / 2]).unwrap();
    assert!(read(folder.path(), 0).is_err(), "half of a packed segment");
    fs::remove_file(first).unwrap();
    let error = read(folder.path(), 0).unwrap_err();
    assert!(error.to_string().contains("segment 1 is missing"), "{error}");
    // What follows is still to be read: the index says where it begins.
    assert_eq!(read(folder.path(), 30).unwrap(), all(30..41));
}

#[test]
fn a_crash_at_any_step_of_a_rotation_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(&mut open(folder.path(), SMALL), 0..40);
    let names = segments(folder.path());
    let index = folder.path().join("index.json");
    // Before the new segment was made.
    let last = names.last().unwrap();
    let kept = fs::read(last).unwrap();
    fs::remove_file(last).unwrap();
    let (journal, found) = FolderJournal::open(folder.path(), SMALL).unwrap();
    let whole = usize::try_from(found.last_seq.unwrap() + 1).unwrap();
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..40)[..whole]);
    drop(journal);
    fs::write(last, kept).unwrap();
    // While the index, or a packed segment, was being written.
    fs::write(folder.path().join("index.json.tmp"), "{\"v\":1,\"dro").unwrap();
    fs::write(folder.path().join("000002.jsonl.gz.tmp"), [31, 139]).unwrap();
    // Before the plain segment was taken away.
    let mut plain = Vec::new();
    let packed = fs::File::open(&names[1]).unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed), &mut plain).unwrap();
    fs::write(folder.path().join("000002.jsonl"), plain).unwrap();
    drop(open(folder.path(), SMALL));
    assert_eq!(segments(folder.path()), names);
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..40));
    // The index is gone, or torn by a power loss: the segments say the same.
    let said = fs::read(&index).unwrap();
    for text in [None, Some(&said[..said.len() / 2])] {
        match text {
            Some(text) => fs::write(&index, text).unwrap(),
            None => fs::remove_file(&index).unwrap(),
        }
        assert_eq!(read(folder.path(), 0).unwrap(), all(0..40));
        drop(open(folder.path(), SMALL));
    }
}

#[test]
fn a_segment_that_the_index_does_not_know_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(&mut open(folder.path(), SMALL), 0..40);
    fs::write(folder.path().join("000099.jsonl"), "").unwrap();
    let error = FolderJournal::open(folder.path(), SMALL).unwrap_err();
    assert!(error.to_string().contains("segment 99 stands behind"), "{error}");
}

#[test]
fn a_checkpoint_is_used_only_while_it_is_whole_and_fits_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), SMALL);
    for end in [10, 20, 30] {
        write(&mut journal, end - 10..end);
        journal.put_checkpoint(&format!("state\nof {end}")).unwrap();
    }
    write(&mut journal, 30..35);
    drop(journal);
    assert_eq!(checkpoints(folder.path()), (vec![29, 19], Vec::new()), "the last two");
    let (good, _) = FolderJournal::checkpoints_of(folder.path()).unwrap();
    assert_eq!(good[0].state, "state\nof 30");

    let newest = folder.path().join(format!("checkpoint-{:020}.json", 29));
    let whole = fs::read_to_string(&newest).unwrap();
    let hash = whole.split("\"hash\":\"").nth(1).unwrap()[..8].to_owned();
    let damages = [
        ("torn", whole[..whole.len() - 1].to_owned()),
        ("torn", whole[..40].to_owned()),
        ("torn", String::new()),
        ("torn", whole.replace("of 30", "of 31")),
        ("schema version", whole.replace("{\"v\":1,", "{\"v\":2,")),
        ("another one in its place", whole.replace(&hash, "00000000")),
        ("record 28", whole.replace("\"seq\":29", "\"seq\":28")),
    ];
    for (why, text) in damages {
        fs::write(&newest, text).unwrap();
        let (good, ignored) = checkpoints(folder.path());
        assert_eq!(good, [19], "{why}");
        assert!(ignored.len() == 1 && ignored[0].contains(why), "{why}: {ignored:?}");
    }
    // A name that was never given to a whole file does not count.
    fs::rename(&newest, newest.with_extension("json.tmp")).unwrap();
    assert_eq!(checkpoints(folder.path()), (vec![19], Vec::new()));
    // The next one replaces what did not fit.
    fs::write(&newest, "torn").unwrap();
    let mut journal = open(folder.path(), SMALL);
    journal.put_checkpoint("new").unwrap();
    assert_eq!(checkpoints(folder.path()), (vec![34, 19], Vec::new()));
}

#[test]
fn a_checkpoint_of_records_that_a_crash_took_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path(), SMALL);
    write(&mut journal, 0..20);
    journal.put_checkpoint("of 19").unwrap();
    drop(journal);
    let last = segments(folder.path()).pop().unwrap();
    let text = fs::read_to_string(&last).unwrap();
    let shorter: String =
        text.split_inclusive('\n').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
    fs::write(&last, shorter).unwrap();
    let (good, ignored) = checkpoints(folder.path());
    assert!(good.is_empty() && ignored[0].contains("no such record"), "{good:?} {ignored:?}");
}

#[test]
fn retention_drops_only_what_the_oldest_checkpoint_has_behind_it_and_says_so() {
    for settings in [
        FolderSettings { keep_bytes: Some(1), ..SMALL },
        FolderSettings { keep_age: Some(Duration::from_secs(60)), ..SMALL },
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mut journal = open(path, settings);
        write(&mut journal, 0..60);
        assert_eq!(FolderJournal::dropped(path).unwrap(), None, "no checkpoint, so nothing goes");
        journal.put_checkpoint("of 59").unwrap();
        write(&mut journal, 60..90);
        journal.put_checkpoint("of 89").unwrap();
        drop(journal);
        let dropped = FolderJournal::dropped(path).unwrap().unwrap();
        assert!((40..59).contains(&dropped), "{dropped}");
        assert_eq!(read(path, dropped + 1).unwrap(), all(dropped + 1..90));
        let error = read(path, 0).unwrap_err();
        assert!(error.to_string().contains(&format!("up to {dropped} were dropped")), "{error}");
        assert_eq!(FolderJournal::first(path).unwrap(), Some(record(0)), "record 0 stays");
        let (mut journal, found) = FolderJournal::open(path, settings).unwrap();
        assert_eq!((found.last_seq, found.dropped), (Some(89), Some(dropped)));
        assert_eq!(checkpoints(path).0, [89, 59]);
        write(&mut journal, 90..130);
        journal.put_checkpoint("of 129").unwrap();
        assert!(FolderJournal::dropped(path).unwrap().unwrap() > dropped);
        drop(journal);
        // Without the index nobody could say what the first record should follow.
        fs::remove_file(path.join("index.json")).unwrap();
        let error = FolderJournal::open(path, settings).unwrap_err();
        assert!(error.to_string().contains("is missing"), "{error}");
    }
}

#[test]
fn within_its_bounds_retention_drops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        FolderSettings { keep_bytes: Some(1 << 20), keep_age: Some(Duration::from_secs(86_400)), ..SMALL };
    let mut journal = open(folder.path(), settings);
    write(&mut journal, 0..90);
    journal.put_checkpoint("of 89").unwrap();
    assert_eq!(FolderJournal::dropped(folder.path()).unwrap(), None);
    assert_eq!(read(folder.path(), 0).unwrap(), all(0..90));
}

#[test]
fn a_record_that_waits_too_long_is_synced_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let delay = |commit_delay| FolderSettings { commit_delay, ..FolderSettings::default() };
    let mut patient = open(&folder.path().join("patient"), delay(Duration::MAX));
    let mut eager = open(&folder.path().join("eager"), delay(Duration::ZERO));
    for seq in 0..3 {
        patient.append(&record(seq)).unwrap();
        eager.append(&record(seq)).unwrap();
    }
    assert_eq!(read(&folder.path().join("patient"), 0).unwrap(), [], "in one go with what follows");
    assert_eq!(read(&folder.path().join("eager"), 0).unwrap(), all(0..3));
    patient.sync().unwrap();
    assert_eq!(read(&folder.path().join("patient"), 0).unwrap(), all(0..3));
}
