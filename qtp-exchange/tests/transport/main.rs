//! The transport over raw loopback sockets that do everything a bad network does.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod budget;
mod endpoints;
mod reads;
mod server;
mod socket;
mod submits;
