//! Every kind of malformed candle file is refused with file, line and column.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use qtp_core::Timeframe;
use qtp_exchange::candle_file::{self, CandleFileError, CandleFileOptions, TimeIs, TimeUnit};
use tempfile::TempDir;

const HEADER: &str = "time,open,high,low,close,volume\n";
const FIRST: &str = "2024-01-01 00:00,100,110,95,105,12.5\n";

fn options() -> CandleFileOptions {
    CandleFileOptions::new("BTC-USDT@test".parse().unwrap())
}

fn write(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.csv");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn error_of(bytes: &[u8], options: &CandleFileOptions) -> CandleFileError {
    let (_folder, path) = write(bytes);
    candle_file::read(&path, options).expect_err(&String::from_utf8_lossy(bytes))
}

/// Rows below one good row, and what the message must say behind the file's name.
fn assert_message(text: &str, expected: &str) {
    let error = error_of(text.as_bytes(), &options());
    let message = error.to_string();
    let (file, rest) = message.split_once(": ").unwrap();
    assert!(file.ends_with("candles.csv"), "{message}");
    assert_eq!(rest, expected, "for {text:?}");
}

#[test]
fn a_malformed_row_names_line_column_and_problem() {
    let cases = [
        ("2024-01-01 01:00,x,110,95,105,1", "line 3, column open: \"x\" is not a number"),
        ("2024-01-01 01:00,100,,95,105,1", "line 3, column high: \"\" is not a number"),
        ("2024-01-01 01:00,100,110,NaN,105,1", "line 3, column low: \"NaN\" is not a finite number"),
        ("2024-01-01 01:00,100,110,95,-inf,1", "line 3, column close: \"-inf\" is not a finite number"),
        (
            "2024-01-01 01:00,100,110,95,105,Infinity",
            "line 3, column volume: \"Infinity\" is not a finite number",
        ),
        ("2024-01-01 01:00,100,90,95,105,1", "line 3, column high: high 90 is below low 95"),
        ("2024-01-01 01:00,0,110,95,105,1", "line 3, column open: 0 is not above 0"),
        ("2024-01-01 01:00,100,110,-95.50,105,1", "line 3, column low: -95.5 is not above 0"),
        ("2024-01-01 01:00,100,110,95,105,-1", "line 3, column volume: -1 is below 0"),
        ("2024-01-01 01:00,100,110,95,105,", "line 3, column volume: empty in some rows, but not in all"),
        (
            "2024-01-01 01:00,100,200000000000000,95,105,1",
            "line 3, column high: \"200000000000000\" is larger than 1e14",
        ),
        (
            "2024-01-01 01:00,1.00000000000000000000000000001,110,95,105,1",
            "line 3, column open: \"1.00000000000000000000000000001\" needs more than 28 digits",
        ),
        ("2024-01-01 01:00,100,110,95,105", "line 3, column volume: 5 fields where the header has 6"),
        ("2024-01-01 01:00,100,110,95,105,1,2", "line 3, column 7: 7 fields where the header has 6"),
        ("2024-01-01 01:00,\"1,00\",110,95,105,1", "line 3, column 7: 7 fields where the header has 6"),
        ("2024-01-01 01:00,\"100,110,95,105,1", "line 3, column open: \"\\\"100\" is not a number"),
        ("2024-01-01 00:00,100,110,95,105,1", "line 3, column time: 2024-01-01T00:00:00Z stands twice"),
        (
            "2023-12-31 23:00,100,110,95,105,1",
            "line 3, column time: 2023-12-31T23:00:00Z is before 2024-01-01T00:00:00Z of the row above",
        ),
        (
            "1704070800,100,110,95,105,1",
            "line 3, column time: \"1704070800\" is not a time (RFC 3339 or YYYY-MM-DD[ HH:MM[:SS]])",
        ),
        (
            "2024-02-30,100,110,95,105,1",
            "line 3, column time: \"2024-02-30\" is not a time (RFC 3339 or YYYY-MM-DD[ HH:MM[:SS]])",
        ),
        ("\n2024-01-01 01:00,100,110,95,105,1", "line 3: empty line between rows"),
    ];
    for (row, expected) in cases {
        assert_message(&format!("{HEADER}{FIRST}{row}\n"), expected);
        assert_message(&format!("{HEADER}{FIRST}{row}\n").replace('\n', "\r\n"), expected);
    }
}

