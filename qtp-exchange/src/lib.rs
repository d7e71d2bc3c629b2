#![doc = include_str!("../README.md")]

#[cfg(feature = "sim")]
pub mod candle_file;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "hyperliquid-wire")]
pub mod hyperliquid;
#[cfg(feature = "sim")]
pub mod paper;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sim-server")]
pub mod sim_server;
#[cfg(feature = "sim")]
pub mod synthetic;
#[cfg(feature = "http")]
pub mod transport;

pub use qtp_core::port::{Exchange, Execution, MarketData};
