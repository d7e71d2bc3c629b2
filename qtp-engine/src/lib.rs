#![doc = include_str!("../README.md")]

mod accounting;
mod capability;
pub mod chart;
mod config;
mod confirmation;
mod connection;
mod control;
mod decision_request;
#[cfg(any(feature = "backtest", feature = "live"))]
pub mod driver;
mod engine;
mod error;
mod gate;
mod market;
mod orders;
mod protection;
pub mod report;
mod router;
mod sizing;
pub mod stats;
mod strategies;
pub mod strategy;

pub use config::{Approval, EngineConfig, ForeignPosition, OnBreach};
pub use engine::{Engine, EngineSetup, EngineSnapshot};
pub use error::EngineError;
pub use qtp_core::port::Strategy;
