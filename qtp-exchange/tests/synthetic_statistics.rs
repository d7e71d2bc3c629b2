//! The synthetic market has the known traits of real returns, and no drift to live off.

#![cfg(feature = "sim")]

use qtp_core::{CandleBatch, Timeframe};
use qtp_exchange::candle_file::CandleSource;
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticFeed};

const YEAR: u64 = 525_600;

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
    for seed in [1, 2, 3] {
        for (returns, volumes) in series(seed, YEAR / 4, Timeframe::M1) {
            let sizes: Vec<f64> = returns.iter().map(|r| r.abs()).collect();
            let kurtosis = moment(&returns, 4) / moment(&returns, 2).powi(2);
            assert!(kurtosis > 4.0, "kurtosis {kurtosis}");
            for lag in [1, 10, 60] {
                let cluster = autocorrelation(&sizes, lag);
                assert!(cluster > 0.05, "|r| at lag {lag}: {cluster}");
                let memory = autocorrelation(&returns, lag);
                assert!(memory.abs() < 0.02, "r at lag {lag}: {memory}");
            }
            assert!(correlation(&sizes, &volumes) > 0.2);
        }
    }
}

#[test]
fn volatility_and_correlation_are_near_the_settings() {
    let [btc, eth, sol] = series(7, YEAR, Timeframe::H1);
    for ((returns, _), expected) in [(&btc, 0.55), (&eth, 0.7), (&sol, 0.95)] {
        let yearly = (moment(returns, 2) * 8766.0).sqrt();
        assert!((0.75..1.35).contains(&(yearly / expected)), "{yearly} for {expected}");
    }
    assert!((0.5..0.9).contains(&correlation(&btc.0, &eth.0)));
    assert!(correlation(&btc.0, &sol.0) < correlation(&btc.0, &eth.0));
}

#[test]
fn the_mean_return_is_within_noise() {
    let (mut total, mut deviation, mut count) = (0.0, 0.0_f64, 0.0);
    for seed in 0..40 {
        for (returns, _) in series(seed, YEAR / 12, Timeframe::H1) {
            // The price has no drift, so its logarithm loses half the variance.
            let variance = moment(&returns, 2);
            total += returns.iter().map(|r| r + 0.5 * variance).sum::<f64>()
                / (variance * returns.len() as f64).sqrt();
            count += 1.0;
            deviation += 1.0;
        }
    }
    // The three coins of a seed are correlated, hence about 40 independent values rather than 120.
    let error = deviation.sqrt() / count * 3.0_f64.sqrt();
    assert!((total / count).abs() < 3.0 * error, "mean z {} of {error}", total / count);
}

#[test]
fn naive_strategies_both_win_and_lose_and_earn_nothing_certain() {
    for lookback in [1, 6, 24, 72] {
        let mut results = Vec::new();
        for seed in 100..140 {
            let [(returns, _), ..] = series(seed, YEAR / 6, Timeframe::H1);
            // Long after a rise, short after a fall, before any cost.
            let profit: f64 = (lookback..returns.len())
                .map(|now| returns[now - lookback..now].iter().sum::<f64>().signum() * returns[now])
                .sum();
            results.push(profit);
        }
        let wins = results.iter().filter(|profit| **profit > 0.0).count();
        assert!((8..=32).contains(&wins), "lookback {lookback}: {wins} of 40 win");
        let error = (moment(&results, 2) / results.len() as f64).sqrt();
        assert!(mean(&results).abs() < 3.0 * error, "lookback {lookback}: {} of {error}", mean(&results));
    }
}
