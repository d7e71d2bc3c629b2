//! Market data types, and the market as far as an engine has seen it.

mod book;
mod candle;
mod ohlcv;
mod state;
mod tape;

pub use book::{BookLevel, OrderBook};
pub use candle::{Adjustment, Candle, CandleParts, CandleQuery};
pub use ohlcv::Ohlcv;
pub use state::{CandleSeries, InstrumentMarket, MarketState};
pub use tape::{FundingRate, Gap, MarkPrice, MarketTopic, OpenInterest, Quote, Trade};
