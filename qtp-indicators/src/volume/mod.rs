//! Indicators that weigh prices by traded volume.

pub(crate) mod vwap;

pub use vwap::{Vwap, VwapAnchor};
