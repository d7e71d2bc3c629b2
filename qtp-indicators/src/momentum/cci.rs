//! Commodity channel index, and the mean deviation that it divides by.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Gate, Node, indicator},
    registry::{Entry, NUMBER, ParamInfo, REAL, node, over},
    sweep,
    window::Window,
};

/// Mean of a window and mean distance from it. Both are sums over the window: O(period) per input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deviation {
    window: Window,
}

impl Deviation {
    fn new(n: usize) -> Self {
        Self { window: Window::new(n) }
    }

    fn of(&self, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        spread(values, self.window.capacity())
    }
}

/// Mean of `n` values and the sum of their distances from it.
fn spread(values: impl Iterator<Item = f64> + Clone, n: usize) -> (f64, f64) {
    let mean = values.clone().sum::<f64>() / n as f64;
    (mean, values.fold(0.0, |sum, x| sum + (x - mean).abs()))
}

impl Node for Deviation {
    type In = f64;
    /// Mean, and sum of distances.
    type Out = (f64, f64);

    fn next(&mut self, x: f64) -> Option<(f64, f64)> {
        self.window.push(x);
        self.window.is_full().then(|| self.of(self.window.cells().iter().copied()))
    }

    fn peek(&self, x: f64) -> Option<(f64, f64)> {
        self.window.fills().then(|| self.of(self.window.cells_with(x)))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

/// Windows worked out side by side.
const SIDE: usize = 16;

/// Means and sums of distances of the windows of `n` that end at the inputs from `n - 1` on.
#[inline(always)]
fn spread_side(input: &[f64], n: usize) -> ([f64; SIDE], [f64; SIDE]) {
    let (mut means, mut distances) = ([0.0; SIDE], [0.0; SIDE]);
    let inputs = &input[..n + SIDE - 1];
    for inputs in inputs.array_windows::<SIDE>() {
        for (mean, x) in means.iter_mut().zip(inputs) {
            *mean += x;
        }
    }
    let means = means.map(|sum| sum / n as f64);
    for inputs in inputs.array_windows::<SIDE>() {
        for ((distance, x), mean) in distances.iter_mut().zip(inputs).zip(means) {
            *distance += (x - mean).abs();
        }
    }
    (means, distances)
}

/// Puts `f` of the input, the mean and the sum of distances of every window of `n` into its slot, NaN before.
fn spreads(input: &[f64], n: usize, out: &mut [f64], f: impl Fn(f64, f64, f64) -> f64 + Copy) {
    sweep::chill(out, n - 1);
    let Some(slots) = out.get_mut(n - 1..) else { return };
    let (blocks, rest) = slots.as_chunks_mut::<SIDE>();
    let done = blocks.len() * SIDE;
    sweep::vectorised(
        #[inline(always)]
        move || {
            for (k, slots) in blocks.iter_mut().enumerate() {
                let input = &input[k * SIDE..];
                let (means, distances) = spread_side(input, n);
                for i in 0..SIDE {
                    slots[i] = f(input[n - 1 + i], means[i], distances[i]);
                }
            }
        },
    );
    for (slot, window) in rest.iter_mut().zip(input[done..].windows(n)) {
        let (mean, distances) = spread(window.iter().copied(), n);
        *slot = f(window[n - 1], mean, distances);
    }
}

/// Typical price against its mean, in mean deviations of 0.015.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    deviation: Deviation,
}

/// What a typical price, the mean and the sum of distances of `n` of them make.
#[inline(always)]
fn index(typical: f64, mean: f64, distances: f64, n: f64) -> f64 {
    let (above, distance) = (typical - mean, distances / n);
    let index = above / (0.015 * distance);
    // As TA-Lib has it: what the mean lost to rounding is no distance.
    let least = 1e-14 * mean.abs();
    if (above.abs() <= least) | (distance <= least) { 0.0 } else { index }
}

impl Channel {
    fn of(&self, typical: f64, (mean, distances): (f64, f64)) -> f64 {
        index(typical, mean, distances, self.deviation.warmup() as f64)
    }
}

fn typical(candle: &Ohlcv) -> f64 {
    (candle.high + candle.low + candle.close) / 3.0
}

impl Node for Channel {
    type In = Ohlcv;
    type Out = f64;

    fn next(&mut self, candle: Ohlcv) -> Option<f64> {
        let x = typical(&candle);
        self.deviation.next(x).map(|spread| self.of(x, spread))
    }

    fn peek(&self, candle: Ohlcv) -> Option<f64> {
        let x = typical(&candle);
        self.deviation.peek(x).map(|spread| self.of(x, spread))
    }

    fn warmup(&self) -> usize {
        self.deviation.warmup()
    }

    fn reset(&mut self) {
        self.deviation.reset();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let (n, mut prices) = (self.warmup(), vec![0.0; c.len()]);
        sweep::map3((c.high, c.low, c.close), &mut prices, move |high, low, close| {
            (high + low + close) / 3.0
        });
        let count = n as f64;
        spreads(&prices, n, sweep::one(out), |x, mean, distances| index(x, mean, distances, count));
    }
}

/// Mean distance from the mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeanDeviation {
    deviation: Deviation,
}

impl Node for MeanDeviation {
    type In = f64;
    type Out = f64;

    crate::node::composite!({ deviation } (x: f64) -> f64 {
        use crate::node::Feed as _;
        let n = deviation.warmup() as f64;
        deviation.feed(x).map(|(_, distances)| distances / n)
    });

    fn warmup(&self) -> usize {
        self.deviation.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let count = self.warmup() as f64;
        spreads(input, self.warmup(), sweep::one(out), |_, _, distances| distances / count);
    }
}

indicator! {
    /// Commodity channel index over `period` candles (2 to 100,000; D. Lambert, 1980). An update costs O(period).
    Cci(period: usize) = |period| Ok(Channel { deviation: Deviation::new(check_period("period", period, 2)?) })
        => Channel, Ohlcv => f64;
    cci(crate::Candles<'_>) -> one
}
indicator! {
    /// Mean distance of the last `period` inputs (2 to 100,000) from their mean. An update costs O(period).
    AvgDev(period: usize) = |period| Ok(MeanDeviation { deviation: Deviation::new(check_period("period", period, 2)?) })
        => MeanDeviation, f64 => f64;
    avgdev(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.cci",
        "TA-Lib CCI: commodity channel index",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        NUMBER,
        "timeperiod",
        |args| Ok(node(Cci::new(args.count(0))?.0.node)),
    ),
    Entry::series(
        "talib.avgdev",
        "TA-Lib AVGDEV: mean deviation from the mean",
        &[ParamInfo::integer("timeperiod", 2, 14)],
        REAL,
        "timeperiod",
        |args| Ok(over(AvgDev::new(args.count(0))?.0.node, args.source())),
    ),
];
