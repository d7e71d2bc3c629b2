//! Movement against range: balance of power, vortex, ultimate, vertical-horizontal filter, accumulation.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    input::INPUT_LIMIT,
    node::{
        Extreme, Feed, Gate, Node, Previous, Reads, Side, Sum, composite, indicator, is_zero, peek_by_copy,
    },
    registry::{Entry, NUMBER, OutputInfo, ParamInfo, node, over},
    sweep,
    volatility::true_range::range_of,
};

/// Body per range, 0 in a flat candle; bounded for a body that reaches out of a tiny range.
fn balance(c: &qtp_core::Ohlcv) -> f64 {
    let range = c.high - c.low;
    if range > 0.0 { ((c.close - c.open) / range).clamp(-INPUT_LIMIT, INPUT_LIMIT) } else { 0.0 }
}

/// Body per range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Balance;

impl Node for Balance {
    type In = Ohlcv;
    type Out = f64;

    const READS: Reads = Reads::OHLC;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        Some(balance(&c))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {}

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        gate.map::<Self>(0, sweep::one(out), |candle, _| balance(&candle));
    }
}

/// Movement across candles per true range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crossing {
    previous: Previous<Ohlcv>,
    range: Sum,
    plus: Sum,
    minus: Sum,
}

impl Node for Crossing {
    type In = Ohlcv;
    type Out = [f64; 2];

    composite!({ previous, range, plus, minus } (c: Ohlcv) -> [f64; 2] {
        let last = previous.feed(c)?;
        let range = range.feed(range_of(&c, last.close));
        let (plus, minus) = (plus.feed((c.high - last.low).abs()), minus.feed((c.low - last.high).abs()));
        let (range, plus, minus) = (range?, plus?, minus?);
        Some(if range > 0.0 { [plus / range, minus / range] } else { [0.0, 0.0] })
    });

    fn warmup(&self) -> usize {
        self.range.len() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let [plus, minus] = out else { return };
        let n = self.range.len();
        let mut quiet = sweep::Quiet::new(n);
        sweep::slide(
            n,
            gate,
            1,
            |at, end, [range, up, down]| {
                sweep::true_ranges_from(c, at, range);
                sweep::map2(&c.high[at..end], &c.low[at - 1..], up, move |high, low| (high - low).abs());
                sweep::map2(&c.low[at..end], &c.high[at - 1..], down, move |low, high| (low - high).abs());
            },
            |at, end, [ranges, ..], [range, up, down]| {
                let (plus, minus) = (&mut plus[at..end], &mut minus[at..end]);
                let share = |range: f64| if range > 0.0 { 1.0 / range } else { 0.0 };
                sweep::each(range, share);
                sweep::map2(up, range, plus, move |up, share| up * share);
                sweep::map2(down, range, minus, move |down, share| down * share);
                // Without a move the sum of ranges is rounding alone.
                quiet.mark(ranges, |i| (plus[i], minus[i]) = (0.0, 0.0));
            },
        );
        sweep::chill(plus, n);
        sweep::chill(minus, n);
    }
}

/// Buying pressure and true range over one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pressure {
    buying: Sum,
    range: Sum,
}

impl Pressure {
    fn new(n: usize) -> Self {
        Self { buying: Sum::new(n), range: Sum::new(n) }
    }
}

impl Node for Pressure {
    type In = (f64, f64);
    type Out = f64;

    composite!({ buying, range } (input: (f64, f64)) -> f64 {
        let (buying, range) = (buying.feed(input.0), range.feed(input.1));
        let (buying, range) = (buying?, range?);
        Some(if is_zero(range) { 0.0 } else { buying / range })
    });

    fn warmup(&self) -> usize {
        self.range.len()
    }
}

/// Buying pressure over three windows, the shortest weighing most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ultimate {
    previous: Previous<Ohlcv>,
    short: Pressure,
    middle: Pressure,
    long: Pressure,
}

