//! `kill -9` at any instant, then a restart: no duplicate order, no lost fill, the same end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::store::Sql;
use common::*;
use qtp_core::port::{Clock as _, SystemClock};
use serde_json::Value;

const RUN: [&str; 4] = ["--seed", "42", "--duration", "1d"];
/// Checkpoints and segments so small that every restart meets some.
const SMALL: [(&str, &str); 2] =
    [("QTP__JOURNAL__CHECKPOINT_EVERY", "100"), ("QTP__JOURNAL__SEGMENT_KIB", "64")];
/// What must come out equal.
const FIGURES: [&str; 7] =
    ["final_equity", "fees", "funding", "fills", "orders", "round_trips", "naked_seconds"];

/// An uninterrupted run.
struct Reference {
    summary: Value,
    fills: Vec<String>,
    orders: Vec<String>,
    length: Duration,
}

impl Reference {
    fn new() -> Self {
        let runs = Runs::new();
        let start = SystemClock.now();
        runs.run_bot(&RUN).ok();
        let length = SystemClock.now().since(start);
        let run = runs.run();
        let (summary, fills, orders) = (run.summary(), fills(&run), orders(&run));
        assert!(summary["fills"].as_u64().unwrap() > 10, "too few fills to prove anything: {summary}");
        Self { summary, fills, orders, length }
    }

    /// Checks what a crash left: all that was recorded is of the uninterrupted run, nothing twice.
    fn check_torn(&self, run: &RunFiles) {
        let (fills, orders) = (fills(run), orders(run));
        assert_eq!(fills, self.fills[..fills.len()], "fills after a crash");
        assert_eq!(orders, self.orders[..orders.len()], "orders after a crash");
    }

    /// Checks a run that was brought to its end.
    fn check_end(&self, run: &RunFiles) {
        let summary = run.summary();
        for figure in FIGURES {
            assert_eq!(summary[figure], self.summary[figure], "{figure}");
        }
        assert_eq!(fills(run), self.fills);
        let orders = orders(run);
        assert_eq!(orders, self.orders);
        assert_eq!(orders.iter().collect::<BTreeSet<_>>().len(), orders.len(), "a duplicate order");
        check_store(run, &summary);
        for journal in ["journal", "run.sqlite"] {
            let said = verify(&run.file(journal)).ok().stdout;
            assert!(said.contains("verified: "), "{said}");
        }
    }
}

/// Fills in the journal, without their place in it.
fn fills(run: &RunFiles) -> Vec<String> {
    let records = run.records();
    records
        .iter()
        .filter(|record| record["kind"] == "fill")
        .map(|record| record["body"].to_string())
        .collect()
}

/// Client order ids that were submitted, in order.
fn orders(run: &RunFiles) -> Vec<String> {
    let records = run.records();
    let mut ids = Vec::new();
    for record in records.iter().filter(|record| record["kind"] == "intent.submit") {
        values_of(record, "client_order_id", &mut ids);
    }
    ids.into_iter().map(ToString::to_string).collect()
}

