//! Candle files for backtests.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Random;

pub const HEADER: &str = "timestamp,open,high,low,close,volume\n";

/// A random walk of minute candles.
pub fn walk(rows: u32) -> String {
    walk_of(rows, 60)
}

/// A random walk of candles so many seconds wide.
pub fn walk_of(rows: u32, seconds: u64) -> String {
    let mut random = Random(7);
    let mut text = HEADER.to_owned();
    let mut close = 10_000_u64;
    for row in 0..u64::from(rows) {
        let open = close;
        close = (close + random.next() % 61).saturating_sub(30).max(1_000);
        let (high, low) = (open.max(close) + random.next() % 9, open.min(close) - random.next() % 9);
        let time = 1_704_067_200 + row * seconds;
        let cents = |value: u64| format!("{}.{:02}", value / 100, value % 100);
        let (open, high, low, close) = (cents(open), cents(high), cents(low), cents(close));
        writeln!(text, "{time},{open},{high},{low},{close},{}", 50 + random.next() % 100).unwrap();
    }
    text
}

pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
