//! Agreement of Quantum Cipher and Quantum Volume Profile with the recorded values of their definitions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::{fs::File, io::Read, path::PathBuf};

use qtp_core::Ohlcv;
use qtp_indicators::{
    Indicator, TimedOhlcv,
    cipher::{CipherA, CipherAParams, CipherB, CipherBParams, CipherEvent, CipherSide, FlatCandles},
    profile::{PocTie, Profile, ProfileParams, ProfileRange, VolumeProfile},
};
use serde_json::Value;

const HOUR: i64 = 3_600_000_000_000;
/// 2024-04-16 01:00 UTC, the first candle.
const START: i64 = 1_713_229_200_000_000_000;

fn golden() -> Option<Value> {
    let file = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/data/quantum-golden/btcusdt-1h.json.gz"
    ));
    if !file.is_file() {
        println!("skipped: no golden data at {}", file.display());
        return None;
    }
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn candles(golden: &Value) -> Vec<TimedOhlcv> {
    let input = &golden["input"];
    let rows = input["close"].as_array().unwrap().len();
    assert_eq!(input["time"][0], "2024-04-16 01:00:00+00:00");
    let read = |name: &str, i: usize| input[name][i].as_f64().unwrap();
    (0..rows)
        .map(|i| TimedOhlcv {
            open_time: START + i as i64 * HOUR,
            ohlcv: Ohlcv {
                open: read("open", i),
                high: read("high", i),
                low: read("low", i),
                close: read("close", i),
                volume: read("volume", i),
            },
        })
        .collect()
}

/// 1e-9, relative above 1, absolute below.
fn same(name: &str, i: usize, actual: Option<f64>, expected: &Value) {
    match (actual, expected.as_f64()) {
        (None, None) => {}
        (Some(actual), Some(expected)) => {
            let bound = 1e-9 * expected.abs().max(1.0);
            assert!((actual - expected).abs() <= bound, "{name}[{i}]: {actual} for {expected}");
        }
        other => panic!("{name}[{i}]: {other:?}"),
    }
}

#[test]
fn cipher_a_equals_its_recorded_values() {
    let Some(golden) = golden() else { return };
    let expected = &golden["quantum_cipher"];
    let mut cipher = CipherA::new(CipherAParams::default()).unwrap();
    for (i, candle) in candles(&golden).into_iter().enumerate() {
        cipher.update(candle.ohlcv);
        let parts = cipher.parts().unwrap();
        for (name, actual) in [
            ("osc", parts.oscillator),
            ("vwap", Some(parts.vwap)),
            ("v_ratio", parts.volume_ratio),
            ("ema_fast", Some(parts.fast)),
            ("ema_slow", Some(parts.slow)),
        ] {
            same(name, i, actual, &expected[name][i]);
        }
        assert_eq!(parts.signal == Some(CipherSide::Buy), expected["buy"][i].as_bool().unwrap());
        assert_eq!(parts.signal == Some(CipherSide::Sell), expected["sell"][i].as_bool().unwrap());
    }
}

#[test]
fn cipher_b_equals_its_recorded_lines_and_dots() {
    use CipherEvent as E;
    let Some(golden) = golden() else { return };
    let expected = &golden["cipher_b"];
    let params = CipherBParams { flat: FlatCandles::Undefined, ..CipherBParams::default() };
    let mut cipher = CipherB::new(params).unwrap();
    for (i, candle) in candles(&golden).into_iter().enumerate() {
        let output = cipher.update(candle);
        assert_eq!(output.is_some(), i + 1 >= cipher.warmup());
        let parts = cipher.parts().unwrap();
        for (name, actual) in [
            ("wt1", parts.wt1),
            ("wt2", parts.wt2),
            ("wt_vwap", parts.wt1.zip(parts.wt2).map(|(wt1, wt2)| wt1 - wt2)),
            ("rsimfi", parts.money_flow),
            ("rsi14", parts.rsi),
            ("stoch_k", parts.stoch_k),
            ("stoch_d", parts.stoch_d),
            ("schaff", parts.schaff),
        ] {
            same(name, i, actual, &expected[name][i]);
        }
        for (name, event) in [
            ("buy_circle", E::Buy),
            ("sell_circle", E::Sell),
            ("small_up", E::CrossUp),
            ("small_down", E::CrossDown),
            ("wt_bear", E::WtBear),
            ("wt_bull", E::WtBull),
            ("wt_bear_hidden", E::WtBearHidden),
            ("wt_bull_hidden", E::WtBullHidden),
            ("wt2nd_bear", E::Wt2Bear),
            ("wt2nd_bull", E::Wt2Bull),
            ("wt2nd_bear_hidden", E::Wt2BearHidden),
            ("wt2nd_bull_hidden", E::Wt2BullHidden),
            ("rsi_bear", E::RsiBear),
            ("rsi_bull", E::RsiBull),
            ("rsi_bear_hidden", E::RsiBearHidden),
            ("rsi_bull_hidden", E::RsiBullHidden),
            ("gold", E::Gold),
        ] {
            let recorded = expected[name][i].as_bool().unwrap();
            assert_eq!(parts.events.contains(event), recorded, "{name}[{i}]");
        }
    }
}

fn check_profile(name: &str, profile: &Profile, expected: &Value) {
    let levels = profile.levels(PocTie::Lowest, 0.7).unwrap();
    assert_eq!(profile.rows().len() as u64, expected["levels"].as_u64().unwrap(), "{name}");
    for (field, actual) in [
        ("total_volume", levels.volume),
        ("poc", levels.poc),
        ("val_documented", levels.documented.low),
        ("vah_documented", levels.documented.high),
        ("val_classic", levels.classic.low),
        ("vah_classic", levels.classic.high),
    ] {
        same(&format!("{name} {field}"), 0, Some(actual), &expected[field]);
    }
    let high: Vec<f64> = profile.high_volume(1.5).iter().map(|row| row.price).collect();
    let recorded: Vec<f64> =
        expected["hvn"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(high, recorded, "{name}");
    assert_eq!(profile.low_volume(0.5).len() as u64, expected["lvn_count"].as_u64().unwrap(), "{name}");
}

#[test]
fn volume_profile_equals_its_recorded_levels() {
    let Some(golden) = golden() else { return };
    let expected = &golden["volume_profile"];
    let params = ProfileParams { tick: expected["tick"].as_f64().unwrap(), ..ProfileParams::default() };
    let candles = candles(&golden);
    let all: Vec<Ohlcv> = candles.iter().map(|candle| candle.ohlcv).collect();
    check_profile("all", &Profile::of(&all, params).unwrap(), &expected["all"]);
    let mut session = VolumeProfile::new(ProfileRange::Session, params).unwrap();
    let days = expected["by_day"].as_object().unwrap();
    let mut done = 0;
    for (i, candle) in candles.iter().enumerate() {
        session.update(*candle).unwrap();
        let next = candles.get(i + 1).map_or(i64::MAX, |next| next.open_time);
        if next / (24 * HOUR) == candle.open_time / (24 * HOUR) {
            continue;
        }
        let date = qtp_core::Timestamp::from_nanos(candle.open_time).to_string()[..10].to_owned();
        if let Some(day) = days.get(&date) {
            check_profile(&date, &session.profile(), day);
            done += 1;
        }
    }
    assert_eq!(done, days.len());
}
