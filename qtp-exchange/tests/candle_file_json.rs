//! Candle files of JSON objects, one a line.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;

use qtp_exchange::candle_file::{self, CandleFile, CandleFileError, CandleFileOptions};

fn read(content: &[u8]) -> Result<CandleFile, CandleFileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candles.jsonl");
    std::fs::write(&path, content).unwrap();
    candle_file::read(&path, &CandleFileOptions::new("BTC-USDT@test".parse().unwrap()))
}

const LINES: &str = r#"{"time":1700000040,"open":"100.10","high":101,"low":99.5,"close":100.25,"volume":"3"}
{"volume":4.5,"time":1700000100,"open":100.25,"high":1.02e2,"low":"100","close":"101.5"}
"#;

#[test]
fn objects_are_rows_whatever_their_order_and_every_digit_counts() {
    let file = read(LINES.as_bytes()).unwrap();
    let rows: Vec<_> = file
        .candles
        .iter()
        .map(|candle| (candle.open_time().as_secs(), candle.close().to_string(), candle.volume().to_string()))
        .collect();
    assert_eq!(
        rows,
        [(1_700_000_040, "100.25".into(), "3".into()), (1_700_000_100, "101.5".into(), "4.5".into())]
    );
    assert_eq!((file.rows, file.timeframe.to_string().as_str()), (2, "1m"));
    // The same rows as CSV are the same candles.
    let csv = "time,open,high,low,close,volume\n1700000040,100.10,101,99.5,100.25,3\n1700000100,100.25,102,100,101.5,4.5\n";
    assert_eq!(read(csv.as_bytes()).unwrap().candles, file.candles);

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(LINES.as_bytes()).unwrap();
    assert_eq!(read(&gzip.finish().unwrap()).unwrap().candles, file.candles);
}

#[test]
fn what_is_wrong_is_named_with_line_and_field() {
    let second = |line: &str| {
        read(format!("{}\n{line}\n", LINES.lines().next().unwrap()).as_bytes()).unwrap_err().to_string()
    };
    for (line, expected) in [
        ("[1,2]", "line 2: \"[1,2]\" is not a JSON object"),
        (
            r#"{"time":1700000100,"open":1,"high":1,"low":1,"close":1}"#,
            "line 2, column volume: 5 fields where the header has 6",
        ),
        (
            r#"{"time":1700000100,"open":1,"high":1,"low":1,"close":1,"volume":1,"more":1}"#,
            "line 2, column more: 7 fields",
        ),
        (
            r#"{"time":1700000100,"open":1,"high":1,"low":1,"close":1,"volume":1,"volume":2}"#,
            "line 2, column volume: 7 fields",
        ),
        (
            r#"{"time":1700000100,"open":"1,5","high":1,"low":1,"close":1,"volume":1}"#,
            "line 2, column open: \"1,5\" is not a number",
        ),
        (
            r#"{"time":1700000100,"open":{"a":1},"high":1,"low":1,"close":1,"volume":1}"#,
            "line 2, column open",
        ),
        (
            r#"{"time":1700000100,"open":0,"high":1,"low":1,"close":1,"volume":1}"#,
            "line 2, column open: 0 is not above 0",
        ),
        (r#"{"time":1700000040,"open":1,"high":1,"low":1,"close":1,"volume":1}"#, "stands twice"),
    ] {
        let error = second(line);
        assert!(error.contains(expected), "{expected:?} in {error:?}");
    }
    let error = read(b"{\"time\":1}\n").unwrap_err().to_string();
    assert!(error.contains("column open: missing from the header"), "{error}");
}
