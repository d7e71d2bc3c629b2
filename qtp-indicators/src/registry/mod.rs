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

mod alias;
mod info;
mod kernel;
mod lexer;
mod node_kernel;
mod parse;
mod run;
mod spec;
#[cfg(test)]
mod tests;

pub use info::{IndicatorInfo, OutputInfo, ParamInfo, ParamKind};
pub use run::SpecIndicator;
pub use spec::{Spec, Timeframe};

pub(crate) use info::{BANDS, INTEGER, IndicatorInfo as Entry, NUMBER, PERCENT, REAL};
pub(crate) use kernel::{Kernel, Row, State, candles, fill, swept_candles, timed_candles};
pub(crate) use node_kernel::{node, over, pair};
pub(crate) use spec::Args;

use crate::{
    SpecError, average, cipher, cycle, math, momentum, pattern, price, statistic, tradingview, volatility,
    volume,
};

/// Largest number of outputs of one indicator.
pub const MAX_OUTPUTS: usize = 10;

/// One line per indicator file; the order is the catalogue's.
static ENTRIES: &[&[Entry]] = &[
    average::alligator::ENTRIES,
    average::alma::ENTRIES,
    average::dema::ENTRIES,
    average::ema::ENTRIES,
    average::hma::ENTRIES,
    average::kama::ENTRIES,
    average::ma::ENTRIES,
    average::mama::ENTRIES,
    average::mavp::ENTRIES,
    average::mcginley::ENTRIES,
    average::rma::ENTRIES,
    average::sma::ENTRIES,
    average::swma::ENTRIES,
    average::t3::ENTRIES,
    average::trima::ENTRIES,
    average::vidya::ENTRIES,
    average::vwma::ENTRIES,
    average::wma::ENTRIES,
    average::zlema::ENTRIES,
    momentum::apo::ENTRIES,
    momentum::aroon::ENTRIES,
    momentum::cci::ENTRIES,
    momentum::change::ENTRIES,
    momentum::cmou::ENTRIES,
    momentum::connors::ENTRIES,
    momentum::directional::ENTRIES,
    momentum::fisher::ENTRIES,
    momentum::fractal::ENTRIES,
    momentum::kst::ENTRIES,
    momentum::macd::ENTRIES,
    momentum::oscillator::ENTRIES,
    momentum::pmo::ENTRIES,
    momentum::qqe::ENTRIES,
    momentum::range::ENTRIES,
    momentum::rsi::ENTRIES,
    momentum::sequential::ENTRIES,
    momentum::squeeze::ENTRIES,
    momentum::stc::ENTRIES,
    momentum::stoch::ENTRIES,
    momentum::trix::ENTRIES,
    momentum::vigor::ENTRIES,
    volatility::atr::ENTRIES,
    volatility::bands::ENTRIES,
    volatility::bollinger::ENTRIES,
    volatility::channel::ENTRIES,
    volatility::chop::ENTRIES,
    volatility::range::ENTRIES,
    volatility::realised::ENTRIES,
    volatility::sar::ENTRIES,
    volatility::stddev::ENTRIES,
    volatility::stops::ENTRIES,
    volatility::true_range::ENTRIES,
    volatility::ulcer::ENTRIES,
    volume::bands::ENTRIES,
    volume::cumulative::ENTRIES,
    volume::ease::ENTRIES,
    volume::flow::ENTRIES,
    volume::klinger::ENTRIES,
    volume::total::ENTRIES,
    volume::vwap::ENTRIES,
    price::fibonacci::ENTRIES,
    price::heikin_ashi::ENTRIES,
    price::ichimoku::ENTRIES,
    price::middle::ENTRIES,
    price::pivots::ENTRIES,
    price::renko::ENTRIES,
    price::swing::ENTRIES,
    price::transform::ENTRIES,
    price::zigzag::ENTRIES,
    cycle::ht::ENTRIES,
    cycle::sine_wave::ENTRIES,
    statistic::hurst::ENTRIES,
    statistic::pair::ENTRIES,
    statistic::rank::ENTRIES,
    statistic::regression::ENTRIES,
    statistic::zscore::ENTRIES,
    tradingview::average::ENTRIES,
    tradingview::directional::ENTRIES,
    tradingview::range::ENTRIES,
    tradingview::strength::ENTRIES,
    math::extreme::ENTRIES,
    math::operator::ENTRIES,
    math::sum::ENTRIES,
    math::transform::ENTRIES,
    pattern::single::ENTRIES,
    pattern::pair::ENTRIES,
    pattern::triple::ENTRIES,
    pattern::five::ENTRIES,
    pattern::penetration::ENTRIES,
    pattern::hikkake::ENTRIES,
    cipher::a::ENTRIES,
    cipher::entries::ENTRIES,
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
///
/// A TA-Lib function whose bare name no other indicator has is found by that too: `adx` is `talib.adx`.
/// So are some names that other services use: `psar` is `talib.sar`, `keltnerchannels` is `keltner`.
#[must_use]
pub fn find(name: &str) -> Option<&'static IndicatorInfo> {
    let bare = |info: &&IndicatorInfo| info.name.strip_prefix("talib.") == Some(name);
    let named = |name: &str| catalogue().find(|info| info.name == name);
    let alias = || alias::ALIASES.iter().find(|(other, _)| *other == name).and_then(|(_, name)| named(name));
    named(name).or_else(|| catalogue().find(bare)).or_else(alias)
}

/// Parses a spec and makes its indicator, ready for the first candle.
///
/// # Errors
///
/// Every [`SpecError`] that [`Spec`] parsing gives.
pub fn build(spec: &str) -> Result<SpecIndicator, SpecError> {
    spec.parse::<Spec>()?.build()
}
