//! Candle, funding and signal files, as CSV or as lines of JSON objects, and feeds that merge candles in the order in which they closed.

mod candles;
mod error;
mod feed;
mod funding;
mod json_lines;
mod lines;
mod market;
mod number;
#[cfg(feature = "parquet")]
mod parquet;
mod signals;
mod source;
mod steps;
mod table;
mod time;
mod time_column;

pub use candles::{CandleFile, CandleFileOptions, TimeIs, read};
pub use error::{CandleFileError, Problem};
pub use feed::CandleFeed;
pub use funding::read_funding;
pub use market::FileMarket;
pub use signals::{SignalRow, read_signals};
pub use source::{CandleSource, RestoreError};
pub use time::TimeUnit;

pub(crate) use market::stream;
