//! Wilder's directional movement system.
//!
//! Source: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, in TA-Lib's order of operations.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Candles,
    error::check_period,
    node::{Gate, Lag, Node, catch_up, indicator, is_zero, peek_by_copy, stream_part},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
    volatility::true_range::range_of,
};

/// Movement up, movement down and true range, smoothed by Wilder's running sums.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Movement {
    n: usize,
    previous: Option<Ohlcv>,
    /// Changes taken, counted up to `n`.
    seen: usize,
    plus: f64,
    minus: f64,
    range: f64,
}

impl Movement {
    fn new(n: usize) -> Self {
        Self { n, previous: None, seen: 0, plus: 0.0, minus: 0.0, range: 0.0 }
    }

    fn restart(&mut self) {
        *self = Self::new(self.n);
    }

    /// Takes a candle; returns how many changes are in the sums.
    fn step(&mut self, candle: Ohlcv) -> usize {
        let Some(last) = self.previous.replace(candle) else { return 0 };
        let (up, down) = (candle.high - last.high, last.low - candle.low);
        let plus = if up > 0.0 && up > down { up } else { 0.0 };
        let minus = if down > 0.0 && up < down { down } else { 0.0 };
        let range = range_of(&candle, last.close);
        if self.seen + 1 < self.n {
            self.plus += plus;
            self.minus += minus;
            self.range += range;
        } else {
            let share = 1.0 / self.n as f64;
            self.plus = self.plus - self.plus * share + plus;
            self.minus = self.minus - self.minus * share + minus;
            self.range = self.range - self.range * share + range;
        }
        self.seen = (self.seen + 1).min(self.n);
        self.seen
    }

    /// Movement per range; in percent but for a period of 1, as in TA-Lib.
    fn share(&self, movement: f64) -> f64 {
        let whole = if self.n > 1 { 100.0 } else { 1.0 };
        if self.range > 0.0 { whole * (movement / self.range) } else { 0.0 }
    }

    /// The directional index; `None` where nothing moved.
    fn index(&self) -> Option<f64> {
        let (plus, minus) = (self.share(self.plus), self.share(self.minus));
        let total = plus + minus;
        (!is_zero(total)).then(|| 100.0 * ((minus - plus).abs() / total))
    }
}

/// Running sums of movement up, movement down and range, block by block.
struct Sweep {
    scans: [sweep::Scan; 3],
    sums: [sweep::Room; 3],
}

impl Sweep {
    /// From a state whose sums are full.
    fn new(warm: &Movement) -> Self {
        let scan = |level| sweep::Scan::new(1.0 - 1.0 / warm.n as f64, 1.0, level);
        Self { scans: [scan(warm.plus), scan(warm.minus), scan(warm.range)], sums: [[0.0; sweep::BLOCK]; 3] }
    }

    /// Sums those of movements and range that are wanted, of candles `at..end`.
    fn block(&mut self, c: Candles<'_>, (at, end): (usize, usize), wanted: [bool; 3]) -> [&[f64]; 3] {
        let [plus, minus, range] = self.sums.each_mut().map(|sums| &mut sums[..end - at]);
        let (high, last_high) = (&c.high[at..end], &c.high[at - 1..end - 1]);
        let (low, last_low) = (&c.low[at..end], &c.low[at - 1..end - 1]);
        let movement = move |here: f64, there: f64| if (here > 0.0) & (here > there) { here } else { 0.0 };
        if wanted[0] {
            sweep::map2(high, last_high, plus, move |high, last| high - last);
            sweep::combine2(plus, (low, last_low), move |up, low, last| movement(up, last - low));
            self.scans[0].replace(plus);
        }
        if wanted[1] {
            sweep::map2(last_low, low, minus, move |last, low| last - low);
            sweep::combine2(minus, (high, last_high), move |down, high, last| movement(down, high - last));
            self.scans[1].replace(minus);
        }
        if wanted[2] {
            sweep::true_ranges_from(c, at, range);
            self.scans[2].replace(range);
        }
        [plus, minus, range]
    }

    /// Writes the directional indices of candles `at..end`, NaN where nothing moved; whether there are such.
    fn indices(&mut self, c: Candles<'_>, at: usize, out: &mut [f64]) -> bool {
        let [plus, minus, range] = self.block(c, (at, at + out.len()), [true; 3]);
        sweep::map3((plus, minus, range), out, move |plus, minus, range| {
            // The range cancels, but where it hides the movements.
            let total = plus + minus;
            let index = 100.0 * ((minus - plus).abs() / total);
            if (range > 0.0) & (100.0 * total.abs() >= 1e-14 * range) { index } else { f64::NAN }
        });
        out.iter().fold(false, |any, index| any | index.is_nan())
    }
}

