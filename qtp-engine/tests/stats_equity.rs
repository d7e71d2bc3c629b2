//! The equity curve: drawdown, ratios, months, decimation.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use qtp_core::{Ohlcv, Timestamp};
use qtp_engine::stats::{CandleCurve, Curve, DayCount, EquityStats};

const QUARTER_DAY: i64 = 21_600;

fn close_to(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

/// The series of the golden numbers: 160 marks, one every six hours from 2024-01-20, out of a linear
/// congruential generator.
fn golden_series() -> (Timestamp, Vec<f64>) {
    let (mut equity, mut seed) = (10_000.0, 12_345_u64);
    let values = (0..160).map(|_| {
        seed = (seed * 1_103_515_245 + 12_345) % (1 << 31);
        equity += ((seed >> 16) % 401) as f64 - 195.0;
        equity
    });
    ("2024-01-20T00:00:00Z".parse().unwrap(), values.collect())
}

fn golden(days: DayCount) -> EquityStats {
    let (start, values) = golden_series();
    let mut stats = EquityStats::new(start, 10_000.0, days);
    for (index, value) in values.iter().enumerate() {
        let time = Timestamp::from_secs(start.as_secs() + QUARTER_DAY * (index as i64 + 1));
        stats.on_close(time, 50.0 + index as f64);
        stats.on_equity(time, *value);
    }
    stats
}

#[test]
fn ratios_and_drawdown_equal_quantstats() {
    // quantstats 0.0.86 on pandas 3.1.1: resample("D").last() of the marks by candle open time, pct_change,
    // stats.sharpe, stats.sortino and stats.max_drawdown.
    let (every, sessions) = (golden(DayCount::Every), golden(DayCount::Sessions));
    assert_eq!(every.daily_closes().len(), 40);
    assert!(close_to(every.sharpe().unwrap(), 1.834_752_119_198_383_5));
    assert!(close_to(sessions.sharpe().unwrap(), 1.524_513_365_341_742_4));
    assert!(close_to(every.sortino().unwrap(), 2.704_734_952_929_314_8));
    assert!(close_to(sessions.sortino().unwrap(), 2.247_390_556_087_355_5));
    let drawdown = every.drawdown();
    assert!(close_to(drawdown.fraction, 0.076_269_550_106_198_07));
    assert_eq!(drawdown.trough_time.to_string(), "2024-02-09T06:00:00Z");
    assert!(close_to(every.total_return(), 0.0992));
    assert!(close_to(every.buy_and_hold_return().unwrap(), 159.0 / 50.0));
    let months = every.months();
    assert_eq!((months.len(), months[0].year, months[0].month), (2, 2024, 1));
    assert!(close_to(months[0].value, 0.010_699_999_999_999_932));
    assert!(close_to(months[1].value, 0.087_563_075_096_467_77));
}

#[test]
fn ratios_are_unknown_under_twenty_days() {
    let start = Timestamp::from_secs(0);
    let mut stats = EquityStats::new(start, 100.0, DayCount::Every);
    for day in 1..=20 {
        assert_eq!((stats.sharpe(), stats.sortino()), (None, None));
        stats.on_equity(Timestamp::from_secs(day * 86_400), 100.0 + (day % 3) as f64);
    }
    assert_eq!(stats.daily_closes().len(), 20);
    assert!(stats.sharpe().is_some() && stats.sortino().is_some());
}

#[test]
fn drawdown_counts_the_start() {
    let mut stats = EquityStats::new(Timestamp::from_secs(0), 100.0, DayCount::Every);
    stats.on_equity(Timestamp::from_secs(60), 80.0);
    stats.on_equity(Timestamp::from_secs(120), 90.0);
    let drawdown = stats.drawdown();
    assert_eq!((drawdown.fraction, drawdown.value), (0.2, 20.0));
    assert_eq!(
        (drawdown.peak_time, drawdown.trough_time),
        (Timestamp::from_secs(0), Timestamp::from_secs(60))
    );
}

#[test]
fn bankruptcy_is_the_first_close_at_zero_or_less() {
    let mut stats = EquityStats::new(Timestamp::from_secs(0), 100.0, DayCount::Every);
    for (second, equity) in [(1, 150.0), (2, 10.0), (3, 0.0), (4, -20.0), (5, 40.0)] {
        stats.on_equity(Timestamp::from_secs(second), equity);
    }
    assert_eq!(stats.bankrupt_at(), Some(Timestamp::from_secs(3)));
    assert!(stats.drawdown().fraction > 1.0);
}

#[test]
fn deposits_are_neither_profit_nor_recovery() {
    let mut stats = EquityStats::new(Timestamp::from_secs(0), 100.0, DayCount::Every);
    stats.on_equity(Timestamp::from_secs(1), 90.0);
    stats.on_cash_flow(1000.0);
    stats.on_equity(Timestamp::from_secs(2), 1080.0);
    assert!(close_to(stats.total_return(), -0.2));
    assert!(close_to(stats.drawdown().fraction, 0.2));
    assert_eq!((stats.last(), stats.paid_in()), (1080.0, 1000.0));
}

#[test]
fn candles_merge_into_wider_ones() {
    let mut curve = CandleCurve::default();
    for index in 0..5000_i64 {
        let price = index as f64;
        let candle =
            Ohlcv { open: price, high: price + 2.0, low: price - 2.0, close: price + 1.0, volume: 1.0 };
        curve.push(Timestamp::from_secs(index), &candle);
    }
    let points = curve.points();
    assert_eq!((curve.width(), points.len()), (8, 625));
    assert_eq!((points[1].open, points[1].high, points[1].low, points[1].close), (8.0, 17.0, 6.0, 16.0));
}

proptest! {
    #[test]
    fn drawdown_is_a_share_and_equals_the_plain_definition(values in prop::collection::vec(0.01_f64..1e6, 1..300)) {
        let mut stats = EquityStats::new(Timestamp::from_secs(0), 1000.0, DayCount::Every);
        let (mut peak, mut worst) = (1000.0_f64, 0.0_f64);
        for (index, value) in values.iter().enumerate() {
            stats.on_equity(Timestamp::from_secs(index as i64 + 1), *value);
            peak = peak.max(*value);
            worst = worst.max((peak - value) / peak);
        }
        let fraction = stats.drawdown().fraction;
        prop_assert!((0.0..=1.0).contains(&fraction));
        prop_assert!((fraction - worst).abs() < 1e-12);
        prop_assert!(stats.drawdown().peak_time <= stats.drawdown().trough_time);
        prop_assert_eq!(stats.bankrupt_at(), None);
    }

    #[test]
    fn decimation_keeps_extremes_ends_and_order(
        length in 1_usize..40_000, seed in any::<u64>(), spike in 0_usize..40_000,
    ) {
        let mut curve = Curve::default();
        let (mut state, mut value) = (seed | 1, 0.0_f64);
        let (mut low, mut high, mut first, mut last) = (f64::MAX, f64::MIN, None, 0.0);
        for index in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            value += (state >> 40) as f64 / 16_777_216.0 - 0.5;
            last = if index == spike { value - 1e6 } else { value };
            first = first.or(Some(last));
            (low, high) = (low.min(last), high.max(last));
            curve.push(Timestamp::from_secs(index as i64), last);
        }
        let points = curve.points();
        prop_assert!(points.len() <= 4096);
        prop_assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time));
        prop_assert_eq!(points.first().map(|p| p.value), first);
        prop_assert_eq!(points.last().map(|p| p.value), Some(last));
        prop_assert_eq!(points.iter().map(|p| p.value).fold(f64::MAX, f64::min), low);
        prop_assert_eq!(points.iter().map(|p| p.value).fold(f64::MIN, f64::max), high);
    }
}
