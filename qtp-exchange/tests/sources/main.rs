//! Sources of data against a server of a few lines, and Alpha Vantage's recorded answers.
#![cfg(feature = "sources")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod charts;
mod computed;
#[path = "../venue_stub/mod.rs"]
#[allow(dead_code, reason = "the venues share it")]
mod stub;

use qtp_core::{Candle, CandleQuery, Timeframe, Timestamp};

fn query(instrument: &str, timeframe: Timeframe, start: &str, limit: Option<usize>) -> CandleQuery {
    let (instrument, start) = (instrument.parse().unwrap(), start.parse().unwrap());
    CandleQuery { instrument, timeframe, start, end: Timestamp::MAX, limit }
}

fn told(candles: &[Candle]) -> Vec<(String, String)> {
    candles.iter().map(|candle| (candle.open_time().to_string(), candle.close().to_string())).collect()
}

fn pair(time: &str, close: &str) -> (String, String) {
    (time.to_owned(), close.to_owned())
}
