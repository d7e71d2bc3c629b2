//! Recordings: a paper run comes out again from what it recorded, a venue and a backtest use one, and no secret is in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use common::*;
use qtp_core::port::{JournalRecord, MarketData as _};
use qtp_core::{Candle, CandleQuery, Event, Fill, InstrumentId, Intent, OrderRequest, Timeframe, Timestamp};
use qtp_exchange::decorator::read;
use qtp_exchange::hyperliquid::sign::{Network, PrivateKey};
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig};
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

/// The closed minutes of a venue from an instant on.
async fn minutes(url: &str, instrument: &InstrumentId, (start, end): (Timestamp, Timestamp)) -> Vec<Candle> {
    let config = HyperliquidConfig::new(Network::Mainnet, "reader".parse().unwrap());
    let venue = Hyperliquid::new(config.host(url.strip_prefix("http://").unwrap())).unwrap();
    let (instrument, timeframe) = (instrument.clone(), Timeframe::M1);
    venue.candles(&CandleQuery { instrument, timeframe, start, end, limit: None }).await.unwrap()
}

#[test]
fn what_was_recorded_of_a_venue_is_served_and_backtested_again() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let opens = Some("2024-03-01T00:00:00Z".parse().unwrap());
    let server =
        SimServer::new(SimServerConfig { pace: Pace::Stepped, opens, ..SimServerConfig::default() }).unwrap();
    let url = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(tokio::spawn(server.clone().serve(listener)));
        url
    });
    let tape = tempfile::tempdir().unwrap();
    let folder = tape.path().to_str().unwrap();
    let assets = "BTC,PURR-USDC@hyperliquid";
    let args = ["--venue", "hyperliquid", "--url", &url, "--assets", assets, "--out", folder];
    let record = Running::start(command(env!("CARGO_BIN_EXE_record"), &args));
    wait_for("a recorder", || record.said().contains("recording").then_some(()));
    // The recorder hears of each minute as it passes.
    wait_for("forty minutes", || {
        server.step(Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
        (server.now() >= "2024-03-01T00:40:00Z".parse().unwrap()).then_some(())
    });
    record.interrupt();
    record.finish().ok();

    let heard: Vec<Event> = read(tape.path()).unwrap().map(|event| event.unwrap().event).collect();
    let of = |name: &str| -> Vec<Candle> {
        let batches = heard.iter().filter_map(|event| match event {
            Event::Candles(batch) => Some(&batch.candles),
            _ => None,
        });
        batches.flatten().filter(|candle| candle.instrument().base() == name).cloned().collect()
    };
    let trades = heard.iter().filter(|event| matches!(event, Event::Trade(_))).count();
    assert!(trades > 100, "{trades} trades");
    let args = ["--listen", "127.0.0.1:0", "--recording", folder, "--step"];
    let again = Running::start(command(env!("CARGO_BIN_EXE_venue"), &args));
    let served = wait_for("a venue", || {
        let said = again.said();
        let address = said.strip_prefix("venue at ")?.split(',').next()?;
        Some(address.to_owned())
    });
    post(&served, "/admin/step", r#"{"seconds":3600}"#);
    for name in ["BTC", "PURR"] {
        let recorded = of(name);
        assert!(recorded.len() >= 10, "{name}: {} candles", recorded.len());
        let (first, last) = (&recorded[0], &recorded[recorded.len() - 1]);
        let range = (first.open_time(), last.close_time());
        for venue in [&url, &served] {
            same(&runtime.block_on(minutes(venue, first.instrument(), range)), &recorded);
        }
    }
    let report =
        run(BACKTEST, &["--recording", folder, "--timeframe", "1m", "--strategy", "none", "--json"]).ok();
    assert_eq!(report.json()["candles"], of("BTC").len() + of("PURR").len());
}

/// A request to a venue's own side.
fn post(url: &str, path: &str, body: &str) {
    let mut stream = std::net::TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: venue\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
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
