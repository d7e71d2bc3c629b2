//! Sources of data that take no orders: [`Yahoo`], [`AlphaVantage`], [`Finazon`] and [`Taapi`].
//!
//! Each is a [`MarketData`](qtp_core::port::MarketData) of candles, which go through [`clean`](crate::clean) before they
//! are handed out, and none streams by itself: [`Polled`](crate::polled::Polled) makes a stream of any. A source lists only what it was told of: an instrument and, where it is another
//! one, the source's own name for it. Keys appear in no error and no `Debug` text, also where a source repeats them.

mod alpha_vantage;
mod finazon;
mod secret;
mod source;
mod taapi;
mod yahoo;

pub use alpha_vantage::{AlphaVantage, AlphaVantageSettings};
pub use finazon::{Finazon, FinazonSettings};
pub use source::Listing;
pub use taapi::{Calculation, Outputs, Taapi, TaapiPlan, TaapiSettings};
pub use yahoo::{Yahoo, YahooSettings};