#[test]
fn a_malformed_header_or_file_is_named() {
    let time = "missing from the header (one of: timestamp, time, date, datetime, ts, ts_ms, timestamp_ms, open_time, open_time_ms)";
    let cases = [
        ("", "line 1: the file is empty".to_owned()),
        (HEADER, "line 1: no rows below the header".to_owned()),
        ("time,open,high,low,close,volume\n\n\n", "line 3: no rows below the header".to_owned()),
        ("when,open,high,low,close,volume\n", format!("line 1, column timestamp: {time}")),
        ("1704067200,1,1,1,1,1\n", format!("line 1, column timestamp: {time}")),
        ("time,open,high,low,close\n", "line 1, column volume: missing from the header (one of: volume)".to_owned()),
        ("time,open,high,low,Close,close,volume\n", "line 1, column close: named twice in the header".to_owned()),
        ("time,open\0,high\n", "line 1: not UTF-8 text".to_owned()),
        (
            &format!("{HEADER}{FIRST}"),
            "line 2: the timeframe cannot be told from the rows (there is only one): name it".to_owned(),
        ),
        (
            &format!("{HEADER}20240101,1,1,1,1,1\n"),
            "line 2, column time: \"20240101\" looks like YYYYMMDD, which is not read; name the time unit if it is a Unix time"
                .to_owned(),
        ),
        (
            &format!("{HEADER}1704067200,1,1,1,1,1\n1704067200000,1,1,1,1,1\n"),
            "line 3, column time: \"1704067200000\" is not in the years 1970 to 2200 as Unix seconds".to_owned(),
        ),
        (
            &format!("{HEADER}-5,1,1,1,1,1\n"),
            "line 2, column time: \"-5\" is not in the years 1970 to 2200 as Unix s, ms, us or ns".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        assert_message(text, &expected);
    }
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    let with = |bytes: &[u8]| [HEADER.as_bytes(), FIRST.as_bytes(), bytes].concat();
    let invalid = error_of(&with(b"2024-01-01 01:00,100,110,95,105,\xff\n"), &options());
    assert!(invalid.to_string().ends_with("line 3: not UTF-8 text"), "{invalid}");
    let binary: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    assert_eq!(error_of(&binary, &options()).line(), 1);
    assert!(error_of(b"\xff\xfet\0i\0m\0e\0", &options()).to_string().contains("line 1: not UTF-8 text"));
}

#[test]
fn an_endless_line_is_refused_in_bounded_memory() {
    let with = |length: usize| format!("{HEADER}{FIRST}{}\n", "1".repeat(length));
    let long = error_of(with(64 * 1024 + 1).as_bytes(), &options());
    assert!(long.to_string().ends_with("line 3: longer than 64 KiB"), "{long}");
    let fits = error_of(with(64 * 1024).as_bytes(), &options());
    assert!(fits.to_string().contains("1 fields where the header has 6"), "{fits}");
    let (_folder, path) = write(&gzip(&vec![b'1'; 4 << 20]));
    assert!(candle_file::read(&path, &options()).unwrap_err().to_string().ends_with("longer than 64 KiB"));
}

#[test]
fn truncated_or_damaged_gzip_is_refused() {
    let text = format!("{HEADER}{FIRST}2024-01-01 01:00,100,110,95,105,1\n");
    let whole = gzip(text.as_bytes());
    for cut in [3, 12, whole.len() / 2, whole.len() - 1] {
        let error = error_of(&whole[..cut], &options());
        assert!(matches!(error, CandleFileError::Gzip { .. }), "{cut}: {error}");
        assert!(
            error.to_string().contains("candles.csv: gzip data is truncated or damaged behind line"),
            "{error}"
        );
    }
    let mut damaged = whole.clone();
    damaged[whole.len() - 6] ^= 0x55;
    assert!(matches!(error_of(&damaged, &options()), CandleFileError::Gzip { .. }));
}

#[test]
fn a_file_that_is_not_there_is_an_io_error() {
    let error = candle_file::read("/nowhere/candles.csv".as_ref(), &options()).unwrap_err();
    assert!(matches!(&error, CandleFileError::Io { line: 0, .. }));
    assert!(error.to_string().starts_with("/nowhere/candles.csv: cannot read"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(candle_file::read(folder.path(), &options()).unwrap_err(), CandleFileError::Io { .. }));
}

#[test]
fn a_timeframe_wider_than_the_step_is_refused() {
    let text = format!("{HEADER}{FIRST}2024-01-01 00:01,100,110,95,105,1\n");
    let options = CandleFileOptions { timeframe: Some(Timeframe::H1), ..options() };
    let error = error_of(text.as_bytes(), &options).to_string();
    assert!(error.ends_with("line 3: timeframe 1h is wider than the usual step of 1m"), "{error}");
}

#[test]
fn settings_are_read_from_their_names() {
    assert_eq!("close".parse::<TimeIs>().unwrap(), TimeIs::Close);
    assert_eq!("us".parse::<TimeUnit>().unwrap(), TimeUnit::Us);
    assert!("m".parse::<TimeUnit>().is_err());
    assert!("middle".parse::<TimeIs>().is_err());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
