//! A seeded market that never existed, for demonstrations and tests without a network.
//!
//! Its venue is `synthetic`, so that nobody takes its results for evidence. Returns have what the real ones have:
//! clusters of volatility, fat tails, jumps, shocks that all coins share, regimes, and volume that follows
//! volatility. They have no drift to live off: trends up and down are equally likely and equally strong, and too weak
//! to be told from noise before they end.
//!
//! Only basic arithmetic and the `libm` crate are used, in a fixed order, so that a seed gives the same bytes on every
//! CPU.

mod aggregate;
mod bits;
mod config;
mod feed;
mod market;
mod model;

pub use config::{SyntheticCoin, SyntheticConfig};
pub use feed::SyntheticFeed;
pub use market::SyntheticMarket;