impl Ultimate {
    fn new(first: usize, second: usize, third: usize) -> Result<Self, SpecError> {
        let mut periods = [check_period("first", first, 1)?, check_period("second", second, 1)?, third];
        check_period("third", third, 1)?;
        periods.sort_unstable();
        let [short, middle, long] = periods.map(Pressure::new);
        Ok(Self { previous: Previous::default(), short, middle, long })
    }
}

impl Node for Ultimate {
    type In = Ohlcv;
    type Out = f64;

    composite!({ previous, short, middle, long } (c: Ohlcv) -> f64 {
        let last = previous.feed(c)?;
        let input = (c.close - c.low.min(last.close), range_of(&c, last.close));
        let (short, middle, long) = (short.feed(input), middle.feed(input), long.feed(input));
        Some(100.0 * ((4.0 * short? + 2.0 * middle? + long?) / 7.0))
    });

    fn warmup(&self) -> usize {
        self.long.warmup() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let column = sweep::one(out);
        let spans = [&self.short, &self.middle, &self.long].map(Node::warmup);
        sweep::slide_spans(
            spans,
            gate,
            1,
            |at, end, [buying, range]| {
                let (close, low, last) = (&c.close[at..end], &c.low[at..end], &c.close[at - 1..]);
                sweep::map3((close, low, last), buying, move |close, low, last| {
                    close - sweep::smaller(low, last)
                });
                sweep::true_ranges_from(c, at, range);
            },
            |at, end, _, [short, middle, long]| {
                let share = |buying: f64, range: f64| {
                    let share = buying / range;
                    if is_zero(range) { 0.0 } else { share }
                };
                let slots = &mut column[at..end];
                sweep::map2(short[0], short[1], slots, move |buying, range| 4.0 * share(buying, range));
                sweep::combine2(slots, (middle[0], middle[1]), move |sum, buying, range| {
                    sum + 2.0 * share(buying, range)
                });
                sweep::combine2(slots, (long[0], long[1]), move |sum, buying, range| {
                    (sum + share(buying, range)) * (100.0 / 7.0)
                });
            },
        );
        sweep::chill(column, self.warmup() - 1);
    }
}

/// Range of a window per path travelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Filter {
    high: Extreme,
    low: Extreme,
    previous: Previous<f64>,
    path: Sum,
}

impl Node for Filter {
    type In = f64;
    type Out = f64;

    composite!({ high, low, previous, path } (x: f64) -> f64 {
        let (high, low) = (high.feed(x), low.feed(x));
        let path = path.feed((x - previous.feed(x)?).abs())?;
        Some(if path > 0.0 { (high? - low?) / path } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.path.len() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let (n, column) = (self.path.len(), sweep::one(out));
        let channel = crate::price::middle::Channel::new(n);
        gate.vouch(channel.blocks((input, input), |at, high, low| {
            sweep::map2(high, low, &mut column[at..], move |high, low| high - low);
        }));
        sweep::slide(
            n,
            gate,
            1,
            |at, end, [path]| {
                sweep::map2(&input[at..end], &input[at - 1..], path, move |x, last| (x - last).abs())
            },
            |at, end, _, [path]| {
                sweep::combine(&mut column[at..end], path, move |range, path| {
                    let share = range / path;
                    if range > 0.0 { share } else { 0.0 }
                });
            },
        );
        sweep::chill(column, n);
    }
}

/// Sum of the closes' distances from the true extremes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Accumulation {
    close: Option<f64>,
    sum: f64,
}

impl Node for Accumulation {
    type In = Ohlcv;
    type Out = f64;

