//! Hyperliquid.
//!
//! [`sign`] and [`wire`] hold the protocol: what is signed, how it is hashed and how numbers are written. Client and
//! simulated venue share them.

pub mod sign;
pub mod wire;
