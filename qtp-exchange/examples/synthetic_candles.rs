//! Writes 1,500 hourly candles of the synthetic market to standard output, as CSV: the same for the same seed.
//!
//! `cargo run -p qtp-exchange --example synthetic_candles > candles.csv`

use std::error::Error;
use std::io::Write as _;

use qtp_core::{CandleBatch, Timeframe};
use qtp_exchange::candle_file::CandleSource as _;
use qtp_exchange::synthetic::{SyntheticCoin, SyntheticConfig, SyntheticFeed};

const SEED: u64 = 7;
const HOURS: u64 = 1_500;

fn main() -> Result<(), Box<dyn Error>> {
    let config = SyntheticConfig {
        coins: vec![SyntheticCoin::btc()],
        minutes: Some(HOURS * 60),
        timeframes: vec![Timeframe::H1],
        ..SyntheticConfig::default()
    };
    let mut feed = SyntheticFeed::new(SEED, config)?;
    let mut batch = CandleBatch::default();
    let mut out = std::io::stdout().lock();
    writeln!(out, "timestamp,open,high,low,close,volume")?;
    while feed.next_into(&mut batch).is_some() {
        for candle in &batch.candles {
            let (open, high, low, close) = (candle.open(), candle.high(), candle.low(), candle.close());
            writeln!(out, "{},{open},{high},{low},{close},{}", candle.open_time(), candle.volume())?;
        }
    }
    Ok(())
}
