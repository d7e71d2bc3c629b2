//! Times batch indicators of several crates on the same candles, in turn and in one process.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml [NAME..]` prints a Markdown table of nanoseconds of
//! processor time per candle: medians of `QTP_BENCH_ROUNDS` (5) rounds, each the least of seven calls. Every crate is
//! called through its public API, writes into columns allocated before where it can, and checks its input as it does
//! for anyone.

mod kand_crate;
mod market;
mod ours;
mod talib_crate;
mod vector_ta_crate;
mod wickra_crate;

use std::{hint::black_box, time::Duration};

use market::{Market, Outputs};

/// Runs one indicator into the outputs; `None` if the crate has none of that name.
type Peer = fn(&str, &Market, &mut Outputs) -> Option<()>;

const PEERS: [(&str, Peer); 5] = [
    ("qtp", ours::run),
    ("ta-lib 0.8.3", talib_crate::run),
    ("kand 0.2.2", kand_crate::run),
    ("vector-ta 0.3.1", vector_ta_crate::run),
    ("wickra 2.1.1", wickra_crate::run),
];

const NAMES: [&str; 15] = [
    "SMA", "EMA", "RSI", "MACD", "ATR", "BBANDS", "STOCH", "ADX", "OBV", "MFI", "CCI", "WMA", "HMA", "VWAP",
    "ICHIMOKU",
];

fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// The least of seven calls in nanoseconds per candle, and the last output.
fn time(peer: Peer, name: &str, market: &Market, outputs: &mut Outputs) -> Option<f64> {
    let mut least = f64::INFINITY;
    for _ in 0..7 {
        let start = now();
        peer(name, market, black_box(outputs))?;
        least = least.min((now() - start).as_secs_f64());
    }
    Some(least * 1e9 / market.close.len() as f64)
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).map(|name| name.to_uppercase()).collect();
    let rounds = std::env::var("QTP_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5_usize);
    let (market, mut outputs) = (Market::new(1_000_000), market::outputs(1_000_000));
    let names: Vec<&str> =
        NAMES.into_iter().filter(|name| wanted.is_empty() || wanted.iter().any(|w| w == name)).collect();
    let mut times = vec![vec![Vec::new(); PEERS.len()]; names.len()];
    for _ in 0..rounds {
        for (name, row) in names.iter().zip(&mut times) {
            for ((_, peer), cell) in PEERS.iter().zip(row) {
                cell.extend(time(*peer, name, &market, &mut outputs));
            }
        }
    }
    let heads: Vec<&str> = PEERS.iter().map(|(name, _)| *name).collect();
    println!("| | {} | ours to the best |\n|---|{}", heads.join(" | "), "---|".repeat(PEERS.len() + 1));
    let mut logs = Vec::new();
    for (name, row) in names.iter().zip(times) {
        let cells: Vec<Option<f64>> = row.into_iter().map(median).collect();
        let best = cells.iter().skip(1).flatten().copied().fold(f64::INFINITY, f64::min);
        let ratio = cells[0].filter(|_| best.is_finite()).map(|ours| ours / best);
        logs.extend(ratio.map(f64::ln));
        let show = |cell: &Option<f64>| cell.map_or_else(String::new, |time| format!("{time:.2}"));
        let shown: Vec<String> = cells.iter().chain([&ratio]).map(show).collect();
        println!("| {name} | {} |", shown.join(" | "));
    }
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    println!("\nGeometric mean of ours to the best peer for each: {mean:.2}.");
}
