//! Times one indicator after another, as asked: `speed FILE`, then a spec per line of input.
//!
//! Each line is answered with nanoseconds per candle, of the batch form or (after `stream `) of the streaming form: the
//! least of several runs into columns allocated before, in processor time of the thread where the system tells it, so
//! that what else the machine does counts for little. `FILE` holds the columns open, high, low, close and volume as
//! little-endian floats. `scripts/bench-indicators` asks in turn with TA-Lib, so that both meet the same load.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::print_stdout, reason = "its answers go there")]

use std::{
    hint::black_box,
    io::{BufRead as _, Write as _},
    time::Duration,
};

use qtp_core::Ohlcv;
use qtp_indicators::{Candles, build};

/// Candles of the streaming form.
const STREAMED: usize = 100_000;

/// Processor time of this thread.
#[cfg(unix)]
fn now() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap()
}

#[cfg(not(unix))]
fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap()
}

fn least(runs: usize, count: usize, mut run: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let start = now();
        run();
        least = least.min((now() - start).as_secs_f64());
    }
    least * 1e9 / count as f64
}

/// Into the same columns as the specs before, as the other side's allocator gives back the memory that it had.
fn batch(spec: &str, candles: Candles<'_>, times: &[i64], columns: &mut Vec<Vec<f64>>) -> f64 {
    let indicator = build(spec).unwrap();
    while columns.len() < indicator.width() {
        columns.push(vec![1.0; candles.len()]);
    }
    let columns = &mut columns[..indicator.width()];
    let mut views: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    least(7, candles.len(), || indicator.batch(candles, times, black_box(&mut views)).unwrap())
}

fn stream(spec: &str, rows: &[Ohlcv], times: &[i64]) -> f64 {
    let mut indicator = build(spec).unwrap();
    let mut out = vec![0.0; indicator.width()];
    least(7, rows.len(), || {
        for (row, time) in rows.iter().zip(times) {
            black_box(indicator.update(row, *time, &mut out));
        }
    })
}

fn main() {
    let Some(path) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) else { return };
    let bytes = std::fs::read(path).unwrap();
    let numbers: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let columns: Vec<&[f64]> = numbers.chunks(numbers.len() / 5).collect();
    let [open, high, low, close, volume] = columns[..] else { return };
    let candles = Candles::new(open, high, low, close, volume).unwrap();
    let times: Vec<i64> = (0..close.len() as i64).map(|i| i * 60_000_000_000).collect();
    let rows: Vec<Ohlcv> = (0..close.len().min(STREAMED))
        .map(|i| Ohlcv { open: open[i], high: high[i], low: low[i], close: close[i], volume: volume[i] })
        .collect();
    let mut room = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let taken = match line.strip_prefix("stream ") {
            Some(spec) => stream(spec, &rows, &times),
            None => batch(&line, candles, &times, &mut room),
        };
        println!("{taken}");
        std::io::stdout().flush().unwrap();
    }
}
