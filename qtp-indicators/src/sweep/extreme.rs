//! Extremes of sliding windows.

use super::vectorised;
use crate::node::Side;

/// Extremes of windows of `n`, block by block.
///
/// A window's extreme is that of two windows whose length is a power of two; those are doubled up from single inputs.
/// Every pass is a branch-free loop over a block that stays in the cache: O(log n) vector operations per input.
#[derive(Debug)]
pub(crate) struct Extremes {
    side: Side,
    n: usize,
    now: Vec<f64>,
    next: Vec<f64>,
}

impl Extremes {
    pub(crate) fn new(side: Side, n: usize) -> Self {
        Self { side, n, now: Vec::new(), next: Vec::new() }
    }

    /// Outputs per block that keep the overlap of two blocks small.
    pub(crate) fn block(n: usize) -> usize {
        (4 * n).clamp(512, 1 << 20)
    }

    /// Writes the extremes of the windows that end at `at, at + 1, ..`; `at` is at least `n - 1`.
    pub(crate) fn write(&mut self, input: &[f64], at: usize, out: &mut [f64]) {
        let span = &input[at + 1 - self.n..at + out.len()];
        match self.side {
            Side::Max => vectorised(
                #[inline(always)]
                || self.sweep(span, out, |a, b| if a > b { a } else { b }),
            ),
            Side::Min => vectorised(
                #[inline(always)]
                || self.sweep(span, out, |a, b| if a < b { a } else { b }),
            ),
        }
    }

    /// Writes the extremes of a whole column, NaN until the window is full.
    pub(crate) fn column(&mut self, input: &[f64], out: &mut [f64]) {
        let cold = (self.n - 1).min(out.len());
        out[..cold].fill(f64::NAN);
        let block = Self::block(self.n);
        for (k, slots) in out[cold..].chunks_mut(block).enumerate() {
            self.write(input, cold + k * block, slots);
        }
    }

    #[inline(always)]
    fn sweep(&mut self, span: &[f64], out: &mut [f64], pick: impl Fn(f64, f64) -> f64) {
        self.now.clear();
        self.now.extend_from_slice(span);
        self.next.resize(span.len(), 0.0);
        let mut width = 1;
        while 2 * width <= self.n {
            let len = self.now.len() - width;
            for ((slot, a), b) in self.next[..len].iter_mut().zip(&self.now).zip(&self.now[width..]) {
                *slot = pick(*a, *b);
            }
            self.next.truncate(len);
            std::mem::swap(&mut self.now, &mut self.next);
            self.next.resize(self.now.len(), 0.0);
            width *= 2;
        }
        for ((slot, a), b) in out.iter_mut().zip(&self.now).zip(&self.now[self.n - width..]) {
            *slot = pick(*a, *b);
        }
    }
}

/// Calls `emit` with the index of the extreme of each window of `n` from index `n - 1` on.
///
/// Of equal inputs the newest counts; with `first`, once that has left the window, the oldest.
pub(crate) fn track(side: Side, n: usize, first: bool, input: &[f64], emit: impl FnMut(usize, usize)) {
    match (side, first) {
        (Side::Max, true) => track_by(n, input, (|a, b| a >= b, |a, b| a > b), emit),
        (Side::Max, false) => track_by(n, input, (|a, b| a >= b, |a, b| a >= b), emit),
        (Side::Min, true) => track_by(n, input, (|a, b| a <= b, |a, b| a < b), emit),
        (Side::Min, false) => track_by(n, input, (|a, b| a <= b, |a, b| a <= b), emit),
    }
}

#[inline(always)]
fn track_by(
    n: usize,
    input: &[f64],
    (takes, rescans): (impl Fn(f64, f64) -> bool, impl Fn(f64, f64) -> bool),
    mut emit: impl FnMut(usize, usize),
) {
    let Some(first) = input.first() else { return };
    let (mut place, mut held) = (0, *first);
    for (start, (window, x)) in input.windows(n).zip(input.iter().skip(n - 1)).enumerate() {
        if start > 0 && place >= start {
            if takes(*x, held) {
                (place, held) = (start + n - 1, *x);
            }
        } else {
            (place, held) = (start, window[0]);
            for (i, x) in window.iter().enumerate() {
                if rescans(*x, held) && i > 0 {
                    (place, held) = (start + i, *x);
                }
            }
        }
        emit(start + n - 1, place);
    }
}
