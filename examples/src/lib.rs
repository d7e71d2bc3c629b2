//! Wiring shared by the example binaries: command lines and configuration to engines, venues and stores.

pub mod backtest;
pub mod exit;
pub mod percent;
pub mod strategies;
