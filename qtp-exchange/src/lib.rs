#![doc = include_str!("../README.md")]

#[cfg(feature = "alpaca")]
pub mod alpaca;
#[cfg(feature = "binance")]
pub mod binance;
#[cfg(feature = "bybit")]
pub mod bybit;
#[cfg(feature = "sim")]
pub mod candle_file;
pub mod clean;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "sim")]
pub mod decorator;
#[cfg(any(feature = "binance", feature = "bybit", feature = "hyperliquid"))]
mod figures;
#[cfg(feature = "hyperliquid-wire")]
pub mod hyperliquid;
#[cfg(any(feature = "alpaca", feature = "binance", feature = "bybit", feature = "sources"))]
pub mod native;
#[cfg(feature = "sim")]
pub mod paper;
#[cfg(any(feature = "alpaca", feature = "sources"))]
pub mod polled;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sim-server")]
pub mod sim_server;
#[cfg(feature = "sources")]
pub mod sources;
#[cfg(feature = "sim")]
pub mod synthetic;
#[cfg(feature = "http")]
pub mod transport;

pub use qtp_core::port::{Exchange, Execution, MarketData};
