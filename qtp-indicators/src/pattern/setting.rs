//! What "long", "short", "doji", "near" mean: a candle's size against the mean of the candles before it.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    input::admit,
    sweep::{larger, smaller},
};

/// The four prices of a candle.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl Bar {
    /// Admits the prices of a candle; the volume plays no part.
    #[inline(always)]
    pub(super) fn admit(candle: &Ohlcv) -> Option<Self> {
        Some(Self {
            open: admit(candle.open)?,
            high: admit(candle.high)?,
            low: admit(candle.low)?,
            close: admit(candle.close)?,
        })
    }

    /// Whether it closed at or above its open.
    #[inline(always)]
    #[must_use]
    pub fn white(&self) -> bool {
        self.close >= self.open
    }

    /// Whether it closed below its open.
    #[inline(always)]
    #[must_use]
    pub fn black(&self) -> bool {
        !self.white()
    }

    /// 1 for white, -1 for black.
    #[inline(always)]
    #[must_use]
    pub fn color(&self) -> f64 {
        if self.white() { 1.0 } else { -1.0 }
    }

    /// Height of the real body.
    #[inline(always)]
    #[must_use]
    pub fn body(&self) -> f64 {
        (self.close - self.open).abs()
    }

    /// High less low.
    #[inline(always)]
    #[must_use]
    pub fn range(&self) -> f64 {
        self.high - self.low
    }

    /// Upper end of the real body.
    #[inline(always)]
    #[must_use]
    pub fn top(&self) -> f64 {
        larger(self.close, self.open)
    }

    /// Lower end of the real body.
    #[inline(always)]
    #[must_use]
    pub fn bottom(&self) -> f64 {
        smaller(self.close, self.open)
    }

    /// Length of the upper shadow.
    #[inline(always)]
    #[must_use]
    pub fn upper(&self) -> f64 {
        self.high - self.top()
    }

    /// Length of the lower shadow.
    #[inline(always)]
    #[must_use]
    pub fn lower(&self) -> f64 {
        self.bottom() - self.low
    }

    /// Whether the whole real body lies above that of `earlier`.
    #[inline(always)]
    #[must_use]
    pub fn body_gaps_up(&self, earlier: &Self) -> bool {
        self.bottom() > earlier.top()
    }

    /// Whether the whole real body lies below that of `earlier`.
    #[inline(always)]
    #[must_use]
    pub fn body_gaps_down(&self, earlier: &Self) -> bool {
        self.top() < earlier.bottom()
    }

    /// Whether the real bodies do not meet.
    #[inline(always)]
    #[must_use]
    pub fn body_gaps(&self, earlier: &Self) -> bool {
        self.body_gaps_up(earlier) | self.body_gaps_down(earlier)
    }

    /// Whether the candle with its shadows lies above `earlier`.
    #[inline(always)]
    #[must_use]
    pub fn gaps_up(&self, earlier: &Self) -> bool {
        self.low > earlier.high
    }

    /// Whether the candle with its shadows lies below `earlier`.
    #[inline(always)]
    #[must_use]
    pub fn gaps_down(&self, earlier: &Self) -> bool {
        self.high < earlier.low
    }
}

/// Which length of a candle a [`Setting`] measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The real body.
    Body,
    /// High less low.
    Range,
    /// Mean of the two shadows.
    Shadows,
}

/// A threshold: `FACTOR` times the mean measure of the `PERIOD` candles before the one compared.
///
/// With period 0 the candle is compared with itself.
pub trait Setting {
    /// What is measured.
    const MEASURE: Measure;
    /// How many candles the mean is taken over.
    const PERIOD: usize;
    /// What the mean is multiplied by.
    const FACTOR: f64;
    /// Tells settings apart in a list of averages.
    const ID: u8;

    /// The measure of one candle; for shadows, the sum of both.
    #[inline(always)]
    fn measure(bar: &Bar) -> f64 {
        match Self::MEASURE {
            Measure::Body => bar.body(),
            Measure::Range => bar.range(),
            Measure::Shadows => bar.upper() + bar.lower(),
        }
    }
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $measure:ident, $period:literal, $factor:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Setting for $name {
            const MEASURE: Measure = Measure::$measure;
            const PERIOD: usize = $period;
            const FACTOR: f64 = $factor;
            const ID: u8 = $id;
        }
    )*};
}

// TA-Lib's default candle settings.
settings! {
    /// A body is long above this.
    BodyLong = 0, Body, 10, 1.0;
    /// A body is short below this.
    BodyShort = 1, Body, 10, 1.0;
    /// A body is a doji's up to this.
    BodyDoji = 2, Range, 10, 0.1;
    /// A shadow is long above this.
    ShadowLong = 3, Body, 0, 1.0;
    /// A shadow is very long above this.
    ShadowVeryLong = 4, Body, 0, 2.0;
    /// A shadow is short below this.
    ShadowShort = 5, Shadows, 10, 1.0;
    /// A shadow is very short below this.
    ShadowVeryShort = 6, Range, 10, 0.1;
    /// Prices no farther apart than this are near.
    Near = 7, Range, 5, 0.2;
    /// Prices farther apart than this are far.
    Far = 8, Range, 5, 0.6;
    /// Prices no farther apart than this are equal.
    Equal = 9, Range, 5, 0.05;
}
