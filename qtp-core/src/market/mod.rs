//! Market data types.

mod ohlcv;

pub use ohlcv::Ohlcv;