/// Makes the node, the public type and the function of one line of the system.
macro_rules! lines {
    ($($node:ident $name:ident $function:ident $before:expr, $output:expr, $sums:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node(Movement);

        impl Node for $node {
            type In = Ohlcv;
            type Out = f64;

            fn next(&mut self, candle: Ohlcv) -> Option<f64> {
                let output: fn(&Movement) -> f64 = $output;
                (self.0.step(candle) + 1 >= self.warmup()).then(|| output(&self.0))
            }

            peek_by_copy!();

            fn warmup(&self) -> usize {
                (self.0.n + 1 - $before).max(2)
            }

            fn reset(&mut self) {
                self.0.restart();
            }

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                // The sums are full one candle later than a movement's first output.
                let (input, full) = (gate.columns(), (self.0.n + 1).min(gate.len()));
                if !gate.admits(full) {
                    return;
                }
                stream_part(self, 0..full, input, out);
                let (mut sweep, column) = (Sweep::new(&self.0), sweep::one(out));
                let (output, line): (fn(&Movement) -> f64, _) = ($output, self.0);
                gate.blocks(full, |at, end| {
                    let [plus, minus, range] = sweep.block(input, (at, end), $sums);
                    sweep::map3((plus, minus, range), &mut column[at..end], move |plus, minus, range| {
                        output(&Movement { plus, minus, range, ..line })
                    });
                });
            }
        }

        indicator! {
            #[doc = $summary]
            /// `period` is 1 to 100,000; 1 takes each candle by itself.
            $name(period: usize) = |period| Ok($node(Movement::new(check_period("period", period, 1)?)))
                => $node, Ohlcv => f64;
            $function(crate::Candles<'_>) -> one
        }
    )*};
}

lines! {
    PlusMovement PlusDm plus_dm 1, |m| m.plus, [true, false, false], "Smoothed movement up, in price units.";
    MinusMovement MinusDm minus_dm 1, |m| m.minus, [false, true, false], "Smoothed movement down, in price units.";
    PlusIndicator PlusDi plus_di 0, |m| m.share(m.plus), [true, false, true],
        "Movement up per true range, 0 to 100.";
    MinusIndicator MinusDi minus_di 0, |m| m.share(m.minus), [false, true, true],
        "Movement down per true range, 0 to 100.";
}

/// Directional index; repeats its last value where nothing moved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    movement: Movement,
    last: f64,
}

impl Node for Index {
    type In = Ohlcv;
    type Out = f64;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        if self.movement.step(candle) < self.movement.n {
            return None;
        }
        self.last = self.movement.index().unwrap_or(self.last);
        Some(self.last)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        self.movement.n + 1
    }

    fn reset(&mut self) {
        self.movement.restart();
        self.last = 0.0;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = catch_up(self, gate, out);
        let (mut sweep, column) = (Sweep::new(&self.movement), sweep::one(out));
        gate.blocks(from, |at, end| {
            let slots = &mut column[at..end];
            if sweep.indices(input, at, slots) {
                for slot in &mut *slots {
                    self.last = if slot.is_nan() { self.last } else { *slot };
                    *slot = self.last;
                }
            }
            self.last = slots[end - at - 1];
        });
    }
}

/// Directional index smoothed after Wilder.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Average {
    movement: Movement,
    /// Indices taken, counted up to the period.
    seen: usize,
    level: f64,
}

impl Average {
    fn new(n: usize) -> Self {
        Self { movement: Movement::new(n), seen: 0, level: 0.0 }
    }
}

