//! Recorded payloads of Binance as domain values.
#![cfg(feature = "binance")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod book;
mod fixtures;
mod hostile;
mod rest;
mod streams;
mod summary;
