//! Times one candle at a time: the typed form beside the same indicator made from a spec.
//!
//! `cargo bench -p qtp-indicators --bench stream` prints a Markdown table of nanoseconds per update: medians of five
//! rounds in each of which every form runs in turn. A run is short, so that the least of many is one that nothing else
//! interrupted. Words behind `--` select indicators.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::print_stdout, reason = "the table goes there")]

use std::{hint::black_box, time::Instant};

use qtp_core::Ohlcv;
use qtp_indicators::{
    Indicator, average, build, cycle, math, momentum, pattern, price, statistic, volatility, volume,
};

/// Candles per run.
const CANDLES: usize = 20_000;
/// Runs per round, of which the least counts.
const RUNS: usize = 30;
/// Rounds, whose median counts.
const ROUNDS: usize = 5;

/// Times one run over all candles, in nanoseconds.
type Run = Box<dyn FnMut(&[Ohlcv]) -> f64>;

/// An indicator's spec, its two forms and what their runs took.
struct Timed {
    spec: &'static str,
    runs: [Run; 2],
    times: [Vec<f64>; 2],
}

fn timed(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e9
}

/// A typed indicator, fed with what `read` takes from a candle.
fn typed<I: Copy + 'static, T: Indicator<I> + 'static>(mut indicator: T, read: fn(&Ohlcv) -> I) -> Run {
    let mut inputs = Vec::new();
    Box::new(move |candles| {
        inputs.clear();
        inputs.extend(candles.iter().map(read));
        timed(|| {
            for input in &inputs {
                black_box(indicator.update(*input));
            }
        })
    })
}

fn series<T: Indicator<f64> + 'static>(indicator: T) -> Run {
    typed(indicator, |candle| candle.close)
}

fn candles<T: Indicator<Ohlcv> + 'static>(indicator: T) -> Run {
    typed(indicator, |candle| *candle)
}

/// The same through the registry.
fn by_spec(spec: &str) -> Run {
    let mut indicator = build(spec).unwrap();
    let mut row = vec![0.0; indicator.width()];
    Box::new(move |candles| {
        timed(|| {
            let mut open_time = 0;
            for candle in candles {
                black_box(indicator.update(candle, open_time, &mut row));
                open_time += 60_000_000_000;
            }
        })
    })
}

/// Averages, momentum and what else follows recurrences.
fn recurrences() -> Vec<(&'static str, Run)> {
    vec![
        ("ema(20)", series(average::Ema::new(20).unwrap())),
        ("talib.rma(14)", series(average::Rma::new(14).unwrap())),
        ("talib.dema(20)", series(average::Dema::new(20).unwrap())),
        ("talib.tema(20)", series(average::Tema::new(20).unwrap())),
        ("talib.t3(5)", series(average::T3::new(5, 0.7).unwrap())),
        ("talib.kama(10)", series(average::Kama::new(10).unwrap())),
        ("macd(12,26,9)", series(momentum::Macd::new(12, 26, 9).unwrap())),
        ("rsi(14)", series(momentum::Rsi::new(14).unwrap())),
        ("talib.atr(14)", candles(volatility::Atr::new(14).unwrap())),
        ("talib.adx(14)", candles(momentum::Adx::new(14).unwrap())),
        ("talib.sar", candles(volatility::Sar::new(0.02, 0.2).unwrap())),
        ("talib.obv", typed(volume::Obv::new().unwrap(), |c| (c.close, c.volume))),
        ("talib.ht_dcperiod", series(cycle::HtDcPeriod::new().unwrap())),
    ]
}

