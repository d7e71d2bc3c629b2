//! Recordings: a paper run comes out again from what it recorded, a venue and a backtest use one, and no secret is in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::*;
use qtp_core::port::JournalRecord;
use qtp_core::{Event, Fill, Intent, OrderRequest};
use qtp_exchange::hyperliquid::sign::PrivateKey;
use qtp_exchange::sim_server::{SimServer, SimServerConfig};
use qtp_store::{FileJournal, FolderJournal};
use serde_json::Value;

fn orders(records: &[JournalRecord]) -> Vec<OrderRequest> {
    let of = |record: &JournalRecord| match record {
        JournalRecord::Command(record) => match &record.intent {
            Intent::Submit(group) => group.orders().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        },
        JournalRecord::Event(_) => Vec::new(),
    };
    records.iter().flat_map(of).collect()
}

fn fills(records: &[JournalRecord]) -> Vec<Fill> {
    let of = |record: &JournalRecord| match record {
        JournalRecord::Event(record) => match &record.event {
            Event::Fill(fill) => Some(fill.clone()),
            _ => None,
        },
        JournalRecord::Command(_) => None,
    };
    records.iter().filter_map(of).collect()
}

/// Orders without the instants that are ours alone: a run that goes again takes no time to think.
fn timeless(orders: Vec<OrderRequest>) -> Vec<OrderRequest> {
    orders.into_iter().map(|order| OrderRequest { valid_until: None, ..order }).collect()
}

/// Fills by time and order. A venue numbers orders and trades as they come; of those that are sent in one instant any may be
/// the first.
fn by_order(mut fills: Vec<Fill>) -> Vec<Fill> {
    fills.sort_by_key(|fill| (fill.time, fill.client_order_id));
    fills
        .into_iter()
        .map(|fill| Fill { trade_id: "0".parse().unwrap(), venue_order_id: None, ..fill })
        .collect()
}

