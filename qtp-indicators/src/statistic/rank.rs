//! Order statistics of a window.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::{check_period, check_real},
    node::{Gate, Node, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
    window::Window,
};

/// The value of a given rank. An update moves O(period) numbers in memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quantile {
    window: Window,
    /// The window's values in order.
    sorted: Vec<f64>,
    /// From 0.
    rank: usize,
}

impl Quantile {
    fn new(period: usize, percentile: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 2)?;
        let rank = libm::ceil(check_real("percentile", percentile, 0.0, 100.0)? * n as f64 / 100.0) as usize;
        Ok(Self { window: Window::new(n), sorted: Vec::with_capacity(n), rank: rank.clamp(1, n) - 1 })
    }

    /// Value `k` of the sorted window without its oldest.
    fn retained(&self, k: usize, gone: usize) -> Option<f64> {
        self.sorted.get(if k < gone { k } else { k + 1 }).copied()
    }
}

impl Node for Quantile {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        if self.window.is_full() {
            let oldest = self.window.oldest();
            let gone = self.sorted.partition_point(|v| *v < oldest);
            if gone < self.sorted.len() {
                self.sorted.remove(gone);
            }
        }
        self.sorted.insert(self.sorted.partition_point(|v| *v <= x), x);
        self.window.push(x);
        self.window.is_full().then(|| self.sorted.get(self.rank).copied()).flatten()
    }

    fn peek(&self, x: f64) -> Option<f64> {
        if !self.window.fills() {
            return None;
        }
        let oldest = self.window.oldest();
        let full = self.window.is_full();
        let gone = if full { self.sorted.partition_point(|v| *v < oldest) } else { usize::MAX };
        let below =
            self.rank.checked_sub(1).and_then(|k| self.retained(k, gone)).unwrap_or(f64::NEG_INFINITY);
        let above = self.retained(self.rank, gone).unwrap_or(f64::INFINITY);
        // `x` at this rank unless it lies beyond a neighbour.
        Some(if x > above {
            above
        } else if x < below {
            below
        } else {
            x
        })
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sorted.clear();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let n = self.window.capacity();
        let mut sorted = crate::node::warm_up(self, n, input, out).sorted;
        let column = crate::sweep::one(out);
        let Some(slots) = column.get_mut(n..) else { return };
        for ((slot, x), old) in slots.iter_mut().zip(&input[n..]).zip(input) {
            let (from, to) = (below(&sorted, *old), below(&sorted, *x));
            // What lies between moves by one place into the gap.
            if to > from {
                sorted.copy_within(from + 1..to, from);
                sorted[to - 1] = *x;
            } else {
                sorted.copy_within(to..from, to + 1);
                sorted[to] = *x;
            }
            *slot = sorted[self.rank];
        }
    }
}

/// Longest window in which a place is counted, not searched: that has no branch to mispredict.
const COUNTED: usize = 128;

/// How many of `sorted` lie below `x`.
fn below(sorted: &[f64], x: f64) -> usize {
    if sorted.len() > COUNTED {
        return sorted.partition_point(|v| *v < x);
    }
    let count = |sorted: &[f64]| sorted.iter().fold(0_u64, |sum, v| sum.wrapping_add(u64::from(*v < x)));
    usize::try_from(count(sorted)).unwrap_or(0)
}

/// Share of the inputs before that lie below. An update reads the window: O(period).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rank {
    window: Window,
}

impl Rank {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n) }
    }
}

impl Node for Rank {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let out = self.peek(x);
        self.window.push(x);
        out
    }

    fn peek(&self, x: f64) -> Option<f64> {
        let below = || self.window.cells().iter().filter(|v| **v < x).count();
        self.window.is_full().then(|| below() as f64 / self.window.capacity() as f64 * 100.0)
    }

    fn warmup(&self) -> usize {
        self.window.capacity() + 1
    }

    fn reset(&mut self) {
        self.window.clear();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, column) = (self.window.capacity(), crate::sweep::one(out));
        let count = n as f64;
        crate::sweep::chill(column, n);
        let (blocks, rest) = column[n.min(input.len())..].as_chunks_mut::<SIDE>();
        let done = blocks.len() * SIDE;
        crate::sweep::vectorised(
            #[inline(always)]
            move || {
                for (k, slots) in blocks.iter_mut().enumerate() {
                    rank_side(&input[k * SIDE..], n, slots);
                }
            },
        );
        for (window, slot) in input.windows(n + 1).skip(done).zip(rest) {
            let (x, before) = (window[n], &window[..n]);
            *slot = before.iter().filter(|v| **v < x).count() as f64 / count * 100.0;
        }
    }
}

/// Ranks worked out side by side.
const SIDE: usize = 16;

/// Ranks of the inputs from `n` on among the `n` before each.
#[inline(always)]
fn rank_side(input: &[f64], n: usize, slots: &mut [f64; SIDE]) {
    let mut below = [0.0; SIDE];
    if let Some(inputs) = input[n..].first_chunk::<SIDE>() {
        for before in input[..n + SIDE - 1].array_windows::<SIDE>() {
            for ((below, before), x) in below.iter_mut().zip(before).zip(inputs) {
                *below += if before < x { 1.0 } else { 0.0 };
            }
        }
    }
    *slots = below.map(|below| below / n as f64 * 100.0);
}

indicator! {
    /// Nearest-rank percentile (0 to 100) of the last `period` inputs (2 to 100,000).
    ///
    /// ```
    /// let mut out = [0.0; 3];
    /// qtp_indicators::statistic::percentile(&[3.0, 1.0, 2.0], 3, 50.0, &mut out)?;
    /// assert_eq!(out[2], 2.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Percentile(period: usize, percentile: f64) = Quantile::new => Quantile, f64 => f64;
    percentile(&[f64]) -> one
}
indicator! {
    /// How many of the `period` inputs before (2 to 100,000) lie below this one, in percent.
    PercentRank(period: usize) = |period| Ok(Rank::new(check_period("period", period, 2)?))
        => Rank, f64 => f64;
    percentrank(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.percentile",
        "TA-Lib PERCENTILE: nearest-rank percentile",
        &[ParamInfo::integer("timeperiod", 2, 30), ParamInfo::real("percentile", 0.0, 100.0, 50.0)],
        REAL,
        "timeperiod",
        |args| Ok(over(Percentile::new(args.count(0), args.real(1))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.percentrank",
        "TA-Lib PERCENTRANK: share of the inputs before that lie below",
        &[ParamInfo::integer("timeperiod", 2, 100)],
        &[OutputInfo::new("real", "0 to 100")],
        "timeperiod + 1",
        |args| Ok(over(PercentRank::new(args.count(0))?.0.node, args.source())),
    ),
];
