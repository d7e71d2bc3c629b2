//! Moving averages: input units in, the same units out.

pub(crate) mod ema;
pub(crate) mod sma;
pub(crate) mod wma;

pub use ema::Ema;
pub use sma::Sma;
pub use wma::Wma;
