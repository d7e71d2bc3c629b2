//! The engine's state machine, fed by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod approval;
mod chaos;
mod decisions;
mod halts;
mod plans;
mod protection;
mod snapshot;
mod targets;
