//! TradingView's definitions where they differ from TA-Lib's: `tv.NAME` in a spec.
//!
//! The names, the order of parameters and the formulas are those of Pine's `ta` functions, as its reference manual states
//! them. Outputs differ from the plain names only as far as each page says; once the start is forgotten most agree.
//!
//! ```
//! let close = [10.0, 13.0, 12.0];
//! let (mut plain, mut theirs) = ([0.0; 3], [0.0; 3]);
//! qtp_indicators::average::ema(&close, 3, &mut plain)?;
//! qtp_indicators::tradingview::ema(&close, 3, false, &mut theirs)?;
//! assert!(plain[0].is_nan());
//! assert_eq!(theirs, [10.0, 11.5, 11.75]); // starts from the first input
//! # Ok::<(), qtp_indicators::SpecError>(())
//! ```

pub(crate) mod average;
pub(crate) mod directional;
pub(crate) mod range;
pub(crate) mod strength;

pub use average::{TvEma, TvMacd, ema, macd};
pub use directional::{TvDmi, dmi};
pub use range::{TvAtr, TvKc, TvStdev, TvSupertrend, atr, kc, stdev, supertrend};
pub use strength::{TvCmo, TvRsi, cmo, rsi};
