//! Bands made of highs and lows: acceleration, Donchian, Keltner, and SuperTrend.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::atr::AverageRange;
use crate::{
    SpecError,
    error::{check_deviations, check_period},
    node::{Feed, Node, Smooth, Sum, composite, indicator, is_zero, peek_by_copy},
    price::middle::Channel,
    registry::{BANDS, Entry, OutputInfo, ParamInfo, node},
};

/// Means of the close and of high and low stretched by the relative range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Acceleration {
    upper: Sum,
    middle: Sum,
    lower: Sum,
}

impl Node for Acceleration {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ upper, middle, lower } (c: Ohlcv) -> [f64; 3] {
        let n = middle.len() as f64;
        let total = c.high + c.low;
        let stretch = if is_zero(total) { 0.0 } else { 4.0 * (c.high - c.low) / total };
        let limit = crate::INPUT_LIMIT;
        let upper = upper.feed((c.high * (1.0 + stretch)).clamp(-limit, limit));
        let lower = lower.feed((c.low * (1.0 - stretch)).clamp(-limit, limit));
        let middle = middle.feed(c.close);
        Some([upper? / n, middle? / n, lower? / n])
    });

    fn warmup(&self) -> usize {
        self.middle.len()
    }
}

/// Highest high, lowest low and their middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Donchians {
    channel: Channel,
}

impl Node for Donchians {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ channel } (candle: Ohlcv) -> [f64; 3] {
        channel.feed(candle).map(|(high, low)| [high, (high + low) / 2.0, low])
    });

    fn warmup(&self) -> usize {
        self.channel.warmup()
    }
}

/// Average of the typical price with average ranges either side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keltners {
    average: Smooth,
    range: AverageRange,
    factor: f64,
}

impl Keltners {
    fn new(period: usize, atr_period: usize, factor: f64) -> Result<Self, SpecError> {
        let average = Smooth::ema(check_period("period", period, 2)?);
        let range = AverageRange::new(check_period("atr_period", atr_period, 1)?);
        Ok(Self { average, range, factor: check_deviations("factor", factor)? })
    }
}

impl Node for Keltners {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ average, range } with { factor } (c: Ohlcv) -> [f64; 3] {
        let middle = average.feed((c.high + c.low + c.close) / 3.0);
        let range = range.feed(c);
        let (middle, width) = (middle?, range? * *factor);
        Some([middle + width, middle, middle - width])
    });

    fn warmup(&self) -> usize {
        self.average.period().max(self.range.warmup())
    }
}

/// Bands that ratchet towards the price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Ratchet {
    upper: f64,
    lower: f64,
    rising: bool,
    close: f64,
}

/// The band that the price has not crossed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Super {
    range: AverageRange,
    factor: f64,
    state: Option<Ratchet>,
}

impl Super {
    fn new(period: usize, factor: f64) -> Result<Self, SpecError> {
        let range = AverageRange::new(check_period("period", period, 2)?);
        Ok(Self { range, factor: check_deviations("factor", factor)?, state: None })
    }
}

impl Node for Super {
    type In = Ohlcv;
    type Out = [f64; 2];

    fn next(&mut self, c: Ohlcv) -> Option<[f64; 2]> {
        let width = self.factor * self.range.next(c)?;
        let middle = (c.high + c.low) / 2.0;
        let (basic_upper, basic_lower) = (middle + width, middle - width);
        let state = match self.state {
            None => Ratchet { upper: basic_upper, lower: basic_lower, rising: true, close: c.close },
            Some(last) => {
                let falls = basic_upper < last.upper || last.close > last.upper;
                let rises = basic_lower > last.lower || last.close < last.lower;
                let upper = if falls { basic_upper } else { last.upper };
                let lower = if rises { basic_lower } else { last.lower };
                let rising = if last.rising { c.close >= lower } else { c.close > upper };
                Ratchet { upper, lower, rising, close: c.close }
            }
        };
        self.state = Some(state);
        Some(if state.rising { [state.lower, 1.0] } else { [state.upper, -1.0] })
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.range.warmup()
    }

    fn reset(&mut self) {
        self.range.reset();
        self.state = None;
    }
}

indicator! {
    /// Acceleration bands over `period` candles (2 to 100,000), `[upper, middle, lower]` (P. Headley).
    AccBands(period: usize) = |period| {
        let [upper, middle, lower] = [check_period("period", period, 2)?; 3].map(Sum::new);
        Ok(Acceleration { upper, middle, lower })
    } => Acceleration, Ohlcv => [f64; 3];
    accbands(crate::Candles<'_>) -> 3
}
indicator! {
    /// Donchian channel over `period` candles (2 to 100,000), `[upper, middle, lower]`.
    Donchian(period: usize) = |period| Ok(Donchians { channel: Channel::new(check_period("period", period, 2)?) })
        => Donchians, Ohlcv => [f64; 3];
    donchian(crate::Candles<'_>) -> 3
}
indicator! {
    /// Keltner channel, `[upper, middle, lower]`: exponential average of the typical price (`period`, 2 to 100,000) and
    /// `factor` average true ranges (`atr_period`, 1 to 100,000) either side.
    Keltner(period: usize, atr_period: usize, factor: f64) = Keltners::new => Keltners, Ohlcv => [f64; 3];
    kc(crate::Candles<'_>) -> 3
}
indicator! {
    /// SuperTrend, `[line, direction]`; the direction is 1 or -1 and starts at 1.
    ///
    /// `period` is 2 to 100,000 true ranges, `factor` multiplies their average.
    SuperTrend(period: usize, factor: f64) = Super::new => Super, Ohlcv => [f64; 2];
    supertrend(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.accbands",
        "TA-Lib ACCBANDS: acceleration bands",
        &[ParamInfo::integer("timeperiod", 2, 20)],
        BANDS,
        "timeperiod",
        |args| Ok(node(AccBands::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.donchian",
        "TA-Lib DONCHIAN: Donchian channel",
        &[ParamInfo::integer("timeperiod", 2, 20)],
        BANDS,
        "timeperiod",
        |args| Ok(node(Donchian::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.kc",
        "TA-Lib KC: Keltner channel",
        &[
            ParamInfo::integer("timeperiod", 2, 20),
            ParamInfo::integer("atrperiod", 1, 10),
            ParamInfo::deviations("nbdev", 2.0),
        ],
        BANDS,
        "max(timeperiod, atrperiod + 1)",
        |args| Ok(node(Keltner::new(args.count(0), args.count(1), args.real(2))?.0.node)),
    ),
    Entry::candles(
        "talib.supertrend",
        "TA-Lib SUPERTREND: SuperTrend line and direction",
        &[ParamInfo::integer("timeperiod", 2, 10), ParamInfo::deviations("multiplier", 3.0)],
        &[OutputInfo::new("supertrend", "price"), OutputInfo::new("trend", "1 or -1")],
        "timeperiod + 1",
        |args| Ok(node(SuperTrend::new(args.count(0), args.real(1))?.0.node)),
    ),
];
