//! Command lines of `backtest`, `replay` and `indicators`: exit codes, output, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::candles::{HEADER, walk, write};
use common::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tempfile::TempDir;

/// Keys that every summary has.
const KEYS: [&str; 20] = [
    "candles",
    "gaps",
    "first_time",
    "last_time",
    "initial_equity",
    "final_equity",
    "buy_and_hold_return",
    "total_return",
    "max_drawdown",
    "sharpe",
    "fills",
    "fees",
    "funding",
    "round_trips",
    "win_rate",
    "naked_seconds",
    "constraints",
    "elapsed_seconds",
    "candles_per_second",
    "run_id",
];

const FAST: [&str; 6] = ["--strategy", "ema-cross", "--param", "fast=3", "--param", "slow=8"];

/// A folder with 600 candles.
fn setup() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let candles = write(folder.path(), "candles.csv", walk(600)).to_str().unwrap().to_owned();
    (folder, candles)
}

fn backtest(candles: &str, args: &[&str]) -> Ran {
    run(BACKTEST, &[&["--candles", candles], args].concat())
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn help_and_version_succeed() {
    for binary in [BOT, BOTCTL, BACKTEST, REPLAY, INDICATORS] {
        let ran = run(binary, &["--help"]).ok();
        assert!(ran.stdout.contains("Usage:") && ran.stderr.is_empty(), "{ran:?}");
        assert!(run(binary, &["--version"]).ok().stdout.contains(env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn bad_arguments_are_2() {
    let (_folder, candles) = setup();
    let all: [(&str, &[&str]); 7] = [
        (BOT, &["--nonsense"]),
        (BOT, &["--mode", "dream"]),
        (BOTCTL, &["dance"]),
        (REPLAY, &[]),
        (BACKTEST, &["--strategy", "none"]),
        (BACKTEST, &["--candles", &candles]),
        (INDICATORS, &["--candles", &candles]),
    ];
    for (binary, args) in all {
        let ran = run(binary, args);
        assert_eq!(ran.code(), Some(2), "{args:?}: {ran:?}");
        assert!(ran.stdout.is_empty() && ran.stderr.starts_with("error: "), "{ran:?}");
    }
    for percent in ["100", "0", "-1", "x", "NaN", "200%", ""] {
        let ran = backtest(&candles, &["--strategy", "signal-file", &format!("--stop-pct={percent}")]);
        assert_eq!(ran.code(), Some(2), "{percent}: {ran:?}");
        assert!(ran.stderr.contains("percent"), "{ran:?}");
    }
    let both = ["--strategy", "none", "--fee-bps", "1", "--maker-fee-bps", "1"];
    assert_eq!(backtest(&candles, &both).code(), Some(2));
}

#[test]
fn unknown_strategies_and_parameters_are_named() {
    let (_folder, candles) = setup();
    let refused = |args: &[&str], words: &[&str]| {
        let ran = backtest(&candles, args);
        let said = ran.refusal();
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(ran.stdout.is_empty(), "{ran:?}");
    };
    refused(&["--strategy", "gut-feeling"], &["gut-feeling", "ema-cross"]);
    refused(&["--strategy", "ema-cross", "--param", "speed=3"], &["ema-cross", "speed"]);
    refused(&["--strategy", "ema-cross", "--param", "fast=quick"], &["fast", "quick"]);
    refused(&["--strategy", "ema-cross", "--param", "fast=9", "--param", "slow=3"], &["ema-cross"]);
    refused(&["--strategy", "none", "--param", "fast=9"], &["none", "fast"]);
    refused(&["--strategy", "signal-file"], &["file"]);
    refused(&["--strategy", "ema-cross", "--long-only"], &["--long-only"]);
}

#[test]
fn the_json_summary_has_every_key_and_is_alone_on_standard_output() {
    let (_folder, candles) = setup();
    let ran = backtest(&candles, &[&FAST[..], &["--json"]].concat()).ok();
    let summary = ran.json();
    for key in KEYS {
        assert!(summary.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(summary["candles"], 600);
    assert_eq!(summary["gaps"], 0);
    assert_eq!(summary["first_time"], "2024-01-01T00:00:00Z");
    assert!(summary["fills"].as_u64().unwrap() > 0);
}

/// The JSON text without the two figures that the clock makes.
fn timeless(json: &str) -> String {
    let start = json.find(r#""elapsed_seconds":"#).unwrap();
    let end = json.find(r#""run_id":"#).unwrap();
    let cut = &json[start..end];
    assert!(cut.contains("candles_per_second") && cut.matches(':').count() == 2, "{cut}");
    format!("{}{}", &json[..start], &json[end..])
}

#[test]
fn the_same_backtest_twice_is_equal_to_the_byte() {
    let (folder, candles) = setup();
    let mut results: Vec<Vec<Vec<u8>>> = Vec::new();
    for round in ["a", "b"] {
        let files = ["trades.csv", "equity.csv", "report.html", "journal"]
            .map(|n| path(&folder, &format!("{round}-{n}")));
        let [trades, equity, report, journal] = files.each_ref().map(String::as_str);
        let out = ["--trades-csv", trades, "--equity-csv", equity, "--report", report, "--journal", journal];
        let costs = ["--fee-bps", "2.5", "--slippage-bps", "1", "--json"];
        let ran = backtest(&candles, &[&FAST[..], &costs, &out].concat()).ok();
        let mut result: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(result.iter().all(|bytes| bytes.len() > 200));
        result.push(timeless(&ran.stdout).into_bytes());
        results.push(result);
    }
    for (number, (a, b)) in results[0].iter().zip(&results[1]).enumerate() {
        assert!(a == b, "file {number} differs");
    }
}

#[test]
fn a_journal_changes_no_figure() {
    let (folder, candles) = setup();
    let plain = backtest(&candles, &[&FAST[..], &["--json"]].concat()).ok();
    let journal = path(&folder, "journal");
    let journaled = backtest(&candles, &[&FAST[..], &["--json", "--journal", &journal]].concat()).ok();
    assert_eq!(timeless(&plain.stdout), timeless(&journaled.stdout));
}

#[test]
fn a_journal_is_never_overwritten_and_a_failed_start_leaves_none() {
    let (folder, candles) = setup();
    let taken = write(folder.path(), "taken", "precious");
    let ran = backtest(&candles, &["--strategy", "none", "--journal", taken.to_str().unwrap()]);
    assert!(ran.refusal().contains("taken"), "{ran:?}");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "precious");
    let journal = path(&folder, "journal");
    backtest(&candles, &["--strategy", "gut-feeling", "--journal", &journal]).refusal();
    assert!(!Path::new(&journal).exists(), "an empty journal would stop the next try");
    backtest(&candles, &["--strategy", "none", "--journal", &journal]).ok();
}

#[test]
fn figures_agree_in_text_json_csv_and_html() {
    let (folder, candles) = setup();
    let (trades, report) = (path(&folder, "trades.csv"), path(&folder, "report.html"));
    let args = ["--fee-bps", "5", "--close-at-end", "--trades-csv", &trades, "--report", &report];
    let text = backtest(&candles, &[&FAST[..], &args].concat()).ok().stdout;
    let json = backtest(&candles, &[&FAST[..], &args, &["--json"]].concat()).ok().json();
    let number = |key: &str| json[key].as_f64().unwrap();
    let csv = fs::read_to_string(&trades).unwrap();
    let net = csv.lines().next().unwrap().split(',').position(|name| name == "net").unwrap();
    let nets: Vec<f64> =
        csv.lines().skip(1).map(|row| row.split(',').nth(net).unwrap().parse().unwrap()).collect();
    assert_eq!(nets.len() as u64, json["round_trips"].as_u64().unwrap());
    assert!((nets.iter().sum::<f64>() - number("net_profit")).abs() < 0.005);
    assert!((number("initial_equity") + number("net_profit") - number("final_equity")).abs() < 0.005);
    let html = fs::read_to_string(&report).unwrap();
    let grouped = grouped(number("final_equity"));
    assert!(text.contains(&grouped), "{grouped} in {text}");
    assert!(html.contains(&grouped), "{grouped} in the report");
    let fees = format!("{:.2}", number("fees"));
    assert!(text.contains(&fees) && html.contains(&fees), "{fees}");
}

fn grouped(value: f64) -> String {
    let text = format!("{value:.2}");
    let (whole, rest) = text.split_at(text.len() - 6);
    if whole.is_empty() { rest.to_owned() } else { format!("{whole},{rest}") }
}

/// Rows of a good file: five candles.
fn good() -> Vec<String> {
    walk(5).lines().skip(1).map(str::to_owned).collect()
}

/// A file whose third row (line 4) is another one.
fn with_row(row: &str) -> Vec<u8> {
    let mut rows = good();
    row.clone_into(&mut rows[2]);
    format!("{HEADER}{}\n", rows.join("\n")).into_bytes()
}

fn malformed() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let time = "1704067320";
    let row = |fields: &str| with_row(&format!("{time},{fields}"));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(walk(5_000).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut swapped = good();
    swapped.swap(1, 2);
    let mut twice = good();
    twice[2] = twice[1].clone();
    let lines = |rows: Vec<String>| format!("{HEADER}{}\n", rows.join("\n")).into_bytes();
    let long = format!("{time},100,101,99,100,{}", "1".repeat(70_000));
    vec![
        ("no-volume", b"time,open,high,low,close\n1704067200,1,1,1,1\n".to_vec(), &["line 1", "volume"]),
        ("no-time", b"open,high,low,close,volume\n1,1,1,1,1\n".to_vec(), &["line 1", "time"]),
        ("nan", row("100,101,99,NaN,5"), &["line 4", "column close"]),
        ("infinity", row("100,inf,99,100,5"), &["line 4", "column high"]),
        ("minus-infinity", row("100,101,-Infinity,100,5"), &["line 4", "column low"]),
        ("negative-volume", row("100,101,99,100,-5"), &["line 4", "column volume"]),
        ("negative-price", row("-100,101,-101,100,5"), &["line 4", "column open"]),
        ("zero-price", row("100,101,0,100,5"), &["line 4", "column low"]),
        ("high-below-low", row("100,99,101,100,5"), &["line 4", "high"]),
        ("no-number", row("100,101,99,1O0,5"), &["line 4", "column close"]),
        ("no-time-there", with_row("soon,100,101,99,100,5"), &["line 4", "column timestamp"]),
        ("short-row", row("100,101,99"), &["line 4"]),
        ("long-row", row("100,101,99,100,5,6"), &["line 4"]),
        ("unsorted", lines(swapped), &["line 4", "column timestamp"]),
        ("duplicate-time", lines(twice), &["line 4", "column timestamp"]),
        ("empty", Vec::new(), &["line 1", "empty"]),
        ("header-only", HEADER.into(), &["line 1"]),
        ("truncated.gz", gzip[..gzip.len() / 2].to_vec(), &["gzip", "line"]),
        ("binary", (0..=255).cycle().take(10_000).collect(), &["line 1"]),
        ("binary-behind", [with_row(&good()[2]), vec![0xFF, 0xFE, 0, 1, b'\n']].concat(), &["line 7"]),
        ("long-line", with_row(&long), &["line 4", "64 KiB"]),
        ("endless-line", vec![b'1'; 3_000_000], &["line 1", "64 KiB"]),
    ]
}

#[test]
fn malformed_candles_are_refused_in_one_line_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, words) in malformed() {
        let file = write(folder.path(), name, bytes);
        let file = file.to_str().unwrap();
        let out = path(&folder, "out.csv");
        let ran = [
            backtest(file, &["--strategy", "none", "--json"]),
            run(INDICATORS, &["--candles", file, "--indicator", "ema(2)", "--out", &out]),
        ];
        for ran in ran {
            let said = ran.refusal();
            assert!(said.contains(file), "{name}: {said}");
            assert!(words.iter().all(|word| said.contains(word)), "{name}: {said}");
            assert!(said.len() < 500 && ran.stdout.is_empty(), "{name}: {said}");
        }
        assert!(!Path::new(&out).exists(), "{name}");
    }
}

#[test]
fn a_folder_a_missing_file_and_an_unwritable_one_are_refused() {
    let (folder, candles) = setup();
    for file in [path(&folder, "nothing.csv"), folder.path().to_str().unwrap().to_owned()] {
        let ran = backtest(&file, &["--strategy", "none"]);
        assert!(ran.refusal().contains(&file), "{ran:?}");
    }
    let nowhere = path(&folder, "no/such/folder/out");
    for flag in ["--trades-csv", "--equity-csv", "--report", "--journal"] {
        let ran = backtest(&candles, &["--strategy", "none", flag, &nowhere]);
        assert!(ran.refusal().contains(&nowhere), "{flag}: {ran:?}");
    }
}

fn indicators(candles: &str, specs: &[&str], out: &str) -> Ran {
    let mut args = vec!["--candles", candles, "--out", out];
    for spec in specs {
        args.extend(["--indicator", spec]);
    }
    run(INDICATORS, &args)
}

#[test]
fn indicator_columns_are_named_by_their_spec_and_empty_until_warm() {
    let (folder, candles) = setup();
    let out = path(&folder, "out.csv");
    indicators(&candles, &["ema(20)", "rsi(14)", "talib.macd(12,26,9)"], &out).ok();
    let text = fs::read_to_string(&out).unwrap();
    let mut lines = text.lines();
    let names = r#"time,ema(20),rsi(14),"talib.macd(12,26,9).macd","talib.macd(12,26,9).macdsignal","talib.macd(12,26,9).macdhist""#;
    assert_eq!(lines.next().unwrap(), names);
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 600);
    assert_eq!(rows[0][0], "2024-01-01T00:00:00Z");
    // The first value of each column: an average of 20, 14 changes, and 26 + 9 - 1 candles.
    for (column, first) in [(1, 19), (2, 14), (3, 33), (4, 33), (5, 33)] {
        for (number, row) in rows.iter().enumerate() {
            assert_eq!(row.len(), 6);
            let warm = row[column].parse::<f64>().is_ok_and(f64::is_finite);
            assert_eq!(warm, number >= first, "column {column}, row {number}: {:?}", row[column]);
            assert_eq!(row[column].is_empty(), !warm);
        }
    }
    let closes: Vec<f64> =
        walk(600).lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse().unwrap()).collect();
    let mean = closes[..20].iter().sum::<f64>() / 20.0;
    assert!((rows[19][1].parse::<f64>().unwrap() - mean).abs() < 1e-9, "an EMA starts at the mean");
}

#[test]
fn a_bad_spec_is_refused_with_the_position() {
    let (folder, candles) = setup();
    let out = path(&folder, "out.csv");
    let all = [
        ("ema(20)x", "character 7"),
        ("ema(", "character 4"),
        ("ema(1,2,3)", "character 6"),
        ("nonsense(3)", "character 0"),
        ("ema(zero)", "character 4"),
        ("ema(20)@30s", "30s candles cannot be made"),
    ];
    for (spec, words) in all {
        let ran = indicators(&candles, &["rsi(14)", spec], &out);
        let said = ran.refusal();
        assert!(said.contains(spec) && said.contains(words), "{said}");
        assert!(!Path::new(&out).exists(), "{spec}");
    }
}

#[test]
fn a_summary_without_trades_has_nulls_not_nan() {
    let (_folder, candles) = setup();
    let summary = backtest(&candles, &["--strategy", "none", "--json"]).ok().json();
    assert_eq!(summary["win_rate"], Value::Null);
    assert_eq!(summary["sharpe"], Value::Null, "there are fewer than 20 days");
    assert_eq!(summary["final_equity"], summary["initial_equity"]);
}