impl Node for Average {
    type In = Ohlcv;
    type Out = f64;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        let n = self.movement.n;
        if self.movement.step(candle) < n {
            return None;
        }
        let index = self.movement.index();
        if self.seen == n {
            // Where nothing moved, the average stays.
            if let Some(index) = index {
                self.level -= (self.level - index) * (1.0 / n as f64);
            }
            return Some(self.level);
        }
        self.seen += 1;
        self.level += index.unwrap_or(0.0);
        if self.seen < n {
            return None;
        }
        self.level /= n as f64;
        Some(self.level)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        2 * self.movement.n
    }

    fn reset(&mut self) {
        *self = Self::new(self.movement.n);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = catch_up(self, gate, out);
        let (mut sweep, column, n) = (Sweep::new(&self.movement), sweep::one(out), self.movement.n as f64);
        let mut scan = sweep::Scan::new((n - 1.0) / n, 1.0 / n, self.level);
        gate.blocks(from, |at, end| {
            let slots = &mut column[at..end];
            if sweep.indices(input, at, slots) {
                let mut level = scan.level();
                for slot in slots {
                    level -= if slot.is_nan() { 0.0 } else { (level - *slot) / n };
                    *slot = level;
                }
                scan.set(level);
            } else {
                scan.replace(slots);
            }
        });
    }
}

/// Mean of the average and of the one a period ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rating {
    average: Average,
    lag: Lag,
}

impl Node for Rating {
    type In = Ohlcv;
    type Out = f64;

    crate::node::composite!({ average, lag } (candle: Ohlcv) -> f64 {
        use crate::node::Feed as _;
        let average = average.feed(candle)?;
        lag.feed(average).map(|old| (average + old) / 2.0)
    });

    fn warmup(&self) -> usize {
        self.average.warmup() + self.lag.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        self.average.batch(gate, out);
        let (lag, column) = (self.lag.warmup() - 1, sweep::one(out));
        // From the end on, so that what is read is still the average.
        for i in (lag..column.len()).rev() {
            column[i] = (column[i] + column[i - lag]) / 2.0;
        }
        sweep::chill(column, self.warmup() - 1);
    }
}

indicator! {
    /// Directional index over `period` changes (2 to 100,000), 0 to 100.
    Dx(period: usize) = |period| {
        Ok(Index { movement: Movement::new(check_period("period", period, 2)?), last: 0.0 })
    } => Index, Ohlcv => f64;
    dx(crate::Candles<'_>) -> one
}
indicator! {
    /// Average directional index over `period` (2 to 100,000), 0 to 100: how strong the trend is, either way.
    Adx(period: usize) = |period| Ok(Average::new(check_period("period", period, 2)?)) => Average, Ohlcv => f64;
    adx(crate::Candles<'_>) -> one
}
indicator! {
    /// Average directional movement rating: mean of [`Adx`] and of its value `period - 1` candles ago.
    Adxr(period: usize) = |period| {
        let n = check_period("period", period, 2)?;
        Ok(Rating { average: Average::new(n), lag: Lag::new(n - 1) })
    } => Rating, Ohlcv => f64;
    adxr(crate::Candles<'_>) -> one
}

const PRICE: &[OutputInfo] = &[OutputInfo::new("real", "price")];
const INDEX: &[OutputInfo] = &[OutputInfo::new("real", "0 to 100")];
const SMOOTHED: &[ParamInfo] = &[ParamInfo::integer("timeperiod", 2, 14)];
const ANY: &[ParamInfo] = &[ParamInfo::integer("timeperiod", 1, 14)];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.plus_dm",
        "TA-Lib PLUS_DM: movement up",
        ANY,
        PRICE,
        "max(timeperiod, 2)",
        |args| Ok(node(PlusDm::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.minus_dm",
        "TA-Lib MINUS_DM: movement down",
        ANY,
        PRICE,
        "max(timeperiod, 2)",
        |args| Ok(node(MinusDm::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.plus_di",
        "TA-Lib PLUS_DI: movement up per range",
        ANY,
        INDEX,
        "timeperiod + 1",
        |args| Ok(node(PlusDi::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.minus_di",
        "TA-Lib MINUS_DI: movement down per range",
        ANY,
        INDEX,
        "timeperiod + 1",
        |args| Ok(node(MinusDi::new(args.count(0))?.0.node)),
    ),
    Entry::candles("talib.dx", "TA-Lib DX: directional index", SMOOTHED, INDEX, "timeperiod + 1", |args| {
        Ok(node(Dx::new(args.count(0))?.0.node))
    }),
    Entry::candles(
        "talib.adx",
        "TA-Lib ADX: average directional index",
        SMOOTHED,
        INDEX,
        "2 * timeperiod",
        |args| Ok(node(Adx::new(args.count(0))?.0.node)),
    ),
    Entry::candles(
        "talib.adxr",
        "TA-Lib ADXR: average directional index rating",
        SMOOTHED,
        INDEX,
        "3 * timeperiod - 1",
        |args| Ok(node(Adxr::new(args.count(0))?.0.node)),
    ),
];
