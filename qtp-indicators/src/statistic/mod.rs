//! Statistics of a window: regression, correlation, order.

pub(crate) mod hurst;
pub(crate) mod pair;
pub(crate) mod rank;
pub(crate) mod regression;
mod sharpe;
pub(crate) mod zscore;

pub use hurst::{Hurst, hurst};
pub use pair::{Beta, Correl, beta, correl};
pub use rank::{PercentRank, Percentile, percentile, percentrank};
pub use regression::{
    Fosc, LinearReg, LinearRegAngle, LinearRegIntercept, LinearRegSlope, Tsf, fosc, linearreg,
    linearreg_angle, linearreg_intercept, linearreg_slope, tsf,
};
pub use sharpe::{expected_best_sharpe, period_sharpe, probabilistic_sharpe};
pub use zscore::{ZScore, zscore};
