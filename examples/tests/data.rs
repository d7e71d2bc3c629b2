//! `data download`: a file that grows, what it reports, and what it refuses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use common::*;

const HEADER: &str = "timestamp,open,high,low,close,volume\n";

fn download(out: &Path, from: &str, to: &str) -> Ran {
    let out = out.to_str().unwrap();
    let what = ["download", "--instrument", "BTC-USD-PERP", "--timeframe", "1h", "--out", out];
    run(DATA, &[&what[..], &["--from", from, "--to", to]].concat())
}

#[test]
fn a_download_goes_on_where_the_file_ends_and_equals_one_made_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole.csv"), folder.path().join("parts.csv"));
    download(&whole, "2025-01-02", "2025-01-05").ok();
    download(&parts, "2025-01-02", "2025-01-03T07:00:00Z").ok();
    // A line that was being written when the program ended.
    let mut torn = fs::read_to_string(&parts).unwrap();
    torn.push_str("2025-01-03T07:00:00Z,76");
    fs::write(&parts, torn).unwrap();
    let second = download(&parts, "2025-01-02", "2025-01-05").ok();
    assert!(
        second.stdout.contains("72 candles of BTC-USD-PERP@synthetic, 1h, 41 of them new"),
        "{}",
        second.stdout
    );
    assert!(second.stdout.contains("gaps: 0, 0 candles missing"), "{}", second.stdout);
    assert_eq!(fs::read(&parts).unwrap(), fs::read(&whole).unwrap());
    assert!(fs::read_to_string(&whole).unwrap().starts_with(HEADER));
}

#[test]
fn what_the_venue_does_not_have_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let ran = download(&folder.path().join("early.csv"), "2023-12-30", "2024-01-02").ok();
    assert!(ran.stdout.contains("gaps: 1, 48 candles missing"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("2023-12-30T00:00:00Z to 2024-01-01T00:00:00Z: 48 missing"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_file_that_was_not_downloaded_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.csv");
    fs::write(&path, "Date,Close\n2025-01-01,5\n").unwrap();
    let ran = download(&path, "2025-01-02", "2025-01-03");
    assert_eq!(ran.code(), Some(1));
    assert!(ran.stderr.contains("mine.csv") && ran.stderr.contains("its header is not"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "Date,Close\n2025-01-01,5\n");
}

#[test]
fn bad_arguments_are_refused_before_a_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.csv");
    let backwards = download(&path, "2025-01-03", "2025-01-02");
    assert!(backwards.code() == Some(1) && backwards.stderr.contains("--from"), "{}", backwards.stderr);
    assert_eq!(download(&path, "yesterday", "2025-01-02").code(), Some(2));
    let out = path.to_str().unwrap();
    let unknown = [
        "download",
        "--instrument",
        "DOGE-USD-PERP",
        "--timeframe",
        "1h",
        "--from",
        "2025-01-02",
        "--out",
        out,
    ];
    let ran = run(DATA, &unknown);
    assert!(ran.code() == Some(1) && ran.stderr.contains("DOGE-USD-PERP@synthetic"), "{}", ran.stderr);
    assert!(!path.exists());
}

#[test]
fn a_reader_that_goes_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.csv");
    let what =
        ["download", "--instrument", "BTC-USD-PERP", "--timeframe", "1h", "--out", path.to_str().unwrap()];
    let help = ["download", "--help"];
    for args in [&[&what[..], &["--from", "2025-01-02", "--to", "2025-01-05"]].concat()[..], &help[..]] {
        let mut command = command(DATA, args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let words = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success() && words.is_empty(), "{:?}: {words}", ended.status);
    }
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1 + 72);
}
