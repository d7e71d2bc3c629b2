//! Bands made of highs and lows: acceleration, Donchian, Keltner, and SuperTrend.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::atr::AverageRange;
use crate::{
    SpecError,
    error::{check_deviations, check_period, check_real},
    node::{Feed, Node, Reads, Skip, Smooth, Sum, composite, indicator, is_zero, peek_by_copy},
    price::middle::Channel,
    registry::{BANDS, Entry, OutputInfo, ParamInfo, node},
    sweep,
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

    fn batch(&self, c: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let [upper, middle, lower] = out else { return };
        let n = self.middle.len();
        let count = n as f64;
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            sweep::chill(column, n - 1);
        }
        let terms = |i: usize| {
            let (high, low) = (c.high[i], c.low[i]);
            let total = high + low;
            let stretch = if is_zero(total) { 0.0 } else { 4.0 * (high - low) / total };
            [high * (1.0 + stretch), c.close[i], low * (1.0 - stretch)]
        };
        sweep::roll(n, (0, c.len()), terms, |i, [high, close, low]| {
            (upper[i], middle[i], lower[i]) = (high / count, close / count, low / count);
        });
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

    const READS: Reads = Reads::HL;

    composite!({ channel } (candle: Ohlcv) -> [f64; 3] {
        channel.feed(candle).map(|(high, low)| [high, (high + low) / 2.0, low])
    });

    fn warmup(&self) -> usize {
        self.channel.warmup()
    }

    fn memory(&self) -> Option<usize> {
        Some(self.warmup() - 1)
    }

    fn batch(&self, input: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let [upper, middle, lower] = out else { return };
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            sweep::chill(column, self.warmup() - 1);
        }
        self.channel.blocks(input, |at, high, low| {
            upper[at..at + high.len()].copy_from_slice(high);
            lower[at..at + low.len()].copy_from_slice(low);
            sweep::map2(high, low, &mut middle[at..], |high, low| (high + low) / 2.0);
        });
    }
}

/// Average of the typical price with average ranges either side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Keltners {
    average: Smooth,
    range: AverageRange,
    /// What the one with the shorter warm-up leaves out: both seeds end on the same candle.
    skip_average: Skip<f64>,
    skip_range: Skip<Ohlcv>,
    factor: f64,
}

impl Keltners {
    fn new(period: usize, atr_period: usize, factor: f64) -> Result<Self, SpecError> {
        let average = Smooth::ema(check_period("period", period, 2)?);
        let range = AverageRange::new(check_period("atr_period", atr_period, 1)?);
        let longest = average.period().max(range.warmup());
        let (skip_average, skip_range) =
            (Skip::new(longest - average.period()), Skip::new(longest - range.warmup()));
        Ok(Self { average, range, skip_average, skip_range, factor: check_deviations("factor", factor)? })
    }
}

impl Node for Keltners {
    type In = Ohlcv;
    type Out = [f64; 3];

    composite!({ average, range, skip_average, skip_range } with { factor } (c: Ohlcv) -> [f64; 3] {
        let middle = skip_average.feed((c.high + c.low + c.close) / 3.0).and_then(|x| average.feed(x));
        let range = skip_range.feed(c).and_then(|c| range.feed(c));
        let (middle, width) = (middle?, range? * *factor);
        Some([middle + width, middle, middle - width])
    });

    fn warmup(&self) -> usize {
        self.average.period().max(self.range.warmup())
    }

    fn batch(&self, input: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let warm = crate::node::warm_up(self, self.warmup(), input, out);
        let [upper, middle, lower] = out else { return };
        let (mut average, mut range) = (warm.average.scan(), warm.range.scan());
        let mut room = [0.0; sweep::BLOCK + 1];
        sweep::blocks(self.warmup(), input.len(), |at, end| {
            let ranges = &mut room[..end - at + 1];
            sweep::map_candles(sweep::part(input, at, end), ranges, |c| (c.high + c.low + c.close) / 3.0);
            average.run(&ranges[..end - at], &mut middle[at..end]);
            sweep::true_ranges(sweep::part(input, at - 1, end), ranges);
            range.run(&ranges[1..], &mut lower[at..end]);
            for i in at..end {
                let width = lower[i] * self.factor;
                (upper[i], lower[i]) = (middle[i] + width, middle[i] - width);
            }
        });
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
        Ok(Self {
            range,
            factor: check_real("factor", factor, 0.0, crate::error::MAX_DEVIATIONS)?,
            state: None,
        })
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

    fn cold(column: usize) -> f64 {
        // The direction is a whole number, which TA-Lib leaves at 0.
        if column == 1 { 0.0 } else { f64::NAN }
    }

    fn batch(&self, c: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let warm = crate::node::warm_up(self, self.warmup(), c, out);
        let [line, direction] = out else { return };
        let (Some(state), mut range) = (warm.state, warm.range.scan()) else { return };
        let (mut upper, mut lower, mut rising, mut close) =
            (state.upper, state.lower, state.rising, state.close);
        let mut room = [0.0; sweep::BLOCK + 1];
        sweep::blocks(self.warmup(), c.len(), |at, end| {
            sweep::true_ranges(sweep::part(c, at - 1, end), &mut room[..end - at + 1]);
            range.run(&room[1..end - at + 1], &mut line[at..end]);
            for i in at..end {
                let (width, middle) = (self.factor * line[i], (c.high[i] + c.low[i]) / 2.0);
                let (basic_upper, basic_lower) = (middle + width, middle - width);
                upper = if basic_upper < upper || close > upper { basic_upper } else { upper };
                lower = if basic_lower > lower || close < lower { basic_lower } else { lower };
                close = c.close[i];
                rising = if rising { close >= lower } else { close > upper };
                (line[i], direction[i]) = if rising { (lower, 1.0) } else { (upper, -1.0) };
            }
        });
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
        &[
            ParamInfo::integer("timeperiod", 2, 10),
            ParamInfo::real("multiplier", 0.0, crate::error::MAX_DEVIATIONS, 3.0),
        ],
        &[OutputInfo::new("supertrend", "price"), OutputInfo::new("trend", "1 or -1")],
        "timeperiod + 1",
        |args| Ok(node(SuperTrend::new(args.count(0), args.real(1))?.0.node)),
    ),
];
