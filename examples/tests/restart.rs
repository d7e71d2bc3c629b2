//! Restarting the bot: by checkpoint and tail, by its whole past, and what stops it on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;

use common::store::Sql;
use common::*;

const BY_CHECKPOINT: &str = "by the checkpoint of record";
const EVERY_100: (&str, &str) = ("QTP__JOURNAL__CHECKPOINT_EVERY", "100");
const SMALL_SEGMENTS: (&str, &str) = ("QTP__JOURNAL__SEGMENT_KIB", "64");
const NONE: (&str, &str) = ("QTP__JOURNAL__CHECKPOINT_EVERY", "0");

fn drop_checkpoints(run: &RunFiles) {
    for number in run.checkpoints() {
        fs::remove_file(run.file(&format!("journal/checkpoint-{number:020}.json"))).unwrap();
    }
}

/// Every row of the tables that people read.
fn rows(run: &RunFiles) -> Vec<String> {
    let mut sql = Sql::open(&run.file("run.sqlite"));
    let mut all = Vec::new();
    for columns in [
        "client_order_id || body FROM orders",
        "seq || trade_id || price || quantity || fee FROM fills",
        "seq || body FROM decisions",
        "id || body || coalesce(outcome, '') FROM proposals",
        "account || instrument || quantity || cost FROM positions",
        "time || ' ' || equity FROM equity",
        "key || value FROM meta WHERE key = 'summary'",
        "seq || kind || body FROM journal",
    ] {
        all.extend(sql.texts(&format!("SELECT {columns} ORDER BY 1")));
    }
    sql.close();
    all
}

#[test]
fn a_restart_by_checkpoint_and_one_by_the_whole_past_end_in_the_same_bytes() {
    // The second ends in the midst of a position; the third has proposals that wait.
    for (first, flags) in [("11h", &[][..]), ("430m", &[]), ("159m", &["--approve", "manual"])] {
        let short = Runs::with(&[EVERY_100, SMALL_SEGMENTS]);
        short.run_bot(&[flags, &["--duration", first]].concat()).ok();
        assert_eq!(short.run().checkpoints().len(), 2);
        let long = short.copy();
        drop_checkpoints(&long.run());
        let rest = [flags, &["--duration", "16h"]].concat();
        let (by_checkpoint, by_past) = (short.run_bot(&rest).ok().stdout, long.run_bot(&rest).ok().stdout);
        assert!(by_checkpoint.contains(BY_CHECKPOINT), "{by_checkpoint}");
        assert!(by_past.contains("resumed at") && !by_past.contains(BY_CHECKPOINT), "{by_past}");
        let (short, long) = (short.run(), long.run());
        for file in ["summary.json", "report.html", "trades.csv", "equity.csv", "decisions.jsonl"] {
            assert_eq!(short.read(file), long.read(file), "{file} after {first}");
        }
        assert_eq!(short.records(), long.records());
        assert_eq!(rows(&short), rows(&long));
        for run in [short, long] {
            verify(&run.0).ok();
            verify(&run.file("run.sqlite")).ok();
        }
    }
}

#[test]
fn a_checkpoint_is_not_used_by_a_store_that_lacks_what_came_before() {
    let runs = Runs::with(&[EVERY_100]);
    runs.run_bot(&["--duration", "8h"]).ok();
    let whole = runs.copy();
    for name in ["run.sqlite", "run.sqlite-wal", "run.sqlite-shm"] {
        let _ = fs::remove_file(runs.run().file(name));
    }
    let ran = runs.run_bot(&["--duration", "9h"]).ok();
    assert!(ran.stderr.contains("the store does not hold everything before it"), "{ran:?}");
    assert!(!ran.stdout.contains(BY_CHECKPOINT), "{ran:?}");
    assert!(whole.run_bot(&["--duration", "9h"]).ok().stdout.contains(BY_CHECKPOINT));
    assert_eq!(rows(&runs.run()), rows(&whole.run()));
}

#[test]
fn a_run_of_one_journal_file_goes_on_in_a_folder() {
    let runs = Runs::with(&[EVERY_100, SMALL_SEGMENTS]);
    let old = Runs::new();
    for runs in [&runs, &old] {
        runs.run_bot(&["--duration", "2h"]).ok();
    }
    let run = old.run();
    fs::rename(run.journal(), run.file("journal.jsonl")).unwrap();
    fs::remove_dir_all(run.file("journal")).unwrap();
    verify(&run.0).ok();
    old.run_bot(&["--duration", "3h"]).ok();
    runs.run_bot(&["--duration", "3h"]).ok();
    assert!(!run.file("journal.jsonl").exists());
    verify(&run.0).ok();
    assert_eq!(run.records(), runs.run().records());
}

