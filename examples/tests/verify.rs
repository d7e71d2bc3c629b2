//! `replay --verify` finds no difference in what was written, and every change that was made to it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::store::Sql;
use common::*;
use qtp_core::port::{JournalRecord, JournalWriter as _};
use qtp_core::{Event, Intent};
use qtp_store::{Durability, FileJournal};
use tempfile::TempDir;

/// A run of the bot that trades.
fn bot() -> (Runs, RunFiles) {
    let runs = Runs::new();
    runs.run_bot(&["--duration", "9h"]).ok();
    let run = runs.run();
    assert!(run.summary()["fills"].as_u64().unwrap() > 0);
    (runs, run)
}

/// A journaled backtest that trades: its folder, candles and journal.
fn backtest() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let candles = candles::write(folder.path(), "candles.csv", candles::walk(600));
    let journal = folder.path().join("journal.jsonl");
    let args =
        ["--candles", text(&candles), "--strategy", "ema-cross", "--param", "fast=3", "--param", "slow=8"];
    let ran = run(BACKTEST, &[&args[..], &["--json", "--journal", text(&journal)]].concat()).ok();
    assert!(ran.json()["fills"].as_u64().unwrap() > 10, "{ran:?}");
    (folder, candles, journal)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The line of a record with one bit of its body changed.
