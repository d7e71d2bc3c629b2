//! Bands made of highs and lows: acceleration, Donchian, Keltner, and SuperTrend.

use std::hint::select_unpredictable;

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use super::atr::AverageRange;
use crate::{
    SpecError,
    error::{check_deviations, check_period, check_real},
    node::{
        Feed, Gate, Node, Reads, Skip, Smooth, Sum, catch_up, composite, indicator, is_zero, peek_by_copy,
    },
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let [upper, middle, lower] = out else { return };
        let n = self.middle.len();
        let share = 1.0 / n as f64;
        let stretch = |high: f64, low: f64| {
            let (total, stretch) = (high + low, 4.0 * (high - low) / (high + low));
            if is_zero(total) { 0.0 } else { stretch }
        };
        sweep::slide(
            n,
            gate,
            0,
            |at, end, [upper, lower, middle]| {
                let (high, low) = (&c.high[at..end], &c.low[at..end]);
                sweep::map2(high, low, middle, stretch);
                sweep::map2(high, middle, upper, move |high, stretch| high * (1.0 + stretch));
                sweep::map2(low, middle, lower, move |low, stretch| low * (1.0 - stretch));
                middle.copy_from_slice(&c.close[at..end]);
            },
            |at, end, _, [high, low, close]| {
                for (sums, column) in [(high, &mut *upper), (low, &mut *lower), (close, &mut *middle)] {
                    sweep::map(sums, &mut column[at..end], move |sum| sum * share);
                }
            },
        );
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            sweep::chill(column, n - 1);
        }
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let [upper, middle, lower] = out else { return };
        for column in [&mut *upper, &mut *middle, &mut *lower] {
            sweep::chill(column, self.warmup() - 1);
        }
        gate.vouch(self.channel.blocks((input.high, input.low), |at, high, low| {
            upper[at..at + high.len()].copy_from_slice(high);
            lower[at..at + low.len()].copy_from_slice(low);
            sweep::map2(high, low, &mut middle[at..], move |high, low| (high + low) / 2.0);
        }));
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = catch_up(self, gate, out);
        let [upper, middle, lower] = out else { return };
        let (mut average, mut range, factor) = (self.average.scan(), self.range.scan(), self.factor);
        let mut room = [0.0; sweep::BLOCK];
        gate.blocks(from, |at, end| {
            let (room, middle) = (&mut room[..end - at], &mut middle[at..end]);
            sweep::map_candles(sweep::part(input, at, end), middle, move |c| {
                (c.high + c.low + c.close) * (1.0 / 3.0)
            });
            average.replace(middle);
            sweep::true_ranges_from(input, at, room);
            range.replace(room);
            sweep::map2(middle, room, &mut upper[at..end], move |middle, range| middle + range * factor);
            sweep::map2(middle, room, &mut lower[at..end], move |middle, range| middle - range * factor);
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

impl Ratchet {
    /// Goes on over basic bands and closes, the first of which is the one before; writes line and direction.
    ///
    /// Without a branch: which band holds is as hard to foresee as the market.
    fn ratchet(
        self,
        (basic_upper, basic_lower): (&[f64], &[f64]),
        close: &[f64],
        (line, direction): (&mut [f64], &mut [f64]),
    ) -> Self {
        let Self { mut upper, mut lower, mut rising, .. } = self;
        let (last, close) = (&close[..line.len()], &close[1..]);
        for i in 0..line.len() {
            let falls = (basic_upper[i] < upper) | (last[i] > upper);
            let rises = (basic_lower[i] > lower) | (last[i] < lower);
            upper = select_unpredictable(falls, basic_upper[i], upper);
            lower = select_unpredictable(rises, basic_lower[i], lower);
            rising = (rising & (close[i] >= lower)) | (!rising & (close[i] > upper));
            line[i] = select_unpredictable(rising, lower, upper);
            direction[i] = select_unpredictable(rising, 1.0, -1.0);
        }
        Self { upper, lower, rising, close: close[line.len() - 1] }
    }
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let from = catch_up(self, gate, out);
        let [line, direction] = out else { return };
        let (Some(mut state), mut range, factor) = (self.state, self.range.scan(), self.factor) else {
            return;
        };
        let (mut upper, mut lower): (sweep::Room, sweep::Room) = ([0.0; sweep::BLOCK], [0.0; sweep::BLOCK]);
        gate.blocks(from, |at, end| {
            let (upper, lower) = (&mut upper[..end - at], &mut lower[..end - at]);
            let slots = &mut line[at..end];
            sweep::true_ranges_from(c, at, slots);
            range.replace(slots);
            let (high, low) = (&c.high[at..end], &c.low[at..end]);
            sweep::map3((high, low, slots), upper, move |high, low, range| {
                (high + low) / 2.0 + factor * range
            });
            sweep::map3((high, low, slots), lower, move |high, low, range| {
                (high + low) / 2.0 - factor * range
            });
            state = state.ratchet((upper, lower), &c.close[at - 1..end], (slots, &mut direction[at..end]));
        });
        self.state = Some(state);
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
