//! The 61 candlestick patterns of TA-Lib, with its default candle settings and its integers.
//!
//! A pattern is a rule of a few lines over the last candles ([`Bar`]) and the thresholds of TA-Lib's candle settings
//! ([`View::mean`]); [`Candlestick`] runs it candle by candle, [`recognise`] over slices. In a spec they have TA-Lib's
//! names: `talib.cdlengulfing`, `talib.cdlmorningstar(0.3)`.
//!
//! Positive numbers are bullish, negative ones bearish, 0 is no pattern. Most rules look at the candles alone: whether a
//! reversal pattern stands at the end of a trend is for the caller to ask.

mod batch;
mod define;
pub(crate) mod five;
pub(crate) mod hikkake;
pub(crate) mod pair;
pub(crate) mod penetration;
mod run;
mod setting;
pub(crate) mod single;
pub(crate) mod triple;

use qtp_core::Ohlcv;

use crate::Indicator;
use crate::registry::{Kernel, State, swept_candles};

pub use batch::recognise;
pub use five::*;
pub use hikkake::{Hikkake, HikkakeMemory, ModifiedHikkake};
pub use pair::*;
pub use penetration::*;
pub use run::{Averages, Bars, Candlestick, MAX_AVERAGES, Pattern, Sight, Totals, View};
pub use setting::{
    Bar, BodyDoji, BodyLong, BodyShort, Equal, Far, Measure, Near, Setting, ShadowLong, ShadowShort,
    ShadowVeryLong, ShadowVeryShort,
};
pub use single::*;
pub use triple::*;

/// A pattern for the registry; whole columns go through [`recognise`].
pub(crate) fn kernel<P>(pattern: P) -> Box<dyn Kernel>
where
    P: Pattern + Copy + Send,
    Candlestick<P>: Indicator<Ohlcv, Output = f64> + State,
{
    swept_candles(Candlestick::new(pattern), |candlestick, candles, out| {
        let [column] = out else { return };
        let prices = [candles.open, candles.high, candles.low, candles.close];
        if recognise(candlestick.pattern, prices, column).is_err() {
            column.fill(f64::NAN);
        }
    })
}

/// `strength` if the rule holds, else 0.
#[inline(always)]
fn when(holds: bool, strength: f64) -> f64 {
    if holds { strength } else { 0.0 }
}

/// `yes` where the condition holds, else `no`, without a branch.
#[inline(always)]
fn either(condition: bool, yes: bool, no: bool) -> bool {
    (condition & yes) | (!condition & no)
}
