//! The binary `venue`: its first line, its answers, and how it refuses.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

const USER: &str = "0x14791697260E4c9A71f18484C9f997B308e59325";

/// Ends with the test.
struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn venue(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_venue"));
    command.args(["--listen", "127.0.0.1:0"]).args(args);
    command
}

fn start(args: &[&str]) -> Running {
    let mut child = venue(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.strip_prefix("venue at http://").unwrap().split(',').next().unwrap().to_owned();
    Running(child, address)
}

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = venue(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn post(venue: &Running, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(&venue.1).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: venue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn candles_of_a_file_become_the_tape() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("btc.csv");
    let rows = "timestamp,open,high,low,close,volume\n2024-05-01T00:00:00Z,60000,60600,59400,60300,120\n\
        2024-05-01T01:00:00Z,60300,60900,60000,60450,90\n";
    std::fs::write(&path, rows).unwrap();
    let candles = format!("BTC={}", path.display());
    let venue = start(&["--candles", &candles, "--step", "--account", &format!("{USER}=5000")]);
    assert!(post(&venue, "/info", r#"{"type":"allMids"}"#).contains(r#""BTC":"60000.0""#));
    post(&venue, "/admin/step", r#"{"seconds":7200}"#);
    let hour = 1_714_521_600_000_i64;
    let request = format!(
        r#"{{"type":"candleSnapshot","req":{{"coin":"BTC","interval":"1h","startTime":{hour},"endTime":{hour}}}}}"#
    );
    let candle = post(&venue, "/info", &request);
    for part in [r#""o":"60000.0""#, r#""h":"60600.0""#, r#""l":"59400.0""#, r#""c":"60300.0""#] {
        assert!(candle.contains(part), "{part} in {candle}");
    }
    let state = post(&venue, "/info", &format!(r#"{{"type":"clearinghouseState","user":"{USER}"}}"#));
    assert!(state.contains(r#""withdrawable":"5000.0""#), "{state}");
}

#[test]
fn what_cannot_be_used_is_named() {
    let (code, words) = refused(&["--account", "0x12=5"]);
    assert_eq!(code, Some(2));
    assert!(words.contains("address"), "{words}");
    assert_eq!(refused(&["--step", "--speed", "2"]).0, Some(2));
    let (code, words) = refused(&["--candles", "BTC=/nowhere/btc.csv"]);
    assert_eq!((code, words.lines().count()), (Some(1), 1), "{words}");
    assert!(words.starts_with("error: ") && words.contains("/nowhere/btc.csv"), "{words}");
    let folder = tempfile::tempdir().unwrap();
    let faults = folder.path().join("faults.toml");
    std::fs::write(&faults, "[[fault]]\non = \"info:meta\"\ndo = \"delay\"\n").unwrap();
    let (code, words) = refused(&["--faults", faults.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(words.contains("faults.toml: fault 1, field ms"), "{words}");
}