    fn next(&mut self, c: Ohlcv) -> Option<f64> {
        let last = self.close.replace(c.close).unwrap_or(c.close);
        if c.close > last {
            self.sum += c.close - c.low.min(last);
        } else if c.close < last {
            self.sum += c.close - c.high.max(last);
        }
        Some(self.sum)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let c = gate.columns();
        let (mut sum, column) = (sweep::Scan::sum(0.0), sweep::one(out));
        gate.blocks(1, |at, end| {
            let slots = &mut column[at..end];
            let (now, last) = (&c.close[at..end], &c.close[at - 1..]);
            // The far end of the range, stretched to the close before; the close itself where it did not move.
            sweep::map3((&c.low[at..end], now, last), slots, move |low, close, last| {
                if close > last { sweep::smaller(low, last) } else { close }
            });
            sweep::combine3(slots, (&c.high[at..end], now, last), move |far, high, close, last| {
                close - if close < last { sweep::larger(high, last) } else { far }
            });
            sum.replace(slots);
        });
        if let Some(first) = column.first_mut() {
            *first = 0.0;
        }
    }
}

indicator! {
    /// Balance of power: body per range, -1 to 1; 0 where the range is.
    Bop() = || Ok(Balance) => Balance, Ohlcv => f64;
    bop(crate::Candles<'_>) -> one
}
indicator! {
    /// Vortex over `period` candles (1 to 100,000), `[plus, minus]` (E. Botes and D. Siepman, 2010).
    Vortex(period: usize) = |period| {
        let n = check_period("period", period, 1)?;
        let [range, plus, minus] = [n; 3].map(Sum::new);
        Ok(Crossing { previous: Previous::default(), range, plus, minus })
    } => Crossing, Ohlcv => [f64; 2];
    vortex(crate::Candles<'_>) -> 2
}
indicator! {
    /// Ultimate oscillator over three periods (1 to 100,000, in any order), 0 to 100 (L. Williams, 1985).
    UltOsc(first: usize, second: usize, third: usize) = Ultimate::new => Ultimate, Ohlcv => f64;
    ultosc(crate::Candles<'_>) -> one
}
indicator! {
    /// Vertical-horizontal filter over `period` changes (2 to 100,000): range per path.
    Vhf(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        let (high, low) = (Extreme::new(Side::Max, n), Extreme::new(Side::Min, n));
        Ok(Filter { high, low, previous: Previous::default(), path: Sum::new(n) })
    } => Filter, f64 => f64;
    vhf(&[f64]) -> one
}
indicator! {
    /// Williams' accumulation/distribution (without volume, as S. Achelis published it).
    Wad() = || Ok(Accumulation::default()) => Accumulation, Ohlcv => f64;
    wad(crate::Candles<'_>) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.bop",
        "TA-Lib BOP: balance of power",
        &[],
        &[OutputInfo::new("real", "-1 to 1")],
        "1",
        |_| Ok(node(Balance)),
    ),
    Entry::candles(
        "talib.vortex",
        "TA-Lib VORTEX: vortex indicator",
        &[ParamInfo::integer("timeperiod", 1, 14)],
        &[OutputInfo::new("plusvi", "ratio"), OutputInfo::new("minusvi", "ratio")],
        "timeperiod + 1",
        |args| Ok(node(Vortex::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.ultosc",
        "TA-Lib ULTOSC: ultimate oscillator",
        &[
            ParamInfo::integer("timeperiod1", 1, 7),
            ParamInfo::integer("timeperiod2", 1, 14),
            ParamInfo::integer("timeperiod3", 1, 28),
        ],
        &[OutputInfo::new("real", "0 to 100")],
        "the longest period + 1",
        |args| Ok(node(UltOsc::new(args.count(0), args.count(1), args.count(2))?.0.node)),
    ),
    Entry::series(
        "talib.vhf",
        "TA-Lib VHF: vertical-horizontal filter",
        &[ParamInfo::integer("timeperiod", 2, 28)],
        NUMBER,
        "timeperiod + 1",
        |args| Ok(over(Vhf::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::candles(
        "talib.wad",
        "TA-Lib WAD: Williams' accumulation/distribution",
        &[],
        &[OutputInfo::new("real", "price")],
        "1",
        |_| Ok(node(Accumulation::default())),
    ),
];
