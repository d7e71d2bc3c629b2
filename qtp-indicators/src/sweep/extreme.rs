//! Extremes of sliding windows.

use pulp::{Simd, WithSimd, cast_lossy};

use super::{BLOCK, CHUNK, Chunk, vectorised};
use crate::{INPUT_LIMIT, node::Side};

/// Calls `emit` with the extremes of the last `n` inputs of each column, or of as many as there are, chunk by chunk; whether
/// all inputs are admissible. `emit` is to be inlined.
pub(crate) fn extremes<const K: usize>(
    sides: [Side; K],
    n: usize,
    columns: [&[f64]; K],
    emit: impl FnMut(usize, usize, &[Chunk; K]),
) -> bool {
    pulp::Arch::new().dispatch(Extremes { sides, n, columns, emit })
}

struct Extremes<'a, const K: usize, E> {
    sides: [Side; K],
    n: usize,
    columns: [&'a [f64]; K],
    emit: E,
}

impl<const K: usize, E: FnMut(usize, usize, &[Chunk; K])> WithSimd for Extremes<'_, K, E> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self { sides, n, columns, mut emit } = self;
        let len = columns[0].len();
        let mut windows = sides.map(
            #[inline(always)]
            |side| Laps::new(simd, side, n),
        );
        let limit = simd.splat_f64s(INPUT_LIMIT);
        let (mut found, mut sound) = ([[0.0; CHUNK]; K], simd.less_than_f64s(simd.splat_f64s(0.0), limit));
        for at in (0..len).step_by(CHUNK) {
            let end = len.min(at + CHUNK);
            for k in 0..K {
                let mut last = [0.0; CHUNK];
                let input = columns[k][at..end].as_array::<CHUNK>().unwrap_or_else(
                    #[inline(always)]
                    || {
                        last[..end - at].copy_from_slice(&columns[k][at..end]);
                        &last
                    },
                );
                let (input, out) = (S::as_simd_f64s(input).0, S::as_mut_simd_f64s(&mut found[k]).0);
                // In registers while a chunk lasts.
                let Laps { fixed, state, cells } = &mut windows[k];
                let (fixed, mut current) = (*fixed, *state);
                for i in 0..CHUNK / S::F64_LANES {
                    let admitted = simd.less_than_or_equal_f64s(simd.abs_f64s(input[i]), limit);
                    sound = simd.and_m64s(sound, admitted);
                    out[i] = fixed.step(simd, &mut current, cells, input[i]);
                }
                *state = current;
            }
            emit(at, end, &found);
        }
        simd.first_true_m64s(simd.not_m64s(sound)) == S::F64_LANES
    }
}

/// The extreme of a window, a vector of windows at a time: O(1) vector operations whatever its length.
///
/// A window of a power of two of inputs, at most as many as there are lanes, is two shorter ones. The extreme of as many of
/// those as fit into the window is found in every lane as [`Extreme`](crate::node::Extreme) finds it, by laps; two such
/// that overlap make the window.
struct Laps<S: Simd> {
    fixed: Fixed<S>,
    state: State<S>,
    cells: Vec<S::f64s>,
}

/// What follows from side and length.
#[derive(Clone, Copy)]
struct Fixed<S: Simd> {
    /// 1, or -1 for the smallest.
    sign: S::f64s,
    /// How many doublings make the window that the laps are made of.
    doublings: usize,
    /// By how much the window is longer than the laps.
    rest: usize,
    /// The lanes that come from the vector before in each doubling, and at the end.
    masks: [S::m64s; 3],
    last: S::m64s,
}

/// What goes from vector to vector.
#[derive(Clone, Copy)]
struct State<S: Simd> {
    /// Windows of 1, 2 and 4 inputs before, shifted by their length.
    near: [S::f64s; 3],
    next: usize,
    lap: S::f64s,
    /// What was found before, shifted by the rest.
    before: S::f64s,
}

impl<S: Simd> Laps<S> {
    #[inline(always)]
    fn new(simd: S, side: Side, n: usize) -> Self {
        let nothing = simd.splat_f64s(f64::NEG_INFINITY);
        let lanes: S::f64s = cast_lossy([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let first = |count: usize| simd.less_than_f64s(lanes, simd.splat_f64s(count as f64));
        let width = S::F64_LANES.min(1 << n.ilog2());
        // Narrower windows than a vector overlap as they are.
        let laps = if width == S::F64_LANES { n / width } else { 1 };
        let rest = n - laps * width;
        let fixed = Fixed {
            sign: simd.splat_f64s(side.sign()),
            doublings: width.ilog2() as usize,
            rest,
            masks: [first(1), first(2), first(4)],
            last: first(rest),
        };
        let state = State { near: [nothing; 3], next: 0, lap: nothing, before: nothing };
        Self { fixed, state, cells: vec![nothing; laps + 1] }
    }
}

impl<S: Simd> Fixed<S> {
    /// The extremes of the windows that end at the inputs of one vector.
    #[inline(always)]
    fn step(self, simd: S, state: &mut State<S>, cells: &mut [S::f64s], x: S::f64s) -> S::f64s {
        let mut best = simd.mul_f64s(x, self.sign);
        for k in 0..3 {
            if S::F64_LANES > 1 << k && k < self.doublings {
                best = widen(simd, best, 1 << k, self.masks[k], &mut state.near[k]);
            }
        }
        state.lap = simd.max_f64s(state.lap, best);
        let found = simd.max_f64s(state.lap, cells[state.next + 1]);
        cells[state.next] = best;
        state.next += 1;
        if state.next + 1 == cells.len() {
            let mut largest = simd.splat_f64s(f64::NEG_INFINITY);
            (state.next, state.lap) = (0, largest);
            for i in (0..cells.len() - 1).rev() {
                largest = simd.max_f64s(cells[i], largest);
                cells[i] = largest;
            }
        }
        simd.mul_f64s(widen(simd, found, self.rest, self.last, &mut state.before), self.sign)
    }
}

/// The larger of each number and the one `distance` lanes before it, the first lanes by what `before` keeps.
#[inline(always)]
fn widen<S: Simd>(simd: S, x: S::f64s, distance: usize, first: S::m64s, before: &mut S::f64s) -> S::f64s {
    let shifted = simd.rotate_right_f64s(x, distance);
    let earlier = simd.select_f64s(first, *before, shifted);
    *before = shifted;
    simd.max_f64s(x, earlier)
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
