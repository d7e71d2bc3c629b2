//! The largest or smallest of a window.

use serde::{Deserialize, Serialize};

use super::{Gate, Node};
use crate::sweep;

/// Which extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// The largest input.
    Max,
    /// The smallest input.
    Min,
}

impl Side {
    /// 1 or -1: an extreme is the maximum of `sign * x`.
    pub(crate) fn sign(self) -> f64 {
        match self {
            Self::Max => 1.0,
            Self::Min => -1.0,
        }
    }
}

/// Below every input times its sign, and a number that JSON can hold.
pub(super) const NOTHING: f64 = f64::MIN;

/// Rolling extreme, by laps of a ring as long as the window: amortised O(1) an update, hardly a branch, no allocation.
///
/// The window is the newest part of one lap and the oldest part of the next. When a lap is complete, each of its cells
/// becomes the extreme of itself and of all after it; the window's extreme is then the larger of one such cell and of the
/// extreme of the lap that goes on (M. van Herk, 1992; J. Gil and M. Werman, 1993).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub(crate) struct Extreme {
    side: Side,
    /// Before `next`: inputs of this lap times sign; from there on: extremes of what is left of the lap before. One
    /// more cell stands for nothing.
    cells: Vec<f64>,
    next: usize,
    /// The extreme of this lap.
    lap: f64,
    /// Whether a lap has been completed.
    full: bool,
}

impl Extreme {
    pub(crate) fn new(side: Side, n: usize) -> Self {
        Self { side, cells: vec![NOTHING; n.max(1) + 1], next: 0, lap: NOTHING, full: false }
    }

    fn n(&self) -> usize {
        self.cells.len() - 1
    }

    /// Turns the inputs of a complete lap into the extremes from each of them on.
    #[inline(never)]
    fn close_lap(&mut self) {
        let mut largest = NOTHING;
        for cell in self.cells.iter_mut().rev() {
            largest = sweep::larger(*cell, largest);
            *cell = largest;
        }
        (self.next, self.lap, self.full) = (0, NOTHING, true);
    }
}

impl Node for Extreme {
    type In = f64;
    type Out = f64;

    #[inline]
    fn next(&mut self, x: f64) -> Option<f64> {
        let x = x * self.side.sign();
        self.lap = sweep::larger(x, self.lap);
        let extreme = sweep::larger(self.lap, self.cells[self.next + 1]);
        self.cells[self.next] = x;
        self.next += 1;
        if self.next == self.n() {
            self.close_lap();
        }
        self.full.then(|| extreme * self.side.sign())
    }

    #[inline]
    fn peek(&self, x: f64) -> Option<f64> {
        let x = sweep::larger(x * self.side.sign(), self.lap);
        let warm = self.full || self.next + 1 == self.n();
        warm.then(|| sweep::larger(x, self.cells[self.next + 1]) * self.side.sign())
    }

    fn warmup(&self) -> usize {
        self.n()
    }

    fn reset(&mut self) {
        self.cells.fill(NOTHING);
        (self.next, self.lap, self.full) = (0, NOTHING, false);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.n(), sweep::one(out));
        gate.vouch(sweep::extremes([self.side], n, [gate.columns()], |at, end, [found]| {
            column[at..end].copy_from_slice(found)
        }));
        sweep::chill(column, n - 1);
    }
}

/// The stored form, not yet known to be consistent.
#[derive(Deserialize)]
struct Raw {
    side: Side,
    cells: Vec<f64>,
    next: usize,
    lap: f64,
    full: bool,
}

impl TryFrom<Raw> for Extreme {
    type Error = &'static str;

    fn try_from(Raw { side, cells, next, lap, full }: Raw) -> Result<Self, Self::Error> {
        if next + 1 >= cells.len() {
            return Err("the next cell of an extreme lies beyond its window");
        }
        Ok(Self { side, cells, next, lap, full })
    }
}
