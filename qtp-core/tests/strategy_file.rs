//! Documents: what is read, what is refused, and where the problem stands.

use proptest::prelude::*;
use qtp_core::{Expression, ExpressionKind, StrategyFile};

const GOOD: &str = r#"{
  "version": 1,
  "name": "breakout",
  "timeframe": "1h",
  "instruments": ["BTC-USDT@binance"],
  "indicators": { "high": "talib.max(20)", "range": "atr(14)" },
  "entry": { "long": { "all": [{ "above": ["close", { "previous": ["high", 1] }] }, { "not": { "below": ["volume", 1] } }] } },
  "exit": { "long": { "below": ["close", "ema(50)@4h"] } },
  "stop": { "atr": { "period": 14, "times": 2 } },
  "take_profit": { "stop_distance": { "times": 3 } },
  "trailing_stop": { "distance": { "multiply": ["range", 2.5] } },
  "time_stop_candles": 48,
  "size": { "risk": { "percent": 1 } },
  "filters": {
    "hours_utc": { "from": 22, "to": 4 },
    "weekdays": ["monday", "friday"],
    "within": [{ "value": { "divide": ["range", "close"] }, "min": 0.001, "max": 0.05 }],
    "cooldown_candles": 3
  }
}"#;

#[test]
fn a_document_survives_writing_and_reading() {
    let file = StrategyFile::parse(GOOD).unwrap();
    let text = serde_json::to_string_pretty(&file).unwrap();
    assert_eq!(StrategyFile::parse(&text).unwrap(), file);
    let names: Vec<_> = file.entry.long.as_ref().unwrap().names();
    assert_eq!(names[1], ("/all/0/above/1/previous/0".to_owned(), "high"));
}

#[test]
fn every_problem_has_its_place() {
    let problem = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        StrategyFile::parse(&GOOD.replace(from, to)).unwrap_err()
    };
    for (from, to, line, pointer, words) in [
        ("\"version\": 1", "\"version\": 2", 2, "/version", "version 2 is not known"),
        ("breakout", "Break out", 3, "/name", "small letter"),
        ("\"above\"", "\"abov\"", 7, "/entry/long/all/0", "did you mean `above`?"),
        ("[\"high\", 1]", "[\"high\", 0]", 7, "/entry/long/all/0/above/1/previous/1", "from 1 to 500"),
        ("{ \"below\": [\"volume\", 1] }", "1", 7, "/entry/long/all/1/not", "a condition is needed"),
        ("[\"close\", \"ema(50)@4h\"]", "[\"close\"]", 8, "/exit/long", "two arguments, here are 1"),
        ("\"times\": 2 ", "\"times\": -2 ", 9, "/stop/atr/times", "not above 0"),
        ("\"stop\": { \"atr\"", "\"stop\": { \"atrs\"", 9, "/stop", "unknown variant `atrs`"),
        ("48", "0", 12, "/time_stop_candles", "not 1 to"),
        ("\"monday\"", "\"moonday\"", 16, "/filters/weekdays/0", "unknown variant"),
        ("\"min\": 0.001", "\"min\": 1", 17, "/filters/within/0", "`min` is above `max`"),
        ("\"to\": 4", "\"to\": 22", 15, "/filters/hours_utc", "they differ"),
        ("\"exit\":", "\"exits\":", 8, "", "unknown field `exits`"),
    ] {
        let error = problem(from, to);
        assert_eq!((error.line, error.problem.pointer.as_str()), (line, pointer), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = problem("\"stop\": { \"atr\": { \"period\": 14, \"times\": 2 } },", "");
    assert_eq!(error.problem.pointer, "/take_profit", "{error}");
}

#[test]
fn columns_point_at_the_value() {
    let error = StrategyFile::parse(&GOOD.replace("\"times\": 2 ", "\"times\": 0 ")).unwrap_err();
    let line = GOOD.lines().nth(error.line - 1).unwrap();
    assert_eq!(&line[error.column - 1..error.column], "2");
}

#[test]
fn nesting_and_size_are_bounded() {
    let deep = |levels: usize| {
        let (open, close) = ("{\"not\":".repeat(levels), "}".repeat(levels));
        serde_json::from_str::<Expression>(&format!("{open}{{\"above\":[1,2]}}{close}"))
    };
    deep(14).unwrap().check(ExpressionKind::Condition).unwrap();
    assert!(deep(15).unwrap_err().to_string().contains("16 levels"));
    assert!(deep(100_000).is_err());
    let wide = vec!["{\"above\":[1,2]}"; 100].join(",");
    let wide: Expression = serde_json::from_str(&format!("{{\"any\":[{wide}]}}")).unwrap();
    assert!(wide.check(ExpressionKind::Condition).unwrap_err().problem.contains("200 parts"));
    assert!(StrategyFile::parse(&" ".repeat(1 << 20)).unwrap_err().to_string().contains("bytes"));
}

#[test]
fn an_operation_stands_alone_in_its_object() {
    let error = serde_json::from_str::<Expression>(r#"{"above": [1, 2], "below": [1, 2]}"#).unwrap_err();
    assert!(error.to_string().contains("join them by `all`"), "{error}");
    assert!(serde_json::from_str::<Expression>("{}").is_err());
    assert!(serde_json::from_str::<Expression>("null").is_err());
    assert!(serde_json::from_str::<Expression>("[1]").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = StrategyFile::parse(&text) {
            prop_assert!(error.line >= 1 && error.column >= 1 && !error.to_string().is_empty());
        }
        let _ = serde_json::from_str::<Expression>(&text);
    }

    #[test]
    fn no_damaged_document_panics(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(br#"{}[]",:0a -.e\"#.to_vec())), 1..6),
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let text = String::from_utf8_lossy(&bytes);
        match StrategyFile::parse(&text) {
            Ok(file) => prop_assert!(file.check().is_ok()),
            Err(error) => prop_assert!(error.line <= text.lines().count().max(1), "{error}"),
        }
    }
}
