//! The synthetic market has the known traits of real returns.

#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use qtp_core::{CandleBatch, Timeframe};
use qtp_exchange::candle_file::CandleSource;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticFeed};

/// Log returns and volumes of each coin.
fn series(seed: u64, minutes: u64, timeframe: Timeframe) -> [(Vec<f64>, Vec<f64>); 3] {
    let config =
        SyntheticConfig { minutes: Some(minutes), timeframes: vec![timeframe], ..SyntheticConfig::default() };
    let mut feed = SyntheticFeed::new(seed, config).unwrap();
    let mut out: [(Vec<f64>, Vec<f64>); 3] = Default::default();
    let mut batch = CandleBatch::default();
    while feed.next_into(&mut batch).is_some() {
        for (candle, (returns, volumes)) in batch.candles.iter().zip(&mut out) {
            let ohlcv = candle.ohlcv();
            returns.push((ohlcv.close / ohlcv.open).ln());
            volumes.push(ohlcv.volume);
        }
    }
    out
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn moment(values: &[f64], power: i32) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / values.len() as f64
}

fn correlation(left: &[f64], right: &[f64]) -> f64 {
    let (left_mean, right_mean) = (mean(left), mean(right));
    let product = left.iter().zip(right).map(|(l, r)| (l - left_mean) * (r - right_mean)).sum::<f64>();
    product / left.len() as f64 / (moment(left, 2) * moment(right, 2)).sqrt()
}

fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    correlation(&values[lag..], &values[..values.len() - lag])
}

#[test]
fn returns_have_fat_tails_and_clusters_but_no_memory_of_direction() {
    let series = series(1, 40 * 1440, Timeframe::M1);
    for (returns, volumes) in &series {
        let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
        let kurtosis = moment(returns, 4) / moment(returns, 2).powi(2);
        assert!(kurtosis > 4.0, "kurtosis {kurtosis}");
        for lag in [1, 10, 60] {
            let cluster = autocorrelation(&sizes, lag);
            assert!(cluster > 0.05, "|r| at lag {lag}: {cluster}");
            let memory = autocorrelation(returns, lag);
            assert!(memory.abs() < 0.03, "r at lag {lag}: {memory}");
        }
        assert!(correlation(&sizes, volumes) > 0.2);
    }
    let [btc, eth, sol] = series;
    let near = correlation(&btc.0, &eth.0);
    assert!((0.5..0.95).contains(&near), "{near}");
    assert!(correlation(&btc.0, &sol.0) < near);
}
