//! The largest or smallest of a window, with its position.

use serde::{Deserialize, Serialize};

use super::Node;
use crate::sweep;

/// Which extreme, and which position counts when several inputs tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// The largest input.
    Max,
    /// The smallest input.
    Min,
}

impl Side {
    /// 1 or -1: an extreme is the maximum of `sign * x`.
    fn sign(self) -> f64 {
        match self {
            Self::Max => 1.0,
            Self::Min => -1.0,
        }
    }
}

/// Rolling extreme by a monotonic queue, whose front is the first of the largest. Amortised O(1), no allocation.
///
/// The output is the value and the index of the input (counted from the first ever) that holds it. Of equal inputs
/// the last one counts, except that with `first` set the front counts once the one that counted has left the window:
/// this is how TA-Lib's rescan decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub(crate) struct Extreme {
    side: Side,
    first: bool,
    /// Ring of candidates in order of age, as (value times sign, index).
    queue: Vec<(f64, u64)>,
    head: usize,
    len: usize,
    /// Inputs taken.
    count: u64,
    /// The candidate that counts.
    held: (f64, u64),
}

impl Extreme {
    /// Of equal inputs the last one counts.
    pub(crate) fn new(side: Side, n: usize) -> Self {
        let queue = vec![(0.0, 0); n.max(1)];
        Self { side, first: false, queue, head: 0, len: 0, count: 0, held: (0.0, 0) }
    }

    /// TA-Lib's `MAXINDEX` and `MININDEX`.
    pub(crate) fn rescanning(side: Side, n: usize) -> Self {
        Self { first: true, ..Self::new(side, n) }
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    fn slot(&self, k: usize) -> usize {
        let i = self.head + k;
        if i >= self.queue.len() { i - self.queue.len() } else { i }
    }

    fn full(&self, count: u64) -> bool {
        count >= self.queue.len() as u64
    }

    /// The candidate that counts after `(x, index)` came, given the front of the queue without it.
    fn choose(&self, front: Option<(f64, u64)>, x: f64, index: u64) -> (f64, u64) {
        let gone = self.held.1 + self.queue.len() as u64 <= index;
        if self.first && index + 1 > self.queue.len() as u64 && !gone {
            return if x >= self.held.0 { (x, index) } else { self.held };
        }
        match front {
            Some(front) if front.0 > x || (self.first && front.0 == x) => front,
            _ => (x, index),
        }
    }

    fn output(&self, held: (f64, u64)) -> (f64, u64) {
        (held.0 * self.side.sign(), held.1)
    }
}

impl Extreme {
    /// Takes an input; value and index once the window is full.
    pub(crate) fn push(&mut self, x: f64) -> Option<(f64, u64)> {
        let (x, index) = (x * self.side.sign(), self.count);
        if self.len > 0 && self.queue[self.head].1 + self.queue.len() as u64 <= index {
            self.head = self.slot(1);
            self.len -= 1;
        }
        let front = (self.len > 0).then(|| self.queue[self.head]);
        self.held = self.choose(front, x, index);
        while self.len > 0 {
            let back = self.queue[self.slot(self.len - 1)].0;
            if back > x || (self.first && back == x) {
                break;
            }
            self.len -= 1;
        }
        let slot = self.slot(self.len);
        self.queue[slot] = (x, index);
        self.len += 1;
        self.count += 1;
        self.full(self.count).then(|| self.output(self.held))
    }

    /// What `push` would return.
    pub(crate) fn look(&self, x: f64) -> Option<(f64, u64)> {
        let (x, index) = (x * self.side.sign(), self.count);
        let expired = self.len > 0 && self.queue[self.head].1 + self.queue.len() as u64 <= index;
        let next = usize::from(expired);
        let front = (self.len > next).then(|| self.queue[self.slot(next)]);
        self.full(index + 1).then(|| self.output(self.choose(front, x, index)))
    }
}

impl Node for Extreme {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.push(x).map(|(value, _)| value)
    }

    fn peek(&self, x: f64) -> Option<f64> {
        self.look(x).map(|(value, _)| value)
    }

    fn warmup(&self) -> usize {
        self.queue.len()
    }

    fn memory(&self) -> Option<usize> {
        (!self.first).then_some(self.queue.len() - 1)
    }

    fn reset(&mut self) {
        self.queue.fill((0.0, 0));
        (self.head, self.len, self.count, self.held) = (0, 0, 0, (0.0, 0));
    }

    fn batch(&self, input: &[f64], out: &mut [&mut [f64]]) {
        sweep::Extremes::new(self.side, self.queue.len()).column(input, sweep::one(out));
    }
}

/// The stored form, not yet known to be consistent.
#[derive(Deserialize)]
struct Raw {
    side: Side,
    first: bool,
    queue: Vec<(f64, u64)>,
    head: usize,
    len: usize,
    count: u64,
    held: (f64, u64),
}

impl TryFrom<Raw> for Extreme {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let n = raw.queue.len();
        let late = |(_, index): &(f64, u64)| *index > raw.count;
        if raw.head >= n
            || raw.len > n
            || raw.count > u64::MAX / 2
            || raw.queue.iter().any(late)
            || late(&raw.held)
        {
            return Err("queue positions do not fit its capacity");
        }
        let Raw { side, first, queue, head, len, count, held } = raw;
        Ok(Self { side, first, queue, head, len, count, held })
    }
}