fn flipped(line: &str, random: &mut Random) -> String {
    let start = line.find(r#","body":"#).unwrap() + 8;
    let end = line.rfind(r#","hash":"#).unwrap();
    let at = start + usize::try_from(random.next()).unwrap() % (end - start);
    let mut bytes = line.as_bytes().to_vec();
    bytes[at] ^= 1;
    String::from_utf8(bytes).unwrap()
}

/// Flips a byte in some records of a journal file, one at a time, and looks that each is named.
fn flips_are_named(journal: &Path) {
    let good = fs::read_to_string(journal).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let mut random = Random(3);
    let mut places = vec![0, 1, lines.len() - 2, lines.len() - 1];
    places.extend((0..12).map(|_| usize::try_from(random.next()).unwrap() % lines.len()));
    for place in places {
        let seq = serde_json::from_str::<serde_json::Value>(lines[place]).unwrap()["seq"].clone();
        let changed = flipped(lines[place], &mut random);
        let mut all = lines.clone();
        all[place] = &changed;
        fs::write(journal, all.join("\n") + "\n").unwrap();
        let ran = verify(journal);
        let said = ran.refusal();
        assert!(said.contains(&format!("record {seq} ")), "record {seq}: {said}");
    }
    fs::write(journal, good).unwrap();
    verify(journal).ok();
}

#[test]
fn a_run_of_the_bot_is_verified_from_file_folder_and_store() {
    let (_runs, run) = bot();
    let said: Vec<String> = [run.journal(), run.file("journal"), run.0.clone(), run.file("run.sqlite")]
        .iter()
        .map(|journal| verify(journal).ok().stdout)
        .collect();
    assert!(said[0].contains("verified: "), "{said:?}");
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
    let hash = run.summary()["commands_hash"].as_str().unwrap().to_owned();
    assert!(said[0].contains(&hash), "{said:?}");
}

#[test]
fn a_journaled_backtest_is_verified() {
    let (_folder, _, journal) = backtest();
    assert!(verify(&journal).ok().stdout.contains("verified: "));
}

#[test]
fn a_changed_byte_in_a_bots_journal_names_its_record() {
    let (_runs, run) = bot();
    flips_are_named(&run.journal());
}

#[test]
fn a_changed_byte_in_a_backtests_journal_names_its_record() {
    let (_folder, _, journal) = backtest();
    flips_are_named(&journal);
}

#[test]
fn a_changed_body_in_the_store_names_its_record() {
    let (_runs, run) = bot();
    let store = run.file("run.sqlite");
    let records = run.records();
    let mut random = Random(4);
    for _ in 0..8 {
        let record = &records[usize::try_from(random.next()).unwrap() % records.len()];
        let seq = &record["seq"];
        let mut sql = Sql::open(&store);
        let body = sql.texts(&format!("SELECT body FROM journal WHERE seq = {seq}")).remove(0);
        // One byte: whatever stands there, it was no `~`.
        let at = 1 + usize::try_from(random.next()).unwrap() % body.len();
        let change = format!(
            "UPDATE journal SET body = substr(body, 1, {at} - 1) || '~' || substr(body, {at} + 1) WHERE seq = {seq}"
        );
        assert_eq!(sql.change(&change), 1);
        sql.close();
        let ran = verify(&store);
        let said = ran.refusal();
        assert!(said.contains(&format!("record {seq} ")), "record {seq}: {said}");
        let mut sql = Sql::open(&store);
        sql.change(&format!("UPDATE journal SET body = '{}' WHERE seq = {seq}", body.replace('\'', "''")));
        sql.close();
    }
    verify(&store).ok();
}

#[test]
fn a_missing_row_in_the_store_is_found() {
    let (_runs, run) = bot();
    let mut sql = Sql::open(&run.file("run.sqlite"));
    assert_eq!(sql.change("DELETE FROM journal WHERE seq = 100"), 1);
    sql.close();
    let ran = verify(&run.file("run.sqlite"));
    assert!(ran.refusal().contains("record 100 "), "{ran:?}");
}

#[test]
fn a_command_that_was_changed_and_hashed_anew_is_a_difference() {
    let (_runs, run) = bot();
    let journal = run.journal();
    let mut records: Vec<JournalRecord> = FileJournal::read(&journal).unwrap().map(Result::unwrap).collect();
    let mut changed = None;
    for record in &mut records {
        if let JournalRecord::Command(command) = record
            && let Intent::Cancel(cancel) = &mut command.intent
        {
            cancel.instrument = "OTHER-USD-PERP@synthetic".parse().unwrap();
            changed = Some(command.seq);
            break;
        }
    }
    write_anew(&journal, &records);
    let ran = verify(&journal);
    let said = ran.refusal();
    assert!(
        said.contains("1 differences") && said.contains(&format!("record {}", changed.unwrap())),
        "{said}"
    );
    // Without `--verify` the state is rebuilt all the same.
    run_without_verify(&journal);
}

#[test]
fn a_fact_that_was_left_out_and_hashed_anew_is_a_difference() {
    let (_runs, run) = bot();
    let journal = run.journal();
    let mut records: Vec<JournalRecord> = FileJournal::read(&journal).unwrap().map(Result::unwrap).collect();
    let is_fill = |record: &JournalRecord| matches!(record, JournalRecord::Event(e) if matches!(e.event, Event::Fill(_)));
    let at = records.iter().position(is_fill).unwrap();
    records.remove(at);
    for record in &mut records[at..] {
        match record {
            JournalRecord::Event(event) => event.seq -= 1,
            JournalRecord::Command(command) => command.seq -= 1,
        }
    }
    write_anew(&journal, &records);
    let ran = verify(&journal);
    assert!(ran.refusal().contains("differences"), "{ran:?}");
}

fn run_without_verify(journal: &Path) {
    run(REPLAY, &["--journal", text(journal)]).ok();
}

fn write_anew(path: &Path, records: &[JournalRecord]) {
    fs::remove_file(path).unwrap();
    let mut journal = FileJournal::create(path, Durability::Os).unwrap();
    for record in records {
        journal.append(record).unwrap();
    }
    journal.sync().unwrap();
}

#[test]
fn a_changed_candle_file_is_refused() {
    let (_folder, candles, journal) = backtest();
    let good = fs::read_to_string(&candles).unwrap();
    let last = good.trim_end().rfind(',').unwrap();
    fs::write(&candles, format!("{},7\n", &good[..last])).unwrap();
    let ran = verify(&journal);
    let said = ran.refusal();
    assert!(said.contains("candles.csv") && said.contains("not the one"), "{said}");
    fs::remove_file(&candles).unwrap();
    let ran = verify(&journal);
    assert!(ran.refusal().contains("candles.csv"), "{ran:?}");
    fs::write(&candles, good).unwrap();
    verify(&journal).ok();
}

#[test]
fn a_torn_tail_is_no_damage_and_what_is_no_journal_is_refused() {
    let (_runs, run) = bot();
    let journal = run.journal();
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() - 20]).unwrap();
    assert!(verify(&journal).ok().stdout.contains("verified: "));
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("empty", ""), ("csv", "a,b\n1,2\n"), ("binary", "\0\u{1}\u{2}")] {
        let path = candles::write(folder.path(), name, content);
        verify(&path).refusal();
    }
    verify(&folder.path().join("nothing")).refusal();
    verify(folder.path()).refusal();
}
