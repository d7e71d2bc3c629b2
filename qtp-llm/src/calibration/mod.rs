//! How far a conviction can be taken for a probability.

mod engine;
mod isotonic;
mod score;
#[cfg(test)]
mod tests;

pub(crate) use engine::Calibrated;
pub use isotonic::Isotonic;
pub use score::{Bin, Forecast, Reliability};
