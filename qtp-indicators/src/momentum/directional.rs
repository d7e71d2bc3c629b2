//! Wilder's directional movement system.
//!
//! Source: J. W. Wilder, *New Concepts in Technical Trading Systems*, 1978, in TA-Lib's order of operations.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Candles,
    error::check_period,
    node::{Lag, Node, indicator, is_zero, peek_by_copy, warm_up},
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

/// Movements and range of one block, and their running sums.
struct Sweep {
    scans: [sweep::Scan; 3],
    moves: [[f64; sweep::BLOCK + 1]; 3],
    /// Sums of movement up, movement down and range.
    sums: [sweep::Room; 3],
}

impl Sweep {
    /// From a state whose sums are full.
    fn new(warm: &Movement) -> Self {
        let scan = |level| sweep::Scan::new(1.0 - 1.0 / warm.n as f64, 1.0, level);
        Self {
            scans: [scan(warm.plus), scan(warm.minus), scan(warm.range)],
            moves: [[0.0; sweep::BLOCK + 1]; 3],
            sums: [[0.0; sweep::BLOCK]; 3],
        }
    }

    /// Sums the movements of candles `at..end`.
    fn block(&mut self, c: Candles<'_>, at: usize, end: usize) {
        let len = end - at;
        let [plus, minus, range] = &mut self.moves;
        let (high, last_high) = (&c.high[at..end], &c.high[at - 1..end - 1]);
        let (low, last_low) = (&c.low[at..end], &c.low[at - 1..end - 1]);
        let (plus_slots, minus_slots) = (&mut plus[1..=len], &mut minus[1..=len]);
        sweep::vectorised(
            #[inline(always)]
            || {
                for i in 0..len {
                    let (up, down) = (high[i] - last_high[i], last_low[i] - low[i]);
                    plus_slots[i] = if up > 0.0 && up > down { up } else { 0.0 };
                    minus_slots[i] = if down > 0.0 && up < down { down } else { 0.0 };
                }
            },
        );
        sweep::true_ranges(sweep::part(c, at - 1, end), &mut range[..=len]);
        for ((scan, moves), sums) in self.scans.iter_mut().zip(&self.moves).zip(&mut self.sums) {
            scan.run(&moves[1..=len], &mut sums[..len]);
        }
    }

    /// Writes the directional indices of the block, NaN where nothing moved.
    fn indices(&self, out: &mut [f64]) {
        let [plus, minus, range] = &self.sums;
        sweep::vectorised(
            #[inline(always)]
            || {
                for (((slot, plus), minus), range) in out.iter_mut().zip(plus).zip(minus).zip(range) {
                    let (plus, minus) = (100.0 * (plus / range), 100.0 * (minus / range));
                    let total = plus + minus;
                    let index = 100.0 * ((minus - plus).abs() / total);
                    // A range of 0 makes both shares NaN, and the comparison false.
                    *slot = if total.abs() >= 1e-14 { index } else { f64::NAN };
                }
            },
        );
    }
}

/// Makes the node, the public type and the function of one line of the system.
macro_rules! lines {
    ($($node:ident $name:ident $function:ident $before:expr, $output:expr, $summary:literal;)*) => {$(
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

            fn batch(&self, input: Candles<'_>, out: &mut [&mut [f64]]) {
                // The sums are full one candle later than a movement's first output.
                let first = self.0.n + 1;
                let warm = warm_up(self, first, input, out);
                let output: fn(&Movement) -> f64 = $output;
                let (mut sweep, column) = (Sweep::new(&warm.0), sweep::one(out));
                let mut line = warm.0;
                sweep::blocks(first, input.len(), |at, end| {
                    sweep.block(input, at, end);
                    let [plus, minus, range] = &sweep.sums;
                    for (i, slot) in column[at..end].iter_mut().enumerate() {
                        (line.plus, line.minus, line.range) = (plus[i], minus[i], range[i]);
                        *slot = output(&line);
                    }
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
    PlusMovement PlusDm plus_dm 1, |m| m.plus, "Smoothed movement up, in price units.";
    MinusMovement MinusDm minus_dm 1, |m| m.minus, "Smoothed movement down, in price units.";
    PlusIndicator PlusDi plus_di 0, |m| m.share(m.plus), "Movement up per true range, 0 to 100.";
    MinusIndicator MinusDi minus_di 0, |m| m.share(m.minus), "Movement down per true range, 0 to 100.";
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

    fn batch(&self, input: Candles<'_>, out: &mut [&mut [f64]]) {
        let first = self.warmup();
        let warm = warm_up(self, first, input, out);
        let (mut sweep, mut last, column) = (Sweep::new(&warm.movement), warm.last, sweep::one(out));
        sweep::blocks(first, input.len(), |at, end| {
            sweep.block(input, at, end);
            sweep.indices(&mut column[at..end]);
            for slot in &mut column[at..end] {
                last = if slot.is_nan() { last } else { *slot };
                *slot = last;
            }
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

    fn batch(&self, input: Candles<'_>, out: &mut [&mut [f64]]) {
        let first = self.warmup();
        let warm = warm_up(self, first, input, out);
        let (mut sweep, mut level, column) = (Sweep::new(&warm.movement), warm.level, sweep::one(out));
        let (n, mut room): (f64, sweep::Room) = (self.movement.n as f64, [0.0; sweep::BLOCK]);
        sweep::blocks(first, input.len(), |at, end| {
            let indices = &mut room[..end - at];
            sweep.block(input, at, end);
            sweep.indices(indices);
            if indices.iter().any(|index| index.is_nan()) {
                for (slot, index) in column[at..end].iter_mut().zip(indices) {
                    level -= if index.is_nan() { 0.0 } else { (level - *index) / n };
                    *slot = level;
                }
            } else {
                sweep::Scan::new((n - 1.0) / n, 1.0 / n, level).run(indices, &mut column[at..end]);
                level = column[end - 1];
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

    fn batch(&self, input: Candles<'_>, out: &mut [&mut [f64]]) {
        self.average.batch(input, out);
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
