//! Commodity channel index, and the mean deviation that it divides by.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Node, indicator, is_zero},
    registry::{Entry, NUMBER, ParamInfo, REAL, node, over},
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
        let n = self.window.capacity() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (mean, values.fold(0.0, |sum, x| sum + (x - mean).abs()))
    }
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

/// Typical price against its mean, in mean deviations of 0.015.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    deviation: Deviation,
}

impl Channel {
    fn of(&self, typical: f64, (mean, distances): (f64, f64)) -> f64 {
        let above = typical - mean;
        if is_zero(above) || is_zero(distances) {
            return 0.0;
        }
        above / (0.015 * (distances / self.deviation.warmup() as f64))
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
