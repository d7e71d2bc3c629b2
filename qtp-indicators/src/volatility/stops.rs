//! Trailing stops made of average true ranges: chandelier exit, ATR stop, volatility stop.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::atr::AverageRange;
use crate::{
    SpecError,
    error::{check_deviations, check_period},
    node::{Feed, Lag, Node, Previous, composite, indicator, machine},
    price::middle::Channel,
    registry::{Entry, OutputInfo, ParamInfo, node},
};

/// Average ranges from the extremes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hanging {
    channel: Channel,
    range: AverageRange,
    factor: f64,
}

impl Hanging {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)?;
        let factor = check_deviations("factor", factor)?;
        Ok(Self { channel: Channel::new(n), range: AverageRange::new(n), factor })
    }
}

impl Node for Hanging {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ channel, range } with { factor } (candle: Ohlcv) -> [f64; 2] {
        let (extremes, range) = (channel.feed(candle), range.feed(candle));
        let ((high, low), width) = (extremes?, range? * *factor);
        Some([high - width, low + width])
    });

    fn warmup(&self) -> usize {
        self.range.warmup()
    }
}

/// The bands and the side on which the stop is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bands {
    upper: f64,
    lower: f64,
    rising: bool,
}

/// Two bands that only move towards the price, until it crosses them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trailing {
    range: AverageRange,
    previous: Previous<f64>,
    factor: f64,
    /// Whether the bands start from high and low.
    extremes: bool,
    bands: Option<Bands>,
}

impl Trailing {
    fn new(period: usize, factor: f64, extremes: bool) -> Result<Self, SpecError> {
        let range = AverageRange::new(check_period("period", period, 1)?);
        let factor = check_deviations("factor", factor)?;
        Ok(Self { range, previous: Previous::default(), factor, extremes, bands: None })
    }
}

impl Node for Trailing {
    type In = Ohlcv;
    type Out = [f64; 2];

    machine!({ range, previous } with { factor, extremes } keeps bands (c: Ohlcv) -> [f64; 2] {
        let (range, last) = (range.feed(c), previous.feed(c.close));
        let (width, last) = (range? * *factor, last?);
        let (top, bottom) = if *extremes { (c.high, c.low) } else { (c.close, c.close) };
        let (upper, lower) = (top + width, bottom - width);
        let next = match *bands {
            None => Bands { upper, lower, rising: c.close >= last },
            Some(b) => Bands {
                upper: if upper < b.upper || last > b.upper { upper } else { b.upper },
                lower: if lower > b.lower || last < b.lower { lower } else { b.lower },
                rising: b.rising,
            },
        };
        let rising = c.close > if next.rising { next.lower } else { next.upper };
        *bands = Some(Bands { rising, ..next });
        Some(if rising { [next.lower, 1.0] } else { [next.upper, -1.0] })
    });

    fn warmup(&self) -> usize {
        self.range.warmup()
    }
}

/// The close that went furthest since the last reversal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum Side {
    /// Before the first stop: first, highest and lowest close.
    Open(f64, f64, f64),
    Long(f64),
    Short(f64),
}

/// Average ranges, known at the candle before, from the furthest close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reversing {
    range: AverageRange,
    before: Lag,
    factor: f64,
    state: Option<(Side, usize)>,
}

impl Reversing {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let range = AverageRange::new(check_period("period", period, 2)?);
        Ok(Self { range, before: Lag::new(1), factor: check_deviations("factor", factor)?, state: None })
    }
}

/// The side after `close`, with the number of closes taken into an open one.
fn follow(state: Option<(Side, usize)>, close: f64, period: usize) -> (Side, usize) {
    match state {
        None => (Side::Open(close, close, close), 1),
        Some((Side::Open(first, high, low), seen)) => {
            let (high, low) = (high.max(close), low.min(close));
            if seen + 1 < period {
                (Side::Open(first, high, low), seen + 1)
            } else if close > first {
                (Side::Long(high), period)
            } else {
                (Side::Short(low), period)
            }
        }
        Some((Side::Long(best), seen)) => (Side::Long(best.max(close)), seen),
        Some((Side::Short(best), seen)) => (Side::Short(best.min(close)), seen),
    }
}

impl Node for Reversing {
    type In = Ohlcv;
    type Out = [f64; 3];

