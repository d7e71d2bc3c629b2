//! Strategy files: the built-in strategies written as files make the same trades, and problems have their place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::path::{Path, PathBuf};

use common::candles::{walk, write};
use common::*;
use serde_json::Value;
use tempfile::TempDir;

/// Strategies that exist both as code and as a file.
const TWICE: [&str; 4] = ["ema-cross", "momentum", "swing", "scalping"];

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("strategies");
    folder.join(format!("{name}.json")).to_str().unwrap().to_owned()
}

/// What a backtest said and its round trips.
fn trades(candles: &str, strategy: &[&str], extra: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("trades.csv");
    let fixed = ["--candles", candles, "--json", "--trades-csv", csv.to_str().unwrap()];
    let summary = run(BACKTEST, &[&fixed, strategy, extra].concat()).ok().json();
    (summary, std::fs::read_to_string(csv).unwrap())
}

#[track_caller]
fn same(candles: &str, name: &str, extra: &[&str]) -> u64 {
    let (coded, coded_trades) = trades(candles, &["--strategy", name], extra);
    let (written, written_trades) = trades(candles, &["--strategy-file", &file(name)], extra);
    assert_eq!(coded_trades, written_trades, "{name}");
    for key in ["final_equity", "fills", "fees", "round_trips", "max_drawdown", "sharpe", "naked_seconds"] {
        assert_eq!(coded[key], written[key], "{name}: {key}");
    }
    written["round_trips"].as_u64().unwrap()
}

fn walked(folder: &TempDir, rows: u32) -> String {
    write(folder.path(), "candles.csv", walk(rows)).to_str().unwrap().to_owned()
}

#[test]
fn a_file_makes_the_trades_of_the_strategy_that_it_describes() {
    let folder = tempfile::tempdir().unwrap();
    let candles = walked(&folder, 3_000);
    for name in TWICE {
        let trips = same(&candles, name, &["--fee-bps", "5", "--size", "2"]);
        assert!(trips >= 10, "{name}: {trips} round trips");
    }
}

#[test]
fn a_file_makes_the_same_trades_on_shared_data() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    for path in [
        "binance-1h/BTCUSDT_1h_20240416-20260416.csv.gz",
        "backtesting-py/EURUSD.csv",
        "backtesting-py/GOOG.csv",
    ] {
        let candles = data.join(path);
        if !candles.exists() {
            println!("skipped: {path} is not there");
            continue;
        }
        for name in TWICE {
            let trips = same(candles.to_str().unwrap(), name, &["--fee-bps", "4", "--size-fraction", "0.5"]);
            println!("{path}: {name}: {trips} round trips, the same");
            assert!(trips >= 10, "{path} {name}: {trips}");
        }
    }
}

#[test]
fn a_run_of_a_file_can_be_verified_after_the_file_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let candles = walked(&folder, 1_500);
    let (journal, copy) = (folder.path().join("run.journal"), folder.path().join("mine.json"));
    std::fs::copy(file("momentum"), &copy).unwrap();
    let (journal, copy) = (journal.to_str().unwrap(), copy.to_str().unwrap());
    let fixed = ["--candles", &candles, "--strategy-file", copy, "--journal", journal, "--json"];
    let summary = run(BACKTEST, &fixed).ok().json();
    assert!(summary["fills"].as_u64().unwrap() > 5);
    std::fs::remove_file(copy).unwrap();
    run(REPLAY, &["--journal", journal, "--verify"]).ok();
}

fn mine(folder: &TempDir, text: &str) -> PathBuf {
    write(folder.path(), "mine.json", text)
}

#[test]
fn problems_name_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let candles = walked(&folder, 100);
    let good = std::fs::read_to_string(file("swing")).unwrap();
    for (from, to, words) in [
        ("ema(20)", "emma(20)", "mine.json: line 5, column 27 (/indicators/fast): indicator `emma(20)`"),
        ("\"close\", \"fast\"", "\"clos\", \"fast\"", "did you mean `close`?"),
        ("\"stop\"", "\"stopp\"", "unknown field `stopp`"),
        ("\"at_most\"", "\"atmost\"", "did you mean `at_most`?"),
        ("\"version\": 1", "\"version\": 1, \"timeframe\": \"1h\"", "made for 1h candles, these are 1m"),
        ("\"version\": 1", "\"version\": 1, \"instruments\": [\"BTC-USD@x\"]", "(/instruments)"),
    ] {
        let path = mine(&folder, &good.replacen(from, to, 1));
        let ran = run(BACKTEST, &["--candles", &candles, "--strategy-file", path.to_str().unwrap()]);
        assert!(ran.refusal().contains(words), "{}", ran.refusal());
    }
    let sized = good.replacen("\"stop\"", "\"size\": { \"units\": 3 },\n  \"stop\"", 1);
    let path = mine(&folder, &sized);
    let args = ["--candles", &candles, "--strategy-file", path.to_str().unwrap()];
    run(BACKTEST, &args).ok();
    assert!(run(BACKTEST, &[&args[..], &["--size", "1"]].concat()).refusal().contains("no --size"));
    let both = run(BACKTEST, &[&args[..], &["--strategy", "none"]].concat());
    assert_eq!(both.code(), Some(2));
}

#[test]
fn the_bot_runs_a_file_and_refuses_one_without_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let fixed = ["--fresh", "--speed", "max", "--duration", "2d", "--runs", runs.to_str().unwrap()];
    let ran = run(BOT, &[&fixed[..], &["--strategy-file", &file("swing")]].concat()).ok();
    assert!(ran.stdout.contains("order"), "{}", ran.stdout);
    let ran = run(BOT, &[&fixed[..], &["--strategy-file", &file("ema-cross")]].concat());
    assert!(ran.refusal().contains("only a strategy with a `stop`"), "{ran:?}");
}
