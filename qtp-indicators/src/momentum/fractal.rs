//! Bill Williams' fractals.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Node, Reads, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
    window::Window,
};

/// Most neighbours that are compared whole blocks at a time; with more, most pivots fail early.
const PASSES: usize = 16;

/// Highs and lows around the pivot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pivot {
    left: usize,
    right: usize,
    high: Window,
    low: Window,
}

impl Pivot {
    pub(crate) fn new(left: usize, right: usize) -> Result<Self, SpecError> {
        let (left, right) = (check_period("left", left, 1)?, check_period("right", right, 1)?);
        let window = Window::new(left + right + 1);
        Ok(Self { left, right, high: window.clone(), low: window })
    }

    /// Writes 100 where the input `right` ago beats all its neighbours.
    fn mark(&self, input: &[f64], column: &mut [f64], beats: impl Fn(f64, f64) -> bool) {
        let (left, right) = (self.left, self.right);
        let span = left + right;
        column[..span.min(input.len())].fill(0.0);
        if span <= PASSES {
            return self.pass(input, column, beats);
        }
        for (window, slot) in input.windows(left + right + 1).zip(column.iter_mut().skip(left + right)) {
            let pivot = window[left];
            let stands = window[..left].iter().chain(&window[left + 1..]).all(|other| beats(pivot, *other));
            *slot = if stands { 100.0 } else { 0.0 };
        }
    }

    /// `mark` by one pass over a block for each neighbour.
    fn pass(&self, input: &[f64], column: &mut [f64], beats: impl Fn(f64, f64) -> bool) {
        let (left, span) = (self.left, self.left + self.right);
        sweep::blocks(span, input.len(), |at, end| {
            let slots = &mut column[at..end];
            slots.fill(100.0);
            let pivots = &input[at - span + left..];
            for neighbour in (0..=span).filter(|neighbour| *neighbour != left) {
                sweep::combine2(slots, (pivots, &input[at - span + neighbour..]), |slot, pivot, other| {
                    if beats(pivot, other) { slot } else { 0.0 }
                });
            }
        });
    }

    /// Whether the pivot lies strictly above all others.
    fn stands_out(&self, window: &Window, x: f64, sign: f64) -> f64 {
        if !window.fills() {
            return 0.0;
        }
        let (mut pivot, mut others) = (0.0, f64::NEG_INFINITY);
        for (i, x) in window.iter_with(x).enumerate() {
            if i == self.left {
                pivot = x * sign;
            } else {
                others = others.max(x * sign);
            }
        }
        if pivot > others { 100.0 } else { 0.0 }
    }
}

impl Node for Pivot {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    fn next(&mut self, candle: Ohlcv) -> Option<[f64; 2]> {
        let out = self.peek(candle);
        self.high.push(candle.high);
        self.low.push(candle.low);
        out
    }

    fn peek(&self, candle: Ohlcv) -> Option<[f64; 2]> {
        let high = self.stands_out(&self.high, candle.high, 1.0);
        Some([high, self.stands_out(&self.low, candle.low, -1.0)])
    }

    fn warmup(&self) -> usize {
        1
    }

    fn memory(&self) -> Option<usize> {
        Some(self.left + self.right)
    }

    fn reset(&mut self) {
        self.high.clear();
        self.low.clear();
    }

    fn batch(&self, c: crate::Candles<'_>, out: &mut [&mut [f64]]) {
        let [high, low] = out else { return };
        self.mark(c.high, high, |pivot, other| pivot > other);
        self.mark(c.low, low, |pivot, other| pivot < other);
    }
}

indicator! {
    /// `[swing high, swing low]`: 100 on the candle that confirms a pivot `right` candles ago which stands out from all
    /// `left` and `right` neighbours (1 to 100,000), else 0. An update costs O(left + right).
    Fractal(left: usize, right: usize) = Pivot::new => Pivot, Ohlcv => [f64; 2];
    fractal(crate::Candles<'_>) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::candles(
    "talib.fractal",
    "TA-Lib FRACTAL: swing highs and lows, on the candle that confirms them",
    &[ParamInfo::integer("leftbars", 1, 2), ParamInfo::integer("rightbars", 1, 2)],
    &[OutputInfo::new("swinghigh", "0 or 100"), OutputInfo::new("swinglow", "0 or 100")],
    "1",
    |args| Ok(node(Fractal::new(args.count(0), args.count(1))?.0.node)),
)];
