//! Hyperliquid.
//!
//! [`sign`] and [`wire`] hold the protocol: what is signed, how it is hashed and how numbers are written. Client and
//! simulated venue share them. [`payload`] turns what the venue says into values of the domain, under the names of the
//! [`Catalogue`]. `Hyperliquid` is the client (feature `hyperliquid`).

mod catalogue;
#[cfg(feature = "hyperliquid")]
mod client;
#[cfg(feature = "hyperliquid")]
mod config;
#[cfg(feature = "hyperliquid")]
mod nonce;
mod order;
mod owner;
pub mod payload;
pub mod sign;
#[cfg(feature = "hyperliquid")]
mod stream;
pub mod wire;

pub use catalogue::{Catalogue, Listing};
#[cfg(feature = "hyperliquid")]
pub use client::Hyperliquid;
#[cfg(feature = "hyperliquid")]
pub use config::HyperliquidConfig;
#[cfg(feature = "hyperliquid")]
pub use nonce::NonceStore;
pub use order::order_action;
pub use owner::Owner;