/// The store holds what the journal holds, each thing once and under the number of its record.
fn check_store(run: &RunFiles, summary: &Value) {
    let mut sql = Sql::open(&run.file("run.sqlite"));
    let records = run.records();
    assert_eq!(sql.texts("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(sql.number("SELECT count(*) FROM journal"), i64::try_from(records.len()).unwrap());
    assert_eq!(sql.number("SELECT count(*) FROM fills"), summary["fills"].as_i64().unwrap());
    assert_eq!(sql.number("SELECT count(*) FROM orders"), summary["orders"].as_i64().unwrap());
    for (table, kind) in [("fills", "fill"), ("decisions", "decision")] {
        let query = format!("SELECT count(*) FROM journal WHERE kind = '{kind}'");
        assert_eq!(sql.number(&format!("SELECT count(*) FROM {table}")), sql.number(&query), "{table}");
        let strays = format!(
            "SELECT count(*) FROM {table} t LEFT JOIN journal j USING (seq) WHERE j.kind IS NOT '{kind}'"
        );
        assert_eq!(sql.number(&strays), 0, "{table} with the number of another record");
    }
    let stored: Value =
        serde_json::from_str(&sql.texts("SELECT value FROM meta WHERE key = 'summary'")[0]).unwrap();
    assert_eq!(stored, *summary);
    sql.close();
}

/// What a restart says that used a checkpoint.
const BY_CHECKPOINT: &str = "by the checkpoint of record";

/// Crashes of one run after another; then a new run, until there were enough.
fn random_kills(seed: u64, crashes: u32) {
    let reference = Reference::new();
    let mut random = Random(seed);
    let mut runs = Runs::with(&SMALL);
    let (mut done, mut in_this_run, mut by_checkpoint) = (0, 0, 0);
    for _ in 0..crashes * 3 {
        if done == crashes {
            break;
        }
        let mut bot = Running::start(runs.bot(&RUN));
        bot.ends_within(random.instant(reference.length));
        let ran = bot.kill();
        by_checkpoint += u32::from(ran.stdout.contains(BY_CHECKPOINT));
        let killed = ran.killed();
        if killed {
            (done, in_this_run) = (done + 1, in_this_run + 1);
            // It may have died before it had a folder.
            if runs.count() == 1 && runs.path().join("latest").exists() {
                reference.check_torn(&runs.run());
            }
        } else {
            ran.ok();
        }
        if in_this_run == 5 {
            runs.run_bot(&RUN).ok();
        }
        // A run that was faster than its end is over too: another one is killed in its place.
        if in_this_run == 5 || !killed {
            reference.check_end(&runs.run());
            (runs, in_this_run) = (Runs::with(&SMALL), 0);
        }
    }
    assert!(by_checkpoint > crashes / 5, "only {by_checkpoint} restarts came to use a checkpoint");
    assert_eq!(done, crashes, "too many runs ended before they could be killed");
    if in_this_run > 0 {
        runs.run_bot(&RUN).ok();
        reference.check_end(&runs.run());
    }
}

/// One run that dies at the passings of a point, one after the other, and is then brought to its end.
fn crash_points(point: &str, passings: &[u64], flags: &[&str]) {
    let reference = Reference::new();
    let runs = Runs::with(&SMALL);
    let (mut torn, mut by_checkpoint, mut ignored) = (0, 0, 0);
    let mut count = |ran: &Ran| {
        torn += u32::from(ran.stderr.contains("cut a torn tail"));
        by_checkpoint += u32::from(ran.stdout.contains(BY_CHECKPOINT));
        ignored += u32::from(ran.stderr.contains("ignored checkpoint of record"));
    };
    for passing in passings {
        let at = format!("{point}:{passing}");
        let crash = [&RUN[..], &["--crash-at", &at], flags].concat();
        let ran = runs.run_bot(&crash);
        assert!(ran.killed(), "{at}: {ran:?}");
        count(&ran);
        reference.check_torn(&runs.run());
    }
    let ran = runs.run_bot(&RUN).ok();
    count(&ran);
    assert!(by_checkpoint > 0, "no restart used a checkpoint: {ran:?}");
    let crashes = u32::try_from(passings.len()).unwrap();
    assert_eq!(ignored, if point == "mid-checkpoint" { crashes } else { 0 }, "torn checkpoints");
    if point == "mid-sync" {
        assert_eq!(torn, crashes, "a torn sync leaves a torn tail");
    }
    let resumed = runs.run().records().iter().filter(|record| record["kind"] == "run_resumed").count();
    assert!(resumed > 0, "the last restart, at least, is in the journal");
    reference.check_end(&runs.run());
}

/// A paced run gives the store time to get ahead of what was synced.
#[test]
fn killed_while_the_store_keeps_up_nothing_in_it_has_the_number_of_another_record() {
    let reference = Reference::new();
    let runs = Runs::with(&SMALL);
    runs.run_bot(&["--seed", "42", "--duration", "150m"]).ok();
    let mut random = Random(5);
    for _ in 0..4 {
        let mut bot = Running::start(runs.paced_bot("300", &RUN));
        wait_for("the bot to answer", || runs.answers().then_some(()));
        assert!(!bot.ends_within(Duration::from_millis(500) + random.instant(Duration::from_millis(800))));
        assert!(bot.kill().killed());
        reference.check_torn(&runs.run());
    }
    runs.run_bot(&RUN).ok();
    reference.check_end(&runs.run());
}

const LOSE: [&str; 1] = ["--lose-unsynced"];

#[test]
fn killed_at_25_random_instants_the_run_ends_as_if_it_never_was() {
    random_kills(1, 25);
}

#[test]
fn killed_at_25_other_random_instants_the_run_ends_as_if_it_never_was() {
    random_kills(2, 25);
}

#[test]
fn killed_after_an_append_the_run_ends_as_if_it_never_was() {
    crash_points("after-append", &[1, 2, 187, 333, 600, 850], &[]);
}

#[test]
fn killed_after_an_append_that_is_lost_the_run_ends_as_if_it_never_was() {
    crash_points("after-append", &[1, 2, 187, 333, 600, 850], &LOSE);
}

#[test]
fn killed_after_a_send_the_run_ends_as_if_it_never_was() {
    crash_points("after-send", &[1, 2, 37, 80, 150], &[]);
}

#[test]
fn killed_after_a_send_whose_answer_is_lost_the_run_ends_as_if_it_never_was() {
    crash_points("after-send", &[1, 2, 37, 80, 150], &LOSE);
}

#[test]
fn killed_before_an_acknowledgement_is_recorded_the_run_ends_as_if_it_never_was() {
    crash_points("before-ack", &[1, 2, 5, 8, 13], &[]);
}

#[test]
fn killed_before_an_acknowledgement_with_losses_the_run_ends_as_if_it_never_was() {
    crash_points("before-ack", &[1, 2, 5, 8, 13], &LOSE);
}

#[test]
fn killed_in_a_sync_the_torn_tail_is_cut_and_the_run_ends_as_if_it_never_was() {
    crash_points("mid-sync", &[1, 2, 37, 80, 150], &[]);
}

#[test]
fn killed_in_a_sync_with_losses_the_torn_tail_is_cut_and_the_run_ends_as_if_it_never_was() {
    crash_points("mid-sync", &[1, 2, 37, 80, 150], &LOSE);
}

#[test]
fn killed_between_the_sync_and_the_checkpoint_the_run_ends_as_if_it_never_was() {
    crash_points("before-checkpoint", &[1, 1, 2, 3, 5], &[]);
}

#[test]
fn killed_between_the_sync_and_the_checkpoint_with_losses_the_run_ends_as_if_it_never_was() {
    crash_points("before-checkpoint", &[1, 1, 2, 3, 5], &LOSE);
}

#[test]
fn killed_in_a_checkpoint_the_torn_one_is_ignored_and_the_run_ends_as_if_it_never_was() {
    crash_points("mid-checkpoint", &[1, 1, 2, 3, 5], &[]);
}

#[test]
fn killed_in_a_checkpoint_with_losses_the_torn_one_is_ignored_and_the_run_ends_as_if_it_never_was() {
    crash_points("mid-checkpoint", &[1, 1, 2, 3, 5], &LOSE);
}
