//! The layers around an exchange, one by one. All of them together: `conformance.rs`.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod breaker;
mod recording;
mod timed;
