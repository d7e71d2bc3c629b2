//! Indicators by name: the catalogue, the spec text, and the object that runs any spec.
//!
//! ```
//! use qtp_core::Ohlcv;
//!
//! let mut bands = qtp_indicators::build("bbands(20, 2).upper@4h")?;
//! assert_eq!(bands.columns(), ["bbands(20, 2).upper@4h"]);
//! assert_eq!(bands.spec().timeframe().map(|t| t.seconds()), Some(14_400));
//! let mut out = [0.0];
//! assert!(!bands.update(&Ohlcv::default(), 0, &mut out)); // not warm yet
//! assert!(out[0].is_nan());
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

mod info;
mod kernel;
mod lexer;
mod parse;
mod run;
mod spec;
#[cfg(test)]
mod tests;

pub use info::{IndicatorInfo, OutputInfo, ParamInfo, ParamKind};
pub use run::SpecIndicator;
pub use spec::{Spec, Timeframe};

pub(crate) use info::IndicatorInfo as Entry;
pub(crate) use kernel::{Kernel, Row, candles, fill, series, timed_candles};
pub(crate) use spec::Args;

use crate::{SpecError, average, cipher, momentum, pattern, volatility, volume};

/// Largest number of outputs of one indicator.
pub const MAX_OUTPUTS: usize = 8;

/// One line per indicator file; the order is the catalogue's.
static ENTRIES: &[&[Entry]] = &[
    average::sma::ENTRIES,
    average::ema::ENTRIES,
    average::wma::ENTRIES,
    momentum::rsi::ENTRIES,
    momentum::macd::ENTRIES,
    volatility::true_range::ENTRIES,
    volatility::atr::ENTRIES,
    volatility::stddev::ENTRIES,
    volatility::bollinger::ENTRIES,
    volume::vwap::ENTRIES,
    pattern::single::ENTRIES,
    pattern::pair::ENTRIES,
    pattern::triple::ENTRIES,
    pattern::five::ENTRIES,
    pattern::penetration::ENTRIES,
    pattern::hikkake::ENTRIES,
    cipher::a::ENTRIES,
    cipher::score::ENTRIES,
];

/// Lists every indicator, native names and `talib.` names alike, in a fixed order.
///
/// ```
/// let rsi = qtp_indicators::catalogue().find(|info| info.name == "rsi").unwrap();
/// assert_eq!(rsi.signature(), "rsi(period=14, source=close)");
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static IndicatorInfo> {
    ENTRIES.iter().flat_map(|entries| entries.iter())
}

/// Finds an indicator by its name in lower case, such as `ema` or `talib.ema`.
#[must_use]
pub fn find(name: &str) -> Option<&'static IndicatorInfo> {
    catalogue().find(|info| info.name == name)
}

/// Parses a spec and makes its indicator, ready for the first candle.
///
/// # Errors
///
/// Every [`SpecError`] that [`Spec`] parsing gives.
pub fn build(spec: &str) -> Result<SpecIndicator, SpecError> {
    spec.parse::<Spec>()?.build()
}

/// The known name nearest to `name`, if near enough to be a slip.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len().max(name.len()) / 2).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}
