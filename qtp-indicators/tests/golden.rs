//! Agreement with TA-Lib 0.8.1 on its recorded outputs: values to 1e-9 relative, warm-up positions exactly.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{fs::File, io::Read, path::PathBuf};

use qtp_core::Ohlcv;
use qtp_indicators::{Spec, batch_spec, find};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/talib-golden"));
    let present = folder.join("golden.json.gz").is_file();
    if !present {
        println!("skipped: no golden data at {}", folder.display());
    }
    present.then_some(folder)
}

fn candles(folder: &std::path::Path) -> Vec<Ohlcv> {
    let text = std::fs::read_to_string(folder.join("input.csv")).unwrap();
    let number = |field: &str| field.parse::<f64>().unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let [open, high, low, close, volume] = [1, 2, 3, 4, 5].map(|i| number(fields[i]));
            Ohlcv { open, high, low, close, volume }
        })
        .collect()
}

fn golden(folder: &std::path::Path) -> Vec<Value> {
    let mut text = String::new();
    let file = File::open(folder.join("golden.json.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut root: Value = serde_json::from_str(&text).unwrap();
    root["functions"].as_array_mut().map(std::mem::take).unwrap()
}

/// The spec of a recorded call; TA-Lib's real parameters such as `2.0` parse as whole numbers where needed.
fn spec(function: &Value) -> Option<Spec> {
    let name = format!("talib.{}", function["name"].as_str()?.to_lowercase());
    find(&name)?;
    let params = function["params"].as_object()?.iter().map(|(key, value)| format!("{key}={value}"));
    Some(format!("{name}({})", params.collect::<Vec<_>>().join(",")).parse().unwrap())
}

#[test]
fn talib_functions_equal_their_recorded_outputs() {
    let Some(folder) = folder() else { return };
    let candles = candles(&folder);
    let times: Vec<i64> = (0..candles.len() as i64).map(|i| i * 3_600_000_000_000).collect();
    let mut checked = 0;
    for function in golden(&folder) {
        let Some(spec) = spec(&function) else { continue };
        let names: Vec<&str> = spec.info().outputs.iter().map(|output| output.name).collect();
        let mut columns = vec![vec![0.0; candles.len()]; names.len()];
        let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        batch_spec(&spec, &candles, &times, &mut views).unwrap();
        let mut streaming = spec.build().unwrap();
        let mut row = vec![0.0; names.len()];
        let rows: Vec<Vec<f64>> = candles
            .iter()
            .zip(&times)
            .map(|(candle, time)| {
                streaming.update(candle, *time, &mut row);
                row.clone()
            })
            .collect();
        let mut worst: f64 = 0.0;
        let streamed: Vec<Vec<f64>> =
            (0..names.len()).map(|k| rows.iter().map(|row| row[k]).collect()).collect();
        for (name, column) in names.iter().zip(&columns).chain(names.iter().zip(&streamed)) {
            let expected = function["outputs"][name].as_array().unwrap();
            assert_eq!(expected.len(), column.len());
            for (i, (expected, actual)) in expected.iter().zip(column).enumerate() {
                let Some(expected) = expected.as_f64() else {
                    assert!(actual.is_nan(), "{spec} {name}[{i}] is not NaN");
                    continue;
                };
                let error = (actual - expected).abs() / expected.abs().max(1.0);
                assert!(error <= TOLERANCE, "{spec} {name}[{i}]: {actual} for {expected}");
                worst = worst.max(error);
            }
        }
        println!("{spec}: worst relative difference {worst:e}");
        checked += 1;
    }
    assert!(checked >= 79, "only {checked} recorded calls were checked");
}
