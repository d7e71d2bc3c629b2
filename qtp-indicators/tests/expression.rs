//! Expressions: meaning, warm-up, causality, state, and the higher timeframes that they read.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use proptest::prelude::*;
use qtp_core::{Candle, CandleParts, Expression, ExpressionKind, Ohlcv, Timeframe, Timestamp};
use qtp_indicators::expression::{Evaluator, EvaluatorBuilder, Facts, Handle};
use qtp_indicators::{Candles, build, resample};

const HOUR: i64 = 3_600_000_000_000;
/// A Monday, 00:00 UTC.
const START: i64 = 1_700_438_400_000_000_000;

fn parse(text: &str) -> Expression {
    serde_json::from_str(text).unwrap()
}

fn kind(expression: &Expression) -> ExpressionKind {
    expression.kind()
}

fn evaluator(text: &str) -> (Evaluator, Handle) {
    let expression = parse(text);
    let mut builder = EvaluatorBuilder::new(Timeframe::H1);
    let handle = builder.add(&expression, kind(&expression)).unwrap();
    (builder.build(), handle)
}

fn candle(close: f64) -> Ohlcv {
    Ohlcv { open: close - 0.5, high: close + 1.0, low: close - 1.0, close, volume: 10.0 + close }
}

/// What a text gives at each close: `None` is unknown.
fn run(text: &str, closes: &[f64]) -> Vec<Option<f64>> {
    let (mut evaluator, handle) = evaluator(text);
    let step = |(hour, close): (usize, &f64)| {
        evaluator.update(&candle(*close), START + hour as i64 * HOUR, &Facts::FLAT);
        evaluator.number(handle)
    };
    closes.iter().enumerate().map(step).collect()
}

fn walk(length: usize, seed: u64) -> Vec<f64> {
    let mut state = seed | 1;
    let mut close = 100.0;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        close += ((state >> 40) as f64 / f64::from(1 << 24) - 0.5) * 4.0;
        close = f64::max(close, 5.0);
        close
    };
    (0..length).map(step).collect()
}

