//! What the contract promises of every indicator in the catalogue, tried on random candles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use proptest::prelude::*;
use qtp_core::Ohlcv;
use qtp_indicators::registry::{ParamInfo, ParamKind};
use qtp_indicators::{IndicatorInfo, Spec, SpecIndicator, batch_spec, build, catalogue};

const HOUR: i64 = 3_600_000_000_000;

/// How far the batch form may be from the streaming form, per size of the output and at least 1.
const BOUND: f64 = 1e-9;

/// Every entry with short periods, so that few candles go far past the warm-up and round the ring.
fn specs() -> Vec<String> {
    let short = |info: &IndicatorInfo| {
        let shorten = |param: &ParamInfo| match param.kind {
            ParamKind::Integer { min, max, default } if max > 100 => {
                Some(format!("{}={}", param.name, default.min(4).max(min)))
            }
            _ => None,
        };
        let params: Vec<String> = info.params.iter().filter_map(shorten).collect();
        format!("{}({})", info.name, params.join(","))
    };
    let mut specs: Vec<String> =
        catalogue().map(|info| info.name.to_owned()).chain(catalogue().map(short)).collect();
    for special in
        ["sma(1)", "ema(1)", "wma(1)", "rsi(2)", "atr(1)", "stddev(2)", "macd(5,3,2)", "bbands(3,1.5)"]
    {
        specs.push(special.to_owned());
    }
    for kind in (0..=9).chain([12, 13]) {
        specs.push(format!("talib.ma(5,{kind})"));
    }
    specs.extend(["vwap(cumulative)", "ema(3,source=hl2)", "talib.add(close, volume)"].map(str::to_owned));
    specs
}

/// Whether outputs may lie outside the reals: domains of the transforms, quotients by zero, and SuperTrend's direction,
/// which stands at 0 before its line starts.
fn has_domain(spec: &str) -> bool {
    let name = spec.split(['(', '.']).find(|part| *part != "talib").unwrap_or_default();
    const DOMAINS: &[&str] = &[
        "acos",
        "asin",
        "ln",
        "log10",
        "sqrt",
        "div",
        "vwma",
        "rvol",
        "exp",
        "cosh",
        "sinh",
        "tan",
        "supertrend",
    ];
    DOMAINS.contains(&name)
}

/// Prices as markets make them: positive, moving little from one candle to the next.
fn market() -> impl Strategy<Value = Vec<Ohlcv>> {
    let step = (-0.02..0.02, 0.0..0.01, 0.0..0.01, prop_oneof![9 => 1.0..1e6, 1 => Just(0.0)]);
    (1.0..1e5, prop::collection::vec(step, 1..400)).prop_map(|(start, steps)| {
        let mut close: f64 = start;
        let candle = |(change, up, down, volume): (f64, f64, f64, f64)| {
            let open = close;
            close *= 1.0 + change;
            let (high, low) = (open.max(close) * (1.0 + up), open.min(close) * (1.0 - down));
            Ohlcv { open, high, low, close, volume }
        };
        steps.into_iter().map(candle).collect()
    })
}

fn batched(spec: &str, candles: &[Ohlcv]) -> Vec<Vec<f64>> {
    let times: Vec<i64> = (0..candles.len() as i64).map(|i| i * HOUR).collect();
    let spec: Spec = spec.parse().unwrap();
    let mut columns = vec![vec![0.0; candles.len()]; spec.columns().len()];
    let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    batch_spec(&spec, candles, &times, &mut views).unwrap();
    columns
}

fn price() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 50.0..150.0,
        1 => Just(100.0),
        1 => -1e12..1e12,
        1 => any::<f64>().prop_filter("finite", |x| x.is_finite()),
    ]
}

fn candles() -> impl Strategy<Value = Vec<Ohlcv>> {
    let candle = (price(), price(), price(), price(), prop_oneof![4 => 0.0..1e6, 1 => Just(0.0)])
        .prop_map(|(open, high, low, close, volume)| Ohlcv { open, high, low, close, volume });
    prop::collection::vec(candle, 1..90)
}

fn row(indicator: &SpecIndicator) -> Vec<f64> {
    vec![0.0; indicator.width()]
}

fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|x| x.to_bits()).collect()
}

fn rows(spec: &str, candles: &[Ohlcv]) -> Vec<Vec<u64>> {
    let mut indicator = build(spec).unwrap();
    let mut row = row(&indicator);
    let step = |(i, candle): (usize, &Ohlcv)| {
        indicator.update(candle, i as i64 * HOUR, &mut row);
        bits(&row)
    };
    candles.iter().enumerate().map(step).collect()
}

/// A walk of many candles, with stretches that stand still and candles in which nothing trades.
fn long_market(rows: usize) -> Vec<Ohlcv> {
    let mut state = 7_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut close = 100.0;
    let candle = |i: usize| {
        let (moves, open) = (f64::from(i % 1000 > 40), close);
        close *= 1.0 + moves * (draw() - 0.5) * 0.01;
        let (high, low) = (open.max(close) * (1.0 + moves * draw() * 0.002), open.min(close));
        let volume = if i % 997 > 60 { 1_000.0 * draw() } else { 0.0 };
        Ohlcv { open, high, low: low * (1.0 - moves * draw() * 0.002), close, volume }
    };
    (0..rows).map(candle).collect()
}

#[test]
fn batch_over_many_pieces_is_within_its_bound_of_streaming() {
    let candles = long_market(9_000);
    for text in catalogue().map(|info| info.name.to_owned()).chain(["talib.sma(700)".to_owned()]) {
        let columns = batched(&text, &candles);
        for (i, row) in rows(&text, &candles).iter().enumerate() {
            for (column, streamed) in columns.iter().zip(row) {
                let (batch, stream) = (column[i], f64::from_bits(*streamed));
                let near = (batch - stream).abs() <= BOUND * stream.abs().max(1.0);
                let same = near || batch == stream || (batch.is_nan() && stream.is_nan());
                assert!(same, "{text} at {i}: {batch} in batch, {stream} streaming");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batch_is_within_its_bound_of_streaming(candles in market()) {
        for text in specs() {
            let columns = batched(&text, &candles);
            for (i, row) in rows(&text, &candles).iter().enumerate() {
                for (column, streamed) in columns.iter().zip(row) {
                    let (batch, stream) = (column[i], f64::from_bits(*streamed));
                    let near = (batch - stream).abs() <= BOUND * stream.abs().max(1.0);
                    let same = near || batch == stream || (batch.is_nan() && stream.is_nan());
                    prop_assert!(same, "{} at {}: {} in batch, {} streaming", text, i, batch, stream);
                }
            }
        }
    }

    #[test]
    fn batch_takes_any_input(candles in candles(), hole in any::<prop::sample::Index>()) {
        let mut holed = candles.clone();
        holed[hole.index(candles.len())] = Ohlcv { open: f64::NAN, high: f64::NAN, low: f64::NAN, close: f64::NAN, volume: f64::NAN };
        for text in specs() {
            let warmup = build(&text).unwrap().warmup();
            for column in batched(&text, &candles) {
                let cold = column.iter().take(warmup - 1).all(|x| x.is_nan() || *x == 0.0);
                prop_assert!(cold, "{}: {:?}", text, column);
            }
            // A hole is skipped as in streaming, bit for bit; stateless transforms differ by their library.
            let columns = batched(&text, &holed);
            prop_assert!(columns.iter().all(|column| column.len() == candles.len()));
        }
    }

    #[test]
    fn peek_equals_the_next_update_and_leaves_the_state(candles in candles()) {
        for text in specs() {
            let mut indicator = build(&text).unwrap();
            let (mut peeked, mut updated) = (row(&indicator), row(&indicator));
            for (i, candle) in candles.iter().enumerate() {
                // Writing the state down is what takes the time here: every eighth candle is enough.
                let before = (i % 8 == 0).then(|| indicator.save().unwrap());
                let time = i as i64 * HOUR;
                let warm = indicator.peek(candle, time, &mut peeked);
                if let Some(before) = before {
                    prop_assert_eq!(indicator.save().unwrap(), before);
                }
                prop_assert_eq!(indicator.update(candle, time, &mut updated), warm);
                prop_assert_eq!(bits(&peeked), bits(&updated), "{} at {}", text, i);
                let known = indicator.value(&mut peeked);
                prop_assert_eq!((known, bits(&peeked)), (warm, bits(&updated)));
            }
        }
    }

    #[test]
    fn restored_text_continues_bit_for_bit(candles in candles(), cut in 0.0..1.0) {
        let cut = (candles.len() as f64 * cut) as usize;
        for text in specs() {
            let mut indicator = build(&text).unwrap();
            let (mut expected, mut actual) = (row(&indicator), row(&indicator));
            for (i, candle) in candles[..cut].iter().enumerate() {
                indicator.update(candle, i as i64 * HOUR, &mut expected);
            }
            let snapshot = indicator.save().unwrap().to_string();
            let mut restored = build(&text).unwrap();
            restored.restore(&serde_json::from_str(&snapshot).unwrap()).unwrap();
            for (i, candle) in candles.iter().enumerate().skip(cut) {
                indicator.update(candle, i as i64 * HOUR, &mut expected);
                restored.update(candle, i as i64 * HOUR, &mut actual);
                prop_assert_eq!(bits(&expected), bits(&actual), "{} at {}", text, i);
            }
        }
    }

    #[test]
    fn cutting_the_input_never_changes_earlier_outputs(candles in candles(), cut in 0.0..1.0) {
        let cut = (candles.len() as f64 * cut) as usize;
        for text in specs() {
            prop_assert_eq!(&rows(&text, &candles)[..cut], &rows(&text, &candles[..cut])[..]);
        }
    }

    #[test]
    fn finite_input_is_warm_on_time_and_never_nan(candles in candles()) {
        for text in specs() {
            let mut indicator = build(&text).unwrap();
            let mut row = row(&indicator);
            if has_domain(&text) {
                continue;
            }
            for (i, candle) in candles.iter().enumerate() {
                let warm = indicator.update(candle, i as i64 * HOUR, &mut row);
                prop_assert_eq!(warm, i + 1 >= indicator.warmup(), "{} at {}", text, i);
                prop_assert!(row.iter().all(|x| x.is_finite() == warm), "{} at {}: {:?}", text, i, row);
            }
        }
    }

    #[test]
    fn skipped_input_and_reset_leave_no_trace(candles in candles()) {
        for text in specs() {
            let fresh = build(&text).unwrap();
            let mut indicator = fresh.clone();
            let mut row = row(&indicator);
            for candle in &candles {
                indicator.update(candle, 0, &mut row);
            }
            let before = indicator.save().unwrap();
            let hole = Ohlcv { open: f64::NAN, high: f64::NAN, low: f64::INFINITY, close: f64::NAN, volume: f64::NAN };
            prop_assert!(!indicator.update(&hole, 0, &mut row));
            prop_assert_eq!(&indicator.save().unwrap(), &before);
            indicator.reset();
            prop_assert_eq!(indicator.save().unwrap(), fresh.save().unwrap());
        }
    }
}

#[test]
fn a_spike_leaves_no_error_behind() {
    let mut specs: Vec<_> = ["sma(20)", "wma(20)", "stddev(20)"].map(|spec| build(spec).unwrap()).into();
    let calm = |i: i64| 1.0 + (i % 7) as f64 * 0.01;
    for i in 0..1_000 {
        let close = if i == 503 { 1e12 } else { calm(i) };
        let candle = Ohlcv { close, ..Ohlcv::default() };
        for spec in &mut specs {
            spec.update(&candle, i * HOUR, &mut [0.0]);
        }
        if i < 523 {
            continue;
        }
        let window: Vec<f64> = (i - 19..=i).map(calm).collect();
        let mean = window.iter().sum::<f64>() / 20.0;
        let weighted = window.iter().zip(1..).map(|(x, w)| x * f64::from(w)).sum::<f64>() / 210.0;
        let variance = window.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 20.0;
        for (spec, expected) in specs.iter().zip([mean, weighted, variance.sqrt()]) {
            let mut out = [0.0];
            spec.value(&mut out);
            assert!(
                (out[0] / expected - 1.0).abs() < 1e-11,
                "{} at {i}: {} for {expected}",
                spec.spec(),
                out[0]
            );
        }
    }
}
