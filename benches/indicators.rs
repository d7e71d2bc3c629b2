//! Speed of every indicator: nanoseconds per candle, whole columns at once and one candle at a time.
//!
//! `cargo bench --bench indicators -- batch/talib.ema` measures one. `QTP_BENCH_CANDLES` names a file of five columns
//! (open, high, low, close, volume) of little-endian floats; without it the candles are made here.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use qtp_core::Ohlcv;
use qtp_indicators::{Candles, build, catalogue};

const ROWS: usize = 1_000_000;

/// Five columns: read, or a walk that needs no random numbers.
fn columns() -> Vec<Vec<f64>> {
    if let Ok(path) = std::env::var("QTP_BENCH_CANDLES") {
        let bytes = std::fs::read(path).unwrap();
        let numbers: Vec<f64> =
            bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        return numbers.chunks(numbers.len() / 5).map(<[f64]>::to_vec).collect();
    }
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut columns = vec![Vec::new(); 5];
    let mut close = 100.0;
    for _ in 0..ROWS {
        let open = close;
        close *= 1.0 + (draw() - 0.5) * 0.002;
        let high = open.max(close) * (1.0 + draw() * 0.0005);
        let low = open.min(close) * (1.0 - draw() * 0.0005);
        for (column, x) in columns.iter_mut().zip([open, high, low, close, 1_000.0 * draw()]) {
            column.push(x);
        }
    }
    columns
}

fn indicators(criterion: &mut Criterion) {
    let columns = columns();
    let [open, high, low, close, volume] = &columns[..] else { return };
    let candles = Candles::new(open, high, low, close, volume).unwrap();
    let times: Vec<i64> = (0..close.len() as i64).map(|i| i * 60_000_000_000).collect();
    let mut batch = criterion.benchmark_group("batch");
    batch.throughput(Throughput::Elements(close.len() as u64));
    for info in catalogue() {
        let indicator = build(info.name).unwrap();
        let mut outputs = vec![vec![0.0; close.len()]; indicator.width()];
        batch.bench_function(info.name, |bencher| {
            bencher.iter(|| {
                let mut views: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
                indicator.batch(candles, &times, &mut views).unwrap();
            });
        });
    }
    batch.finish();
    let rows: Vec<Ohlcv> = (0..20_000)
        .map(|i| Ohlcv { open: open[i], high: high[i], low: low[i], close: close[i], volume: volume[i] })
        .collect();
    let mut stream = criterion.benchmark_group("stream");
    stream.throughput(Throughput::Elements(rows.len() as u64));
    for info in catalogue() {
        let mut indicator = build(info.name).unwrap();
        let mut out = vec![0.0; indicator.width()];
        stream.bench_function(info.name, |bencher| {
            bencher.iter(|| {
                for (row, time) in rows.iter().zip(&times) {
                    black_box(indicator.update(row, *time, &mut out));
                }
            });
        });
    }
    stream.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400));
    targets = indicators
}
criterion_main!(benches);