#[test]
fn operations_mean_what_they_say() {
    let last = |text: &str| run(text, &[4.0, 8.0]).pop().unwrap();
    for (text, value) in [
        (r#"{"add": ["close", 1]}"#, Some(9.0)),
        (r#"{"subtract": ["high", "low"]}"#, Some(2.0)),
        (r#"{"multiply": ["close", "close"]}"#, Some(64.0)),
        (r#"{"divide": ["close", 2]}"#, Some(4.0)),
        (r#"{"divide": ["close", 0]}"#, None),
        (r#"{"minimum": ["open", "close"]}"#, Some(7.5)),
        (r#"{"maximum": ["open", "close"]}"#, Some(8.0)),
        (r#"{"absolute": -3}"#, Some(3.0)),
        (r#"{"previous": ["close", 1]}"#, Some(4.0)),
        (r#"{"previous": ["close", 2]}"#, None),
        (r#"{"above": ["close", 8]}"#, Some(0.0)),
        (r#"{"at_least": ["close", 8]}"#, Some(1.0)),
        (r#"{"below": ["close", 8]}"#, Some(0.0)),
        (r#"{"at_most": ["close", 8]}"#, Some(1.0)),
        (r#"{"crosses_above": ["close", 4]}"#, Some(1.0)),
        (r#"{"crosses_above": ["close", 3]}"#, Some(0.0)),
        (r#"{"crosses_below": [5, "close"]}"#, Some(1.0)),
        (r#"{"not": {"above": ["close", 8]}}"#, Some(1.0)),
        ("\"hl2\"", Some(8.0)),
        ("\"position\"", Some(0.0)),
        ("\"entry_price\"", None),
    ] {
        assert_eq!(last(text), value, "{text}");
    }
}

#[test]
fn unknown_is_neither_true_nor_false() {
    let unknown = r#"{"above": ["entry_price", 1]}"#;
    let (yes, no) = (r#"{"above": [2, 1]}"#, r#"{"above": [1, 2]}"#);
    for (text, value) in [
        (format!(r#"{{"not": {unknown}}}"#), None),
        (format!(r#"{{"all": [{yes}, {unknown}]}}"#), None),
        (format!(r#"{{"all": [{unknown}, {no}]}}"#), Some(0.0)),
        (format!(r#"{{"any": [{unknown}, {yes}]}}"#), Some(1.0)),
        (format!(r#"{{"any": [{no}, {unknown}]}}"#), None),
        (r#"{"minimum": ["entry_price", 1]}"#.to_owned(), None),
    ] {
        assert_eq!(run(&text, &[1.0])[0], value, "{text}");
    }
}

#[test]
fn facts_are_those_of_the_position() {
    let (mut evaluator, handle) = evaluator(r#"{"multiply": ["unrealized_return", "bars_held"]}"#);
    evaluator.update(&candle(90.0), START, &Facts::held(-1, 100.0, 5, 90.0));
    let value = evaluator.number(handle).unwrap();
    assert!((value - 0.5).abs() < 1e-12, "{value}");
}

#[test]
fn warmup_is_that_of_the_slowest_and_the_deepest() {
    for (text, warmup) in [
        (r#"{"above": ["close", 1]}"#, 1),
        (r#"{"above": ["sma(20)", 1]}"#, 20),
        (r#"{"crosses_above": ["sma(20)", "close"]}"#, 21),
        (r#"{"above": [{"previous": ["sma(20)", 5]}, "sma(3)@4h"]}"#, 25),
        (r#"{"above": ["sma(30)@4h", 1]}"#, 120),
    ] {
        let (evaluator, _) = evaluator(text);
        assert_eq!(evaluator.warmup(), warmup, "{text}");
        let known = run(text, &walk(200, 3)).iter().position(Option::is_some).unwrap();
        assert!(known < warmup, "{text}: known at {known}");
    }
}

#[test]
fn names_are_resolved_or_refused_with_their_place() {
    let mut builder = EvaluatorBuilder::new(Timeframe::H1);
    builder.name("fast", "ema(12)").unwrap();
    builder.name("bands", "bbands(20,2)").unwrap();
    assert!(builder.name("close", "ema(3)").is_err());
    assert!(builder.name("x", "emma(3)").unwrap_err().problem.contains("did you mean `ema`?"));
    assert!(builder.name("x", "ema(3)@90m").unwrap_err().problem.contains("cannot be made of 1h candles"));
    let mut add = |text: &str| {
        let expression = parse(text);
        builder.add(&expression, kind(&expression)).map_err(|problem| problem.to_string())
    };
    assert!(add(r#"{"above": ["fast", "bands.upper"]}"#).is_ok());
    for (text, words) in [
        (r#"{"above": ["fats", 1]}"#, "/above/0: unknown value `fats`; did you mean `fast`?"),
        (r#"{"not": {"above": [1, "clsoe"]}}"#, "/not/above/1: unknown value `clsoe`; did you mean `close`?"),
        (r#"{"above": ["bands", 1]}"#, "/above/0: `bbands(20,2)` has several outputs: add one of .upper"),
        (r#"{"above": ["bands.uper", 1]}"#, "did you mean `upper`?"),
        (r#"{"above": ["ema(0)", 1]}"#, "/above/0: indicator `ema(0)`"),
        (r#"{"above": ["ema(2)@15m", 1]}"#, "cannot be made of"),
        (r#"{"above": ["sma(100000)@1w", 1]}"#, "needs 16800000 candles"),
    ] {
        let problem = add(text).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
}

#[test]
fn streams_of_higher_candles_give_the_rows_of_the_batch() {
    let closes = walk(700, 11);
    // Some candles are missing, and the first ones stand in the middle of a higher candle.
    let kept: Vec<usize> = (0..closes.len()).filter(|i| *i % 97 > 6 && *i != 300 && *i > 2).collect();
    let candles: Vec<Ohlcv> = kept.iter().map(|i| candle(closes[*i])).collect();
    let times: Vec<i64> = kept.iter().map(|i| START + *i as i64 * HOUR).collect();
    let column = |read: fn(&Ohlcv) -> f64| candles.iter().map(read).collect::<Vec<_>>();
    let (open, high) = (column(|c| c.open), column(|c| c.high));
    let (low, close, volume) = (column(|c| c.low), column(|c| c.close), column(|c| c.volume));
    let table = Candles::new(&open, &high, &low, &close, &volume).unwrap();
    for spec in ["rsi(5)@4h", "atr(3)@1d", "ema(7)", "bbands(5,2)@2h", "talib.obv@1w", "sma(2)@1h"] {
        let indicator = build(spec).unwrap();
        let mut columns = vec![vec![0.0; candles.len()]; indicator.width()];
        let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        resample::batch_at(&indicator, Timeframe::H1, table, &times, &mut views).unwrap();
        let mut stream = resample::HigherIndicator::new(build(spec).unwrap(), Timeframe::H1).unwrap();
        for (row, (candle, time)) in candles.iter().zip(&times).enumerate() {
            let given = stream.update(candle, *time);
            for (column, value) in columns.iter().zip(given) {
                let (batch, value) = (column[row], *value);
                let near = (batch - value).abs() <= 1e-9 * batch.abs().max(1.0);
                assert!(near || (batch.is_nan() && value.is_nan()), "{spec} row {row}: {batch} {value}");
            }
        }
    }
}

/// Conditions over several indicators, timeframes and looks back.
const RULE: &str = r#"{"any": [
    {"crosses_above": ["ema(5)", "sma(9)@4h"]},
    {"all": [{"below": ["rsi(7)", 45]}, {"above": ["close", {"previous": ["high", 3]}]}]},
    {"above": [{"absolute": {"subtract": ["close", {"previous": ["ema(5)", 2]}]}}, {"multiply": ["atr(6)@2h", 1.5]}]}
]}"#;

#[test]
fn a_restored_state_continues_bit_for_bit() {
    let closes = walk(300, 5);
    let (mut whole, handle) = evaluator(RULE);
    for cut in [0, 1, 17, 150] {
        whole = evaluator(RULE).0;
        let mut restored = evaluator(RULE).0;
        for (hour, close) in closes.iter().enumerate() {
            if hour == cut {
                let text = whole.save().unwrap().to_string();
                restored.restore(&serde_json::from_str(&text).unwrap()).unwrap();
            }
            let time = START + hour as i64 * HOUR;
            whole.update(&candle(*close), time, &Facts::FLAT);
            if hour >= cut {
                restored.update(&candle(*close), time, &Facts::FLAT);
                assert_eq!(whole.condition(handle), restored.condition(handle), "cut {cut}, hour {hour}");
            }
        }
        assert_eq!(whole.save().unwrap(), restored.save().unwrap());
    }
    let mut other = evaluator(r#"{"above": ["close", 1]}"#).0;
    assert!(other.restore(&whole.save().unwrap()).is_err());
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        (-200_i32..200).prop_map(|n| n.to_string()),
        prop::sample::select(vec![
            "close",
            "volume",
            "hlc3",
            "entry_price",
            "bars_held",
            "ema(3)",
            "rsi(4)@2h",
            "bbands(5,2).lower",
            "atr(3)",
            "nonsense",
            "macd(3,5,2)",
            "sma(2)@3h",
        ])
        .prop_map(|name| format!("{name:?}")),
    ]
}

/// Trees of any operations, right or wrong.
fn tree() -> impl Strategy<Value = String> {
    let names = [
        "add",
        "divide",
        "minimum",
        "above",
        "at_most",
        "crosses_above",
        "crosses_below",
        "all",
        "any",
        "previous",
    ];
    leaf().prop_recursive(5, 40, 3, move |inner| {
        let two = (prop::sample::select(names.to_vec()), inner.clone(), inner.clone());
        let two = two.prop_map(|(name, a, b)| format!("{{\"{name}\":[{a},{b}]}}"));
        let one = (prop::sample::select(vec!["not", "absolute"]), inner.clone());
        let one = one.prop_map(|(name, a)| format!("{{\"{name}\":{a}}}"));
        let back = (inner, 1..6).prop_map(|(a, n)| format!("{{\"previous\":[{a},{n}]}}"));
        prop_oneof![3 => two, 1 => one, 1 => back]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// No tree panics; a tree that is accepted gives at each close the same whether the data goes on or not.
    #[test]
    fn what_comes_later_changes_nothing(text in tree(), cut in 1_usize..60, seed in any::<u64>()) {
        let expression = parse(&text);
        let mut builder = EvaluatorBuilder::new(Timeframe::H1);
        let Ok(handle) = builder.add(&expression, kind(&expression)) else { return Ok(()) };
        let (mut long, closes) = (builder.build(), walk(60, seed));
        let mut short = long.clone();
        let mut seen = Vec::new();
        for (hour, close) in closes.iter().enumerate() {
            long.update(&candle(*close), START + hour as i64 * HOUR, &Facts::FLAT);
            seen.push(long.number(handle));
        }
        for (hour, close) in closes[..cut].iter().enumerate() {
            short.update(&candle(*close), START + hour as i64 * HOUR, &Facts::FLAT);
            prop_assert_eq!(short.number(handle), seen[hour]);
        }
    }

    /// A tree's text reads back as the same tree.
    #[test]
    fn trees_survive_writing_and_reading(text in tree()) {
        let expression = parse(&text);
        prop_assert_eq!(parse(&expression.to_string()), expression);
    }
}

fn exact(open_time: i64, timeframe: Timeframe, [open, high, low, close]: [f64; 4]) -> Candle {
    let price = |value: f64| format!("{value:.4}").parse().unwrap();
    Candle::new(CandleParts {
        instrument: "BTC-USD@x".parse().unwrap(),
        timeframe,
        open_time: Timestamp::from_nanos(open_time),
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: "10".parse().unwrap(),
    })
    .unwrap()
}

#[test]
fn a_history_of_the_higher_timeframe_warms_up_what_the_lower_one_cannot() {
    let closes = walk(700, 17);
    let hourly: Vec<Candle> = (0..700)
        .map(|i| {
            exact(
                START + i as i64 * HOUR,
                Timeframe::H1,
                [closes[i], closes[i] + 1.0, closes[i] - 1.0, closes[i]],
            )
        })
        .collect();
    let four = |group: &[Candle]| {
        let high = group.iter().map(|c| c.ohlcv().high).fold(f64::MIN, f64::max);
        let low = group.iter().map(|c| c.ohlcv().low).fold(f64::MAX, f64::min);
        let (first, last) = (group[0].ohlcv(), group[3].ohlcv());
        exact(group[0].open_time().as_nanos(), Timeframe::H4, [first.open, high, low, last.close])
    };
    // 602 hours: the last higher candle has half of its hours.
    let history: Vec<Candle> = hourly[..600].chunks(4).map(four).collect();
    for text in
        [r#""sma(20)@4h""#, r#"{"previous": ["talib.max(15)@4h", 6]}"#, r#"{"add": ["atr(2)@4h", "sma(3)"]}"#]
    {
        let (mut whole, handle) = evaluator(text);
        for candle in &hourly[..602] {
            whole.update(&candle.ohlcv(), candle.open_time().as_nanos(), &Facts::FLAT);
        }
        let (mut warmed, _) = evaluator(text);
        let base = (Timeframe::H1, &hourly[570..602]);
        warmed.warm_up(base, &[base, (Timeframe::H4, &history)], &Facts::FLAT);
        for candle in &hourly[602..] {
            let (a, b) = (whole.number(handle).unwrap(), warmed.number(handle).unwrap());
            // Wilder's average forgets its beginning slowly.
            assert!((a - b).abs() < 1e-6, "{text}: {a} {b}");
            for values in [&mut whole, &mut warmed] {
                values.update(&candle.ohlcv(), candle.open_time().as_nanos(), &Facts::FLAT);
            }
        }
        // Without that history thirty-two hours are too few for the average.
        let (mut cold, _) = evaluator(text);
        cold.warm_up(base, &[], &Facts::FLAT);
        assert_eq!(cold.number(handle).is_some(), text.contains("atr"), "{text}");
    }
}
