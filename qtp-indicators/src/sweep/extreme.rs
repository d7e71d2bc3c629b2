//! Extremes of sliding windows.

use super::{BLOCK, larger, smaller, vectorised};
use crate::node::{Gate, Side};

/// Extremes of windows of `n`, block by block.
///
/// A window's extreme is that of up to four windows whose length is a power of four; those are made of four shorter ones,
/// down to single inputs. Every pass is a branch-free loop over a block that stays in the cache: O(log n) vector
/// operations per input.
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
        (4 * n).clamp(2 * BLOCK, 1 << 20)
    }

    /// Writes the extremes of the windows that end at `at, at + 1, ..`; `at` is at least `n - 1`.
    pub(crate) fn write(&mut self, input: &[f64], at: usize, out: &mut [f64]) {
        let span = &input[at + 1 - self.n..at + out.len()];
        match self.side {
            Side::Max => vectorised(
                #[inline(always)]
                move || self.sweep(span, out, larger),
            ),
            Side::Min => vectorised(
                #[inline(always)]
                move || self.sweep(span, out, smaller),
            ),
        }
    }

    /// Writes the extremes of a whole column, NaN until the window is full.
    pub(crate) fn column(&mut self, gate: &Gate<'_, f64>, out: &mut [f64]) {
        let cold = (self.n - 1).min(out.len());
        out[..cold].fill(f64::NAN);
        let block = Self::block(self.n);
        for (k, slots) in out[cold..].chunks_mut(block).enumerate() {
            let at = cold + k * block;
            if !gate.admits(at + slots.len()) {
                return;
            }
            self.write(gate.columns(), at, slots);
        }
    }

    #[inline(always)]
    fn sweep(&mut self, span: &[f64], out: &mut [f64], pick: impl Fn(f64, f64) -> f64) {
        let Self { n, now, next, .. } = self;
        let rest = |width: usize| *n - width;
        let mut width = 1;
        let mut input = span;
        while 4 * width < *n {
            let len = input.len() - 3 * width;
            next.resize(len, 0.0);
            widen(input, [0, width, 2 * width, 3 * width], &mut next[..len], &pick);
            std::mem::swap(now, next);
            (input, width) = (&now[..len], 4 * width);
        }
        match n.div_ceil(width) {
            0..=2 => widen(input, [0, rest(width)], out, &pick),
            3 => widen(input, [0, width, rest(width)], out, &pick),
            _ => widen(input, [0, width, 2 * width, rest(width)], out, &pick),
        }
    }
}

/// The extreme of the inputs at these distances from each slot.
#[inline(always)]
fn widen<const K: usize>(
    input: &[f64],
    distances: [usize; K],
    out: &mut [f64],
    pick: &impl Fn(f64, f64) -> f64,
) {
    let inputs = distances.map(|distance| &input[distance..distance + out.len()]);
    for (i, slot) in out.iter_mut().enumerate() {
        *slot = inputs[1..].iter().fold(inputs[0][i], |best, input| pick(best, input[i]));
    }
}

/// Which of equal inputs counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    Newest,
    Oldest,
}

/// Extremes of windows of `n`, at least 2, and where they stand, block by block as in [`Extremes`].
#[derive(Debug)]
pub(crate) struct Places {
    n: usize,
    /// 0, 1, 2, ..
    steps: Vec<f64>,
    now: [Vec<f64>; 2],
    next: [Vec<f64>; 2],
}

impl Places {
    /// Calls `emit` for each block of windows from `n - 1` on: with the index of the first window's oldest input, the
    /// extremes, and their places counted from that input.
    pub(crate) fn each(
        side: Side,
        tie: Tie,
        n: usize,
        input: &[f64],
        mut emit: impl FnMut(usize, &[f64], &[f64]),
    ) {
        let block = Extremes::block(n);
        let steps = (0..block + n).map(|i| i as f64).collect();
        let mut places = Self { n, steps, now: Default::default(), next: Default::default() };
        for start in (0..(input.len() + 1).saturating_sub(n)).step_by(block) {
            let span = &input[start..input.len().min(start + block + n - 1)];
            match (side, tie) {
                (Side::Max, Tie::Newest) => places.find(span, |newer, older| newer >= older),
                (Side::Max, Tie::Oldest) => places.find(span, |newer, older| newer > older),
                (Side::Min, Tie::Newest) => places.find(span, |newer, older| newer <= older),
                (Side::Min, Tie::Oldest) => places.find(span, |newer, older| newer < older),
            }
            emit(start, &places.now[0], &places.now[1]);
        }
    }

    fn find(&mut self, span: &[f64], beats: impl Fn(f64, f64) -> bool) {
        vectorised(
            #[inline(always)]
            move || self.sweep(span, beats),
        );
    }

    /// Leaves extremes and places in `now`.
    #[inline(always)]
    fn sweep(&mut self, span: &[f64], beats: impl Fn(f64, f64) -> bool) {
        let Self { n, steps, now, next } = self;
        later([span, &steps[..span.len()]], 1, now, &beats);
        let mut width = 2;
        while width < *n {
            // The last step reaches over what the widths so far leave of the window.
            let step = width.min(*n - width);
            later([&now[0], &now[1]], step, next, &beats);
            std::mem::swap(now, next);
            width += step;
        }
    }
}

/// Of each input and the one `step` later, the one that counts, with its place.
#[inline(always)]
fn later(
    [values, places]: [&[f64]; 2],
    step: usize,
    [out, at]: &mut [Vec<f64>; 2],
    beats: &impl Fn(f64, f64) -> bool,
) {
    let len = values.len() - step;
    out.resize(len, 0.0);
    at.resize(len, 0.0);
    let (older, newer) = (&values[..len], &values[step..step + len]);
    let (older_at, newer_at) = (&places[..len], &places[step..step + len]);
    let (out, at) = (&mut out[..len], &mut at[..len]);
    for i in 0..len {
        let newest = beats(newer[i], older[i]);
        out[i] = choose(newest, newer[i], older[i]);
        at[i] = choose(newest, newer_at[i], older_at[i]);
    }
}

/// `yes` where the condition holds, else `no`, by their bits: an `if` may become a branch that is mispredicted, and of
/// two of them on one condition no vector code is made.
#[inline(always)]
pub(crate) fn choose(condition: bool, yes: f64, no: f64) -> f64 {
    let mask = u64::from(condition).wrapping_neg();
    f64::from_bits(no.to_bits() ^ ((no.to_bits() ^ yes.to_bits()) & mask))
}
