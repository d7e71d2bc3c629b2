//! The simulated venue, rule by rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod rig;
mod sim_account;
mod sim_bracket;
mod sim_candle;
mod sim_orders;
mod sim_property;
mod sim_state;
mod sim_tape;
