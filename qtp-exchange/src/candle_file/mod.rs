//! Candle, funding and signal files, and feeds that merge candles in the order in which they closed.

mod candles;
mod error;
mod feed;
mod lines;
mod market;
mod number;
mod source;
mod table;
mod time;

pub use candles::{CandleFile, CandleFileOptions, TimeIs, read};
pub use error::{CandleFileError, Problem};
pub use feed::CandleFeed;
pub use market::FileMarket;
pub use source::CandleSource;
pub use time::TimeUnit;

pub(crate) use market::stream;
