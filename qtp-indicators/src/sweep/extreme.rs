//! Extremes of sliding windows.

use pulp::{Simd, WithSimd, cast_lossy};

use super::{BLOCK, larger, vectorised};
use crate::{INPUT_LIMIT, node::Side};

/// Calls `emit` with the bounds of each block of windows from `n - 1` on and, for every column, with the extremes of the `n`
/// inputs up to each; whether all inputs are admissible.
pub(crate) fn extremes<const K: usize>(
    sides: [Side; K],
    n: usize,
    columns: [&[f64]; K],
    mut emit: impl FnMut(usize, usize, [&[f64]; K]),
) -> bool {
    let (len, block) = (columns[0].len(), block(n));
    let (mut windows, mut sound) = (sides.map(|side| Windows::new(side, n)), true);
    for at in (0..len).step_by(block) {
        let end = len.min(at + block);
        for (windows, column) in windows.iter_mut().zip(columns) {
            sound &= windows.find(&column[at.saturating_sub(n - 1)..end]);
        }
        let whole = at.max(n - 1);
        if whole < end {
            emit(whole, end, windows.each_ref().map(|windows| &windows.found[..end - whole]));
        }
    }
    sound
}

/// Inputs of a block: so many that the overlap of two blocks is small. What is written of one and what is read of the next
/// should not lie a page apart, where the processor takes one for the other: no multiple of 512.
fn block(n: usize) -> usize {
    (4 * n).clamp(384, 1 << 20)
}

/// Extremes of windows of `n`.
///
/// Windows of up to as many inputs as there are lanes are made of two shorter ones, in registers. Those of `n` are made of up
/// to four windows whose length is a power of four times as long, and these of four shorter ones each: O(log n) vector
/// operations per input, no branch.
#[derive(Debug)]
struct Windows {
    /// 1, or -1 for the smallest.
    sign: f64,
    n: usize,
    narrow: Vec<f64>,
    now: Vec<f64>,
    next: Vec<f64>,
    found: Vec<f64>,
}

impl Windows {
    fn new(side: Side, n: usize) -> Self {
        let [narrow, now, next, found] = Default::default();
        Self { sign: side.sign(), n, narrow, now, next, found }
    }

    /// Leaves the extremes of all whole windows of these inputs in `found`; whether the inputs are admissible.
    fn find(&mut self, span: &[f64]) -> bool {
        pulp::Arch::new().dispatch(Find { windows: self, span })
    }
}

struct Find<'a> {
    windows: &'a mut Windows,
    span: &'a [f64],
}

impl WithSimd for Find<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self { windows: Windows { sign, n, narrow, now, next, found }, span } = self;
        let (sign, n) = (*sign, *n);
        let doublings = S::F64_LANES.min(n).ilog2();
        let padded = room(narrow, span.len().next_multiple_of(S::F64_LANES));
        let sound = match doublings {
            0 => in_registers::<S, 0>(simd, sign, span, padded),
            1 => in_registers::<S, 1>(simd, sign, span, padded),
            2 => in_registers::<S, 2>(simd, sign, span, padded),
            _ => in_registers::<S, 3>(simd, sign, span, padded),
        };
        let whole = (span.len() + 1).saturating_sub(n);
        if whole == 0 {
            return sound;
        }
        // Before the first whole one there are windows of fewer inputs.
        let mut width = 1 << doublings;
        let mut input = &narrow[width - 1..span.len()];
        while 4 * width < n {
            let len = input.len() - 3 * width;
            widest(input, [0, width, 2 * width, 3 * width], 1.0, room(next, len));
            std::mem::swap(now, next);
            (input, width) = (&now[..len], 4 * width);
        }
        let (out, last) = (room(found, whole), n - width);
        match n.div_ceil(width) {
            1 => widest(input, [0], sign, out),
            2 => widest(input, [0, last], sign, out),
            3 => widest(input, [0, width, last], sign, out),
            _ => widest(input, [0, width, 2 * width, last], sign, out),
        }
        sound
    }
}

/// So many numbers, of which nothing is known.
#[inline(always)]
fn room(numbers: &mut Vec<f64>, len: usize) -> &mut [f64] {
    if numbers.len() < len {
        numbers.resize(len, 0.0);
    }
    &mut numbers[..len]
}

/// The largest of `2^D` inputs, at most as many as there are lanes, up to each one, times `sign`; whether all inputs are
/// admissible. `out` has room for whole vectors.
#[inline(always)]
fn in_registers<S: Simd, const D: usize>(simd: S, sign: f64, span: &[f64], out: &mut [f64]) -> bool {
    let (sign, limit) = (simd.splat_f64s(sign), simd.splat_f64s(INPUT_LIMIT));
    let mut near = Near::<S, D>::new(simd);
    let (vectors, rest) = S::as_simd_f64s(span);
    let (slots, _) = S::as_mut_simd_f64s(out);
    // With what fills a last vector up.
    let mut last = [0.0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let last = S::as_simd_f64s(&last).0[0];
    let mut sound = simd.less_than_or_equal_f64s(simd.abs_f64s(last), limit);
    for i in 0..vectors.len() {
        sound = simd.and_m64s(sound, simd.less_than_or_equal_f64s(simd.abs_f64s(vectors[i]), limit));
        slots[i] = near.largest(simd, simd.mul_f64s(vectors[i], sign));
    }
    if !rest.is_empty() {
        slots[vectors.len()] = near.largest(simd, simd.mul_f64s(last, sign));
    }
    simd.first_true_m64s(simd.not_m64s(sound)) == S::F64_LANES
}

/// Windows of 1, 2 and 4 inputs that end in the vector before, rotated by their length, and the lanes that they come into.
struct Near<S: Simd, const D: usize> {
    before: [S::f64s; D],
    masks: [S::m64s; D],
}

impl<S: Simd, const D: usize> Near<S, D> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let lanes: S::f64s = cast_lossy([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let mut masks = [simd.less_than_f64s(lanes, lanes); D];
        for k in 0..D {
            masks[k] = simd.less_than_f64s(lanes, simd.splat_f64s((1_u8 << k).into()));
        }
        Self { before: [simd.splat_f64s(f64::NEG_INFINITY); D], masks }
    }

    /// The largest of the `2^D` inputs up to each one of a vector.
    #[inline(always)]
    fn largest(&mut self, simd: S, mut best: S::f64s) -> S::f64s {
        for k in 0..D {
            let rotated = simd.rotate_right_f64s(best, 1 << k);
            let earlier = simd.select_f64s(self.masks[k], self.before[k], rotated);
            (self.before[k], best) = (rotated, simd.max_f64s(best, earlier));
        }
        best
    }
}

/// The largest input at these distances from each slot, times `sign`.
#[inline(always)]
fn widest<const K: usize>(input: &[f64], distances: [usize; K], sign: f64, out: &mut [f64]) {
    let inputs = distances.map(
        #[inline(always)]
        |distance| &input[distance..distance + out.len()],
    );
    for i in 0..out.len() {
        let mut best = inputs[0][i];
        for k in 1..K {
            best = larger(inputs[k][i], best);
        }
        out[i] = best * sign;
    }
}

/// Which of equal inputs counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    Newest,
    Oldest,
}

/// Extremes of windows of `n`, at least 2, and where they stand, block by block.
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
        // The overlap of two blocks is small.
        let block = (4 * n).clamp(2 * BLOCK, 1 << 20);
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
