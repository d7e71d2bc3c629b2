//! Wiring shared by the example binaries: command lines and configuration to engines, venues and stores.

#[macro_use]
pub mod say;

pub mod backtest;
pub mod bot;
pub mod chart;
pub mod data;
pub mod decisions;
pub mod every_candle;
pub mod exit;
mod guides;
pub mod leaderboard;
pub mod logs;
pub mod model_keys;
pub mod percent;
pub mod recording;
pub mod replay;
pub mod strategies;
pub mod strategy_file;
pub mod strategy_tool;
pub mod venue;
pub mod venues;
