//! Whole runs in simulated time.
#![cfg(feature = "backtest")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod causality;
mod checkpoint;
mod lab;
mod past;
mod run;
mod strategies;
mod strategy_file;
