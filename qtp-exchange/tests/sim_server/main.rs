//! The simulated venue over its port, as a client sees it.
#![allow(clippy::unwrap_used, reason = "helpers of tests: a failed set-up fails the test")]
#![cfg(feature = "sim-server")]

mod client;
mod determinism;
mod faults;
mod recorded;
mod requests;
mod streams;