/// Sums over windows and what is made of them.
fn sums() -> Vec<(&'static str, Run)> {
    vec![
        ("talib.sum(20)", series(math::RollSum::new(20).unwrap())),
        ("sma(20)", series(average::Sma::new(20).unwrap())),
        ("wma(20)", series(average::Wma::new(20).unwrap())),
        ("talib.trima(20)", series(average::Trima::new(20).unwrap())),
        ("talib.hma(20)", series(average::Hma::new(20).unwrap())),
        ("talib.var(20)", series(volatility::Var::new(20).unwrap())),
        ("stddev(20,1)", series(volatility::StdDev::new(20, 1.0).unwrap())),
        ("bbands(20,2)", series(volatility::BollingerBands::new(20, 2.0, 2.0).unwrap())),
        ("talib.vwma(20)", typed(average::Vwma::new(20).unwrap(), |c| (c.close, c.volume))),
        ("talib.cmf(20)", candles(volume::Cmf::new(20).unwrap())),
        ("talib.mfi(14)", candles(volume::Mfi::new(14).unwrap())),
        ("talib.linearreg(14)", series(statistic::LinearReg::new(14).unwrap())),
        ("talib.correl(30)", typed(statistic::Correl::new(30).unwrap(), |c| (c.high, c.low))),
    ]
}

/// Extremes of windows, order statistics and patterns.
fn extremes() -> Vec<(&'static str, Run)> {
    let stoch = momentum::StochParams { fast_k: 14, slow_k: (3, 0), slow_d: (3, 0) };
    vec![
        ("talib.max(30)", series(math::Max::new(30).unwrap())),
        ("talib.minmax(30)", series(math::MinMax::new(30).unwrap())),
        ("talib.maxindex(30)", series(math::MaxIndex::new(30).unwrap())),
        ("talib.midprice(14)", candles(price::MidPrice::new(14).unwrap())),
        ("talib.willr(14)", candles(momentum::WillR::new(14).unwrap())),
        ("talib.aroon(14)", candles(momentum::Aroon::new(14).unwrap())),
        ("talib.stoch(14,3,0,3,0)", candles(momentum::Stoch::new(stoch).unwrap())),
        ("talib.donchian(20)", candles(volatility::Donchian::new(20).unwrap())),
        ("ichimoku(9,26,52,26)", candles(price::Ichimoku::new(9, 26, 52, 26).unwrap())),
        ("talib.cci(20)", candles(momentum::Cci::new(20).unwrap())),
        ("talib.avgdev(14)", series(momentum::AvgDev::new(14).unwrap())),
        ("talib.percentile(30)", series(statistic::Percentile::new(30, 50.0).unwrap())),
        ("talib.percentrank(100)", series(statistic::PercentRank::new(100).unwrap())),
        ("talib.cdlengulfing", candles(pattern::Candlestick::new(pattern::Engulfing))),
        ("talib.cdlhammer", candles(pattern::Candlestick::new(pattern::Hammer))),
    ]
}

/// A walk of prices by a linear congruential generator, the same in every run.
fn walk() -> Vec<Ohlcv> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut open = 100.0;
    let mut candle = || {
        let close = open * (1.0 + 0.002 * (uniform() + uniform() + uniform() - 1.5));
        let (up, down, volume) = (1.0 + 0.0005 * uniform(), 1.0 - 0.0005 * uniform(), 1.0 + 1e4 * uniform());
        let candle = Ohlcv { open, high: close.max(open) * up, low: close.min(open) * down, close, volume };
        open = close;
        candle
    };
    (0..CANDLES).map(|_| candle()).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let candles = walk();
    let mut forms: Vec<Timed> = [recurrences(), sums(), extremes()]
        .into_iter()
        .flatten()
        .filter(|(spec, _)| wanted.is_empty() || wanted.iter().any(|word| spec.contains(word.as_str())))
        .map(|(spec, run)| Timed { spec, runs: [run, by_spec(spec)], times: [Vec::new(), Vec::new()] })
        .collect();
    for _ in 0..ROUNDS {
        for Timed { runs, times, .. } in &mut forms {
            for (run, times) in runs.iter_mut().zip(times) {
                let least = (0..RUNS).map(|_| run(&candles)).fold(f64::INFINITY, f64::min);
                times.push(least / CANDLES as f64);
            }
        }
    }
    println!("| indicator | typed, ns | by spec, ns |\n|---|---|---|");
    for Timed { spec, times: [typed, by_spec], .. } in forms {
        println!("| `{spec}` | {:.1} | {:.1} |", median(typed), median(by_spec));
    }
}
