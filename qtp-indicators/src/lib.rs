#![doc = include_str!("../README.md")]
#![allow(clippy::needless_range_loop, reason = "one index reads several columns, at several distances")]

pub mod average;
mod batch;
pub mod cipher;
pub mod cycle;
mod error;
pub mod expression;
mod indicator;
mod input;
pub mod math;
pub mod momentum;
mod node;
pub mod pattern;
pub mod price;
pub mod profile;
pub mod registry;
pub mod resample;
mod rolling;
mod session;
pub mod statistic;
mod sweep;
pub mod tradingview;
pub mod volatility;
pub mod volume;
mod window;

pub use batch::{batch, batch_spec};
pub use error::SpecError;
pub use indicator::Indicator;
pub use input::{INPUT_LIMIT, Source, TimedOhlcv};
pub use node::Candles;
pub use registry::{IndicatorInfo, Spec, SpecIndicator, Timeframe, build, catalogue, find};
pub use session::Session;
