//! Volume-weighted average price.

use serde::{Deserialize, Serialize};

use crate::{
    Indicator, Source,
    input::{TimedOhlcv, admit_candle},
    registry::{Entry, OutputInfo, ParamInfo, timed_candles},
};

/// Nanoseconds of a UTC day.
const DAY: i64 = 86_400_000_000_000;

/// Where a [`Vwap`] starts to sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VwapAnchor {
    /// Afresh with the first candle that opens in another UTC day.
    #[default]
    Session,
    /// Once, with the first candle.
    Cumulative,
}

/// Typical price `(high + low + close) / 3` weighted by volume since the anchor, in price units.
///
/// While nothing has traded since the anchor, the value is the candle's typical price. The sums only grow, so their
/// relative error after N candles stays below N roundings (1e-10 after a million), and a session starts at none.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, TimedOhlcv, volume::{Vwap, VwapAnchor}};
///
/// let at = |open_time, price, volume| {
///     let ohlcv = Ohlcv { open: price, high: price, low: price, close: price, volume };
///     TimedOhlcv { open_time, ohlcv }
/// };
/// let mut vwap = Vwap::new(VwapAnchor::Session);
/// assert_eq!(vwap.update(at(0, 10.0, 1.0)), Some(10.0));
/// assert_eq!(vwap.update(at(3_600_000_000_000, 20.0, 3.0)), Some(17.5));
/// assert_eq!(vwap.update(at(86_400_000_000_000, 30.0, 1.0)), Some(30.0)); // a new day
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Vwap {
    anchor: VwapAnchor,
    /// Days since 1970-01-01 of the last candle; `None` before the first.
    day: Option<i64>,
    value_traded: f64,
    volume: f64,
    typical: f64,
}

impl Vwap {
    /// Makes an average that starts at `anchor`.
    #[must_use]
    pub fn new(anchor: VwapAnchor) -> Self {
        Self { anchor, day: None, value_traded: 0.0, volume: 0.0, typical: 0.0 }
    }

    /// The state after one more candle.
    fn advance(mut self, input: TimedOhlcv) -> Option<Self> {
        let candle = admit_candle(&input.ohlcv)?;
        let day = input.open_time.div_euclid(DAY);
        if self.anchor == VwapAnchor::Session && self.day != Some(day) {
            self = Self::new(self.anchor);
        }
        self.day = Some(day);
        self.typical = Source::Hlc3.read(&candle);
        self.value_traded += self.typical * candle.volume;
        self.volume += candle.volume;
        Some(self)
    }
}

impl Indicator<TimedOhlcv> for Vwap {
    type Output = f64;

    fn update(&mut self, input: TimedOhlcv) -> Option<f64> {
        *self = self.advance(input)?;
        self.value()
    }

    fn peek(&self, input: TimedOhlcv) -> Option<f64> {
        self.advance(input)?.value()
    }

    fn value(&self) -> Option<f64> {
        self.day?;
        // A volume so small that its reciprocal overflows is as good as none.
        let average = self.value_traded / self.volume;
        Some(if average.is_finite() { average } else { self.typical })
    }

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::new(self.anchor);
    }
}

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    name: "vwap",
    summary: "Volume-weighted average of the typical price since the start of the UTC day, or of the series",
    params: &[ParamInfo::choice("anchor", &["session", "cumulative"])],
    outputs: &[OutputInfo::new("vwap", "price")],
    sourced: false,
    warmup: "1",
    make: |args| {
        let anchor = if args.count(0) == 0 { VwapAnchor::Session } else { VwapAnchor::Cumulative };
        Ok(timed_candles(Vwap::new(anchor)))
    },
}];
