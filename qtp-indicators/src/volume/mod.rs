//! Indicators that weigh prices by traded volume.

pub(crate) mod cumulative;
pub(crate) mod flow;
pub(crate) mod total;
pub(crate) mod vwap;

pub use cumulative::{Efi, MarketFi, Nvi, Obv, Pvi, Pvt, Rvol, efi, marketfi, nvi, obv, pvi, pvt, rvol};
pub use flow::{Ad, AdOsc, Cmf, Mfi, ad, adosc, cmf, mfi};
pub use total::{TotalVwap, vwap};
pub use vwap::{Vwap, VwapAnchor};
