//! Candles of a higher timeframe, and candles from trades, on exact numbers.
//!
//! [`CandleResampler`] and [`TradeResampler`] make time candles aligned to UTC (weeks on Monday), to a daily start or to
//! an exchange's sessions; [`EventCandles`] makes tick, volume and dollar candles. What is missing, late or outside the
//! sessions is never dropped in silence: a policy says whether it is an error, filled or skipped, and [`ResampleCounts`]
//! counts what was skipped or filled.

mod candle;
mod event;
mod gather;
mod grid;
mod higher;
mod stream;
mod trade;

pub use candle::CandleResampler;
pub use event::{EventCandle, EventCandles, EventRule};
pub use gather::{GapPolicy, LatePolicy, ResampleCounts, ResamplePolicy, Resampled};
pub use grid::{Alignment, Session};
pub use higher::batch_at;
pub use stream::HigherIndicator;
pub use trade::TradeResampler;