#[test]
fn what_retention_dropped_is_known_and_the_run_goes_on_without_it() {
    let keep = ("QTP__JOURNAL__KEEP_DAYS", "1");
    let runs = Runs::with(&[EVERY_100, SMALL_SEGMENTS, keep]);
    runs.run_bot(&["--duration", "36h"]).ok();
    let run = runs.run();
    assert!(!run.journal().with_extension("jsonl.gz").exists(), "the first segment is gone");
    let said = verify(&run.0).ok().stdout;
    assert!(said.contains("begins at record") && said.contains("verified: "), "{said}");
    let ran = runs.run_bot(&["--duration", "40h"]).ok();
    assert!(ran.stdout.contains(BY_CHECKPOINT), "{ran:?}");
    // The whole run in one part, with everything kept, is the same.
    let whole = Runs::new();
    whole.run_bot(&["--duration", "40h"]).ok();
    for figure in ["final_equity", "fees", "funding", "fills", "orders", "round_trips", "max_drawdown"] {
        assert_eq!(runs.run().summary()[figure], whole.run().summary()[figure], "{figure}");
    }
    // The store, a copy for people, still holds all of it.
    verify(&run.file("run.sqlite")).ok();
    drop_checkpoints(&run);
    let ran = runs.run_bot(&["--duration", "41h"]);
    assert!(ran.refusal().contains("--fresh"), "{ran:?}");
    let ran = verify(&run.0);
    assert!(ran.refusal().contains("no checkpoint fits"), "{ran:?}");
}

#[test]
fn a_signal_ends_a_long_replay_at_once_and_botctl_says_how_far_it_is() {
    let runs = Runs::with(&[NONE]);
    runs.run_bot(&["--duration", "3d"]).ok();
    let run = runs.run();
    assert!(run.checkpoints().is_empty());
    let before = run.contents();
    let mut bot = Running::start(runs.paced_bot("1000", &[]));
    let status = wait_for("the bot to say that it is starting", || {
        assert!(!bot.ended(), "the bot ended");
        let ran = runs.botctl(&["status"]);
        (ran.code() == Some(0)).then(|| ran.json())
    });
    let said = status["starting"].as_str().unwrap_or_else(|| panic!("not starting: {status}")).to_owned();
    let (at, of) = said.strip_prefix("replaying ").unwrap().split_once('/').unwrap();
    assert!(at.parse::<u64>().unwrap() <= of.parse().unwrap(), "{said}");
    let ran = runs.botctl(&["halt"]);
    assert!(ran.refusal().contains("the bot is starting: replaying"), "{ran:?}");
    bot.terminate();
    let ran = bot.finish().ok();
    assert!(ran.stdout.contains("stopped while going through the past"), "{ran:?}");
    assert!(!run.file("control.sock").exists());
    let after = run.contents();
    let journal = |path: &std::path::Path| path.to_str().unwrap().contains("journal/0");
    for (path, bytes) in before.iter().filter(|(path, _)| journal(path)) {
        assert!(after[path] == *bytes, "{} was touched", path.display());
    }
    assert!(runs.run_bot(&["--duration", "73h"]).ok().stdout.contains("resumed at"));
}

#[test]
fn too_little_free_disk_halts_new_risk_until_there_is_enough() {
    let runs = Runs::with(&[("QTP__JOURNAL__MIN_FREE_MIB", "1000000000000")]);
    let mut bot = Running::start(runs.paced_bot("3000", &[]));
    let status = wait_for("the bot to halt", || {
        assert!(!bot.ended(), "the bot ended");
        let known = runs.path().join("latest").exists();
        let status = known.then(|| runs.botctl(&["status"])).filter(|ran| ran.code() == Some(0))?.json();
        status["halted"].is_string().then_some(status)
    });
    assert!(status["halted"].as_str().unwrap().contains("disk_space"), "{status}");
    let ran = runs.botctl(&["resume"]);
    assert!(ran.refusal().contains("the halt stays: disk_space"), "{ran:?}");
    assert_eq!(runs.botctl(&["flatten"]).ok().json()["done"], true);
    bot.terminate();
    bot.finish().ok();
    assert_eq!(runs.run().summary()["orders"].as_u64(), Some(0));
    verify(&runs.run().0).ok();
    // The same run on a roomier disk: the halt ends when an operator says so.
    let runs = Runs::copy(&runs);
    let mut command = runs.paced_bot("1000", &[]);
    command.env("QTP__JOURNAL__MIN_FREE_MIB", "1");
    let bot = Running::start(command);
    wait_for("the bot to resume", || (runs.botctl(&["resume"]).code() == Some(0)).then_some(()));
    assert!(runs.botctl(&["status"]).ok().json()["halted"].is_null());
    bot.terminate();
    bot.finish().ok();
}
