//! The driver in real time, over paper exchanges and over one that misbehaves. Time is tokio's, paused.
#![cfg(all(feature = "backtest", feature = "live"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod candles;
mod chaos;
mod chaos_exchange;
mod paper;
mod preflight;
mod recovery;
mod refusals;
mod rig;
mod venue_state;
mod watch;