/// Names the first difference alone.
fn same<T: PartialEq + std::fmt::Debug>(ours: &[T], theirs: &[T]) {
    let differ = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
    assert_eq!(differ.map(|at| (at, &ours[at], &theirs[at])), None);
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn a_paper_run_comes_out_again_from_its_recording() {
    let runs = Runs::new();
    let tape = tempfile::tempdir().unwrap();
    let folder = tape.path().to_str().unwrap().to_owned();
    // Thirty times as fast: a moment in which this machine does something else stays short against a candle.
    let args = [
        "--mode",
        "paper",
        "--duration",
        "25m",
        "--strategy",
        "every-candle",
        "--interval",
        "1m",
        "--record",
        &folder,
    ];
    let mut bot = runs.paced_bot("30", &args);
    // A strategy that loses the spread each time would be held back otherwise.
    bot.env("QTP__RISK__COOLDOWN_SECS", "0").env("QTP__RISK__MAX_LOSSES_IN_ROW", "off");
    Running::start(bot).finish().ok();
    let run = runs.run();
    let again = tape.path().join("again.jsonl");
    let backtest = Command::new(env!("CARGO_BIN_EXE_backtest"))
        .args(["--recording", &folder, "--json", "--journal", again.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(backtest.status.success(), "{}", String::from_utf8_lossy(&backtest.stderr));
    let outcome: Value = serde_json::from_slice(&backtest.stdout).unwrap();
    let first: Vec<_> = FolderJournal::read(run.file("journal"), 0).unwrap().map(Result::unwrap).collect();
    let second: Vec<_> = FileJournal::read(&again).unwrap().map(Result::unwrap).collect();
    assert!(fills(&first).len() > 20, "{} fills", fills(&first).len());
    same(&timeless(orders(&first)), &timeless(orders(&second)));
    same(&by_order(fills(&first)), &by_order(fills(&second)));
    let equity: f64 = outcome["final_equity"].as_str().unwrap().parse().unwrap();
    let before = run.summary()["final_equity"].as_f64().unwrap();
    assert!((equity - before).abs() < 1e-6, "{equity} is not {before}");

    // Any strategy runs over its candles.
    let other = Command::new(env!("CARGO_BIN_EXE_backtest"))
        .args(["--recording", &folder, "--timeframe", "1m", "--strategy", "ema-cross", "--param", "fast=3"])
        .args(["--param", "slow=8", "--json"])
        .output()
        .unwrap();
    assert!(other.status.success(), "{}", String::from_utf8_lossy(&other.stderr));
    let summary: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert!(summary["candles"].as_u64().unwrap() > 50, "{summary}");
}

/// A key that is easily found again.
const CANARY: &str = "c0ffee11c0ffee22c0ffee33c0ffee44c0ffee55c0ffee66c0ffee77c0ffee88";
const MODEL_KEY: &str = "sk-canary-of-a-model-7d1f";

#[test]
fn no_secret_is_in_any_file_log_or_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let key: PrivateKey = CANARY.parse().unwrap();
    let host = runtime.block_on(async {
        let accounts = vec![(key.address(), 10_000.into())];
        let server = SimServer::new(SimServerConfig { accounts, ..SimServerConfig::default() }).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        drop(tokio::spawn(server.serve(listener)));
        host
    });
    let folder = tempfile::tempdir().unwrap();
    let bot = |key: &str, url: &str, duration: &str| -> Output {
        Command::new(env!("CARGO_BIN_EXE_bot"))
            .args(["--mode", "live", "--venue", "hyperliquid", "--network", "testnet", "--url", url])
            .args([
                "--assets",
                "BTC",
                "--interval",
                "1m",
                "--strategy",
                "every-candle",
                "--duration",
                duration,
            ])
            .arg("--runs")
            .arg(folder.path().join("runs"))
            .arg("--record")
            .arg(folder.path().join("tape"))
            .env("HYPERLIQUID_PRIVATE_KEY", key)
            .env("OPENROUTER_API_KEY", MODEL_KEY)
            .env("RUST_LOG", "trace")
            .output()
            .unwrap()
    };
    // Long enough for an order at the close of a minute.
    let mut said = vec![bot(CANARY, &format!("http://{host}"), "65s")];
    // Errors: a venue that is not there, a key that is none.
    said.push(bot(CANARY, "http://127.0.0.1:9", "1m"));
    said.push(bot(&format!("{CANARY}f"), &format!("http://{host}"), "1m"));
    assert!(said[0].status.success(), "{}", String::from_utf8_lossy(&said[0].stderr));
    assert!(!said[1].status.success() && !said[2].status.success());

    let mut texts: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for output in said {
        texts.push(("stdout".into(), output.stdout));
        texts.push(("stderr".into(), output.stderr));
    }
    collect(folder.path(), &mut texts);
    let orders = texts.iter().filter(|(_, text)| holds(text, "intent.submit")).count();
    assert!(orders > 0, "no order was sent: nothing would be proven");
    let kinds: BTreeSet<_> = texts.iter().filter_map(|(path, _)| path.extension()).collect();
    assert!(kinds.len() >= 3, "journal, recording and store are looked at: {kinds:?}");
    let bytes: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&CANARY[2 * at..2 * at + 2], 16).unwrap()).collect();
    for (path, text) in &texts {
        let lower = text.to_ascii_lowercase();
        for secret in [CANARY, MODEL_KEY, "\"signature\"", "\"s\":\"0x"] {
            assert!(!holds(&lower, secret), "{secret:?} is in {}", path.display());
        }
        assert!(!text.windows(32).any(|window| window == bytes), "the key's bytes are in {}", path.display());
    }
}

fn holds(text: &[u8], words: &str) -> bool {
    text.windows(words.len()).any(|window| window == words.as_bytes())
}

/// All files below a folder, unpacked where they are packed.
fn collect(folder: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if path.extension().is_some_and(|extension| extension == "gz") {
            let mut text = Vec::new();
            flate2::read::MultiGzDecoder::new(File::open(&path).unwrap()).read_to_end(&mut text).unwrap();
            into.push((path.clone(), text));
        }
        into.push((path, bytes));
    }
}
