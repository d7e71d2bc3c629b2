//! The `data` command: candles of a venue into a file that `backtest` and `indicators` read.

mod args;
mod candle_csv;
mod download;
mod gaps;

pub use args::{DataArgs, DataCommand, DownloadArgs};
pub use download::run;
