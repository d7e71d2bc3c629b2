#![doc = include_str!("../README.md")]

pub mod average;
mod batch;
pub mod cipher;
mod error;
mod extremes;
mod indicator;
mod input;
pub mod momentum;
pub mod pattern;
pub mod profile;
pub mod registry;
pub mod resample;
mod rolling;
pub mod volatility;
pub mod volume;
mod window;

pub use batch::{batch, batch_spec};
pub use error::SpecError;
pub use indicator::Indicator;
pub use input::{INPUT_LIMIT, Source, TimedOhlcv};
pub use registry::{IndicatorInfo, Spec, SpecIndicator, Timeframe, build, catalogue, find};
