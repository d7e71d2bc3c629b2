//! Indicators that weigh prices by traded volume.

pub(crate) mod bands;
pub(crate) mod cumulative;
pub(crate) mod ease;
pub(crate) mod flow;
pub(crate) mod klinger;
pub(crate) mod total;
pub(crate) mod vwap;

pub use bands::{VwapAnchored, VwapBands, VwapRolling, vwap_anchored, vwap_bands, vwap_rolling};
pub use cumulative::{Efi, MarketFi, Nvi, Obv, Pvi, Pvt, Rvol, efi, marketfi, nvi, obv, pvi, pvt, rvol};
pub use ease::{Emv, Vosc, emv, vosc};
pub use flow::{Ad, AdOsc, Cmf, Mfi, ad, adosc, cmf, mfi};
pub use klinger::{Kvo, kvo};
pub use total::{TotalVwap, vwap};
pub use vwap::{Vwap, VwapAnchor};
