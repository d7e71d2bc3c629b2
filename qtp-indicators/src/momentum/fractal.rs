//! Bill Williams' fractals.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Extreme, Feed, Gate, Lag, Node, Previous, Reads, Side, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, node},
    sweep,
};

/// Most neighbours that are compared whole blocks at a time; with more, most pivots fail early.
const PASSES: usize = 16;

/// Whether the input `right` ago lies beyond its neighbours on either side. Amortised O(1) an update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Summit {
    side: Side,
    pivot: Lag,
    /// Of the inputs up to the pivot, and before it.
    until: Extreme,
    before: Previous<f64>,
    after: Extreme,
}

impl Summit {
    fn new(side: Side, left: usize, right: usize) -> Self {
        let (until, after) = (Extreme::new(side, left), Extreme::new(side, right));
        Self { side, pivot: Lag::new(right), until, before: Previous::default(), after }
    }
}

impl Node for Summit {
    type In = f64;
    type Out = f64;

    composite!({ pivot, until, before, after } with { side } (x: f64) -> f64 {
        let (pivot, after) = (pivot.feed(x), after.feed(x));
        let until = pivot.and_then(|pivot| until.feed(pivot));
        let before = until.and_then(|until| before.feed(until));
        let stands = |pivot: f64, before: f64, after: f64| match side {
            Side::Max => pivot > before && pivot > after,
            Side::Min => pivot < before && pivot < after,
        };
        // The neighbours to the left come last.
        let (pivot, before, after) = (pivot?, before?, after?);
        Some(if stands(pivot, before, after) { 100.0 } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.until.warmup() + self.after.warmup() + 1
    }
}

/// Swing highs and swing lows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pivot {
    left: usize,
    right: usize,
    high: Summit,
    low: Summit,
}

impl Pivot {
    pub(crate) fn new(left: usize, right: usize) -> Result<Self, SpecError> {
        let (left, right) = (check_period("left", left, 1)?, check_period("right", right, 1)?);
        let (high, low) = (Summit::new(Side::Max, left, right), Summit::new(Side::Min, left, right));
        Ok(Self { left, right, high, low })
    }

    /// Writes 100 where the input `right` ago beats all its neighbours.
    fn mark(&self, input: &[f64], column: &mut [f64], beats: impl Fn(f64, f64) -> bool + Copy) {
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
    fn pass(&self, input: &[f64], column: &mut [f64], beats: impl Fn(f64, f64) -> bool + Copy) {
        let (left, span) = (self.left, self.left + self.right);
        sweep::blocks(span, input.len(), |at, end| {
            let slots = &mut column[at..end];
            slots.fill(100.0);
            let pivots = &input[at - span + left..];
            for neighbour in (0..=span).filter(|neighbour| *neighbour != left) {
                sweep::combine2(
                    slots,
                    (pivots, &input[at - span + neighbour..]),
                    move |slot, pivot, other| {
                        if beats(pivot, other) { slot } else { 0.0 }
                    },
                );
            }
        });
    }
}

impl Node for Pivot {
    type In = Ohlcv;
    type Out = [f64; 2];

    const READS: Reads = Reads::HL;

    composite!({ high, low } (candle: Ohlcv) -> [f64; 2] {
        let (high, low) = (high.feed(candle.high), low.feed(candle.low));
        Some([high.unwrap_or(0.0), low.unwrap_or(0.0)])
    });

    fn warmup(&self) -> usize {
        1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(c) = gate.all() else { return };
        let [high, low] = out else { return };
        self.mark(c.high, high, |pivot, other| pivot > other);
        self.mark(c.low, low, |pivot, other| pivot < other);
    }
}

indicator! {
    /// `[swing high, swing low]`: 100 on the candle that confirms a pivot `right` candles ago which stands out from all
    /// `left` and `right` neighbours (1 to 100,000), else 0.
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
