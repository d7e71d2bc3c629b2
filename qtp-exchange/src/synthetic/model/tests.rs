//! The model has the known traits of real returns, and no drift to live off.

use super::*;

const HOUR: usize = 60;
const DAY: usize = 24 * HOUR;

fn numbers() -> CoinNumbers {
    CoinNumbers::new(60_000.0, 0.55, 0.9, 25.0)
}

/// Log returns of one coin, minute by minute.
fn returns(seed: u64, minutes: usize) -> Vec<f64> {
    let (mut market, mut coin, numbers) = (Market::new(seed), Coin::new(seed, "BTC"), numbers());
    (0..minutes)
        .map(|minute| {
            let step = coin.step(&numbers, market.step(), (minute % DAY) as f64 / HOUR as f64);
            step.close - step.open
        })
        .collect()
}

fn hourly(seed: u64, hours: usize) -> Vec<f64> {
    returns(seed, hours * HOUR).chunks(HOUR).map(|minutes| minutes.iter().sum()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64
}

/// How far the mean lies from 0, in standard errors.
fn score(values: &[f64]) -> f64 {
    mean(values) / (variance(values) / values.len() as f64).sqrt()
}

#[test]
fn the_mean_return_is_within_noise() {
    // The price has no drift, so that its logarithm loses half the variance.
    let totals: Vec<f64> = (0..40)
        .map(|seed| {
            let returns = returns(seed, 10 * DAY);
            returns.iter().map(|r| r + 0.5 * r * r).sum()
        })
        .collect();
    assert!(score(&totals).abs() < 3.0, "{}", score(&totals));
}

#[test]
fn naive_strategies_both_win_and_lose_and_earn_nothing_certain() {
    let paths: Vec<Vec<f64>> = (100..140).map(|seed| hourly(seed, 10 * 24)).collect();
    for lookback in [1, 6, 24, 72] {
        // Long after a rise, short after a fall, before any cost.
        let follow = |path: &Vec<f64>| -> f64 {
            let held = |now: usize| path[now - lookback..now].iter().sum::<f64>().signum() * path[now];
            (lookback..path.len()).map(held).sum()
        };
        let profits: Vec<f64> = paths.iter().map(follow).collect();
        let wins = profits.iter().filter(|profit| **profit > 0.0).count();
        assert!((8..=32).contains(&wins), "lookback {lookback}: {wins} of 40 win");
        assert!(score(&profits).abs() < 3.0, "lookback {lookback}: {}", score(&profits));
    }
}

#[test]
fn volatility_is_near_the_setting() {
    let all: Vec<f64> = (0..8).flat_map(|seed| returns(seed, 15 * DAY)).collect();
    let yearly = (variance(&all) * MINUTES_PER_YEAR).sqrt();
    assert!((0.45..0.7).contains(&yearly), "{yearly}");
}

#[test]
fn every_regime_is_visited_for_about_its_share_of_time() {
    let (mut market, mut coin, numbers) = (Market::new(1), Coin::new(1, "BTC"), numbers());
    let mut minutes = [0_u32; 4];
    for _ in 0..200 * DAY {
        let _ = coin.step(&numbers, market.step(), 0.0);
        minutes[coin.regime as usize] += 1;
    }
    let shares = minutes.map(|count| f64::from(count) / (200 * DAY) as f64);
    for (share, expected) in shares.iter().zip([0.24, 0.24, 0.48, 0.04]) {
        assert!((share - expected).abs() < 0.1, "{shares:?}");
    }
}

#[test]
fn uniform_numbers_stay_above_zero_and_normals_are_normal() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let draws: Vec<f64> = (0..20_000).map(|_| uniform(&mut random)).collect();
    assert!(draws.iter().all(|draw| *draw > 0.0 && *draw <= 1.0));
    let draws: Vec<f64> = (0..20_000).flat_map(|_| <[f64; 2]>::from(normals(&mut random))).collect();
    assert!(score(&draws).abs() < 3.0 && (variance(&draws) - 1.0).abs() < 0.03);
    let fourth = draws.iter().map(|draw| draw.powi(4)).sum::<f64>() / draws.len() as f64;
    assert!((fourth - 3.0).abs() < 0.25, "{fourth}");
}