    machine!({ range, before } with { factor } keeps state (c: Ohlcv) -> [f64; 3] {
        let period = range.warmup() - 1;
        let range = range.feed(c);
        let width = range.and_then(|range| before.feed(range)).map(|range| range * *factor);
        let next = follow(*state, c.close, period);
        let (side, _) = state.unwrap_or(next);
        *state = Some(next);
        let width = width?;
        // The stop comes from what was known before this candle.
        let (stop, sign, crossed, turned) = match side {
            Side::Long(best) => (best - width, 1.0, c.close < best - width, Side::Short(c.close)),
            Side::Short(best) => (best + width, -1.0, c.close > best + width, Side::Long(c.close)),
            Side::Open(..) => return None,
        };
        if crossed {
            *state = Some((turned, period));
        }
        Some([stop, sign, f64::from(u8::from(crossed))])
    });

    fn warmup(&self) -> usize {
        self.range.warmup() + 1
    }
}

indicator! {
    /// Chandelier exit, `[long, short]`: `factor` average true ranges below the highest high and above the lowest low of
    /// `period` candles (1 to 100,000; C. Le Beau).
    ///
    /// ```
    /// use qtp_core::Ohlcv;
    /// use qtp_indicators::{Indicator, volatility::Chandelier};
    ///
    /// let candle = Ohlcv { open: 10.0, high: 12.0, low: 9.0, close: 11.0, volume: 1.0 };
    /// let mut exit = Chandelier::new(2, 2.0)?;
    /// assert_eq!([candle; 3].map(|c| exit.update(c)), [None, None, Some([6.0, 15.0])]);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Chandelier(period: usize, factor: f64) = Hanging::new => Hanging, Ohlcv => [f64; 2];
    chandelier(crate::Candles<'_>) -> 2
}
indicator! {
    /// ATR trailing stop, `[stop, direction]`: `factor` average true ranges over `period` (1 to 100,000) from the close
    /// or, with `extremes`, from high and low; it turns when the close reaches it. The direction starts with the change
    /// of the first close that has a stop.
    AtrStop(period: usize, factor: f64, extremes: bool) = Trailing::new => Trailing, Ohlcv => [f64; 2];
    atr_stop(crate::Candles<'_>) -> 2
}
indicator! {
    /// Wilder's volatility stop, `[stop, direction, reversed]`: `factor` average true ranges over `period` (2 to 100,000)
    /// from the furthest close since the last reversal, all as known at the candle before; `reversed` is 1 where the
    /// close crosses the stop. The first direction is a guess from the first `period` closes.
    VolatilityStop(period: usize, factor: f64) = Reversing::new => Reversing, Ohlcv => [f64; 3];
    volatility_stop(crate::Candles<'_>) -> 3
}

const STOP: OutputInfo = OutputInfo::new("stop", "price");
const DIRECTION: OutputInfo = OutputInfo::new("direction", "1 or -1");

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "chandelier",
        "Chandelier exit: average true ranges below the highest high and above the lowest low",
        &[ParamInfo::integer("period", 1, 22), ParamInfo::deviations("factor", 3.0)],
        &[OutputInfo::new("long", "price"), OutputInfo::new("short", "price")],
        "period + 1",
        |args| Ok(node(Chandelier::new(args.count(0), args.real(1))?.0.node)),
    ),
    Entry::candles(
        "atr_stop",
        "ATR trailing stop: bands that only move towards the price, until the close reaches them",
        &[
            ParamInfo::integer("period", 1, 21),
            ParamInfo::deviations("factor", 3.0),
            ParamInfo::choice("from", &["close", "high_low"]),
        ],
        &[STOP, DIRECTION],
        "period + 1",
        |args| Ok(node(AtrStop::new(args.count(0), args.real(1), args.count(2) == 1)?.0.node)),
    ),
    Entry::candles(
        "volatility_stop",
        "Wilder's volatility stop: average true ranges from the furthest close since the last reversal",
        &[ParamInfo::integer("period", 2, 7), ParamInfo::deviations("factor", 3.0)],
        &[STOP, DIRECTION, OutputInfo::new("reversed", "0 or 1")],
        "period + 2",
        |args| Ok(node(VolatilityStop::new(args.count(0), args.real(1))?.0.node)),
    ),
];
