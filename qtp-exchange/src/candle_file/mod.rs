//! Candle files.
