//! Sums over sliding windows.

use super::{BLOCK, REFRESH, Scan, pipe, vectorised};
use crate::node::{Admit, Gate, margin};

/// The sum of the last `n` terms, carried from block to block.
#[derive(Debug)]
struct Rolling {
    n: usize,
    scan: Scan,
    /// Terms taken since the sum was taken afresh.
    age: usize,
}

impl Rolling {
    fn new(n: usize) -> Self {
        Self { n, scan: Scan::sum(0.0), age: usize::MAX }
    }

    /// Writes the sum after each term; `terms` are as many as `out` has slots, and the `n` before them.
    fn write(&mut self, terms: &[f64], out: &mut [f64]) {
        let (old, new) = (&terms[..out.len()], &terms[self.n..]);
        if self.age >= renewal(self.n) {
            self.scan.set(total(&terms[..self.n]));
            self.age = 0;
        }
        self.scan.differences(new, old, out);
        self.age += out.len();
    }
}

/// The sum of all numbers.
pub(crate) fn total(numbers: &[f64]) -> f64 {
    total_of(numbers, |x| x)
}

/// The sum of `f` of all numbers.
pub(crate) fn total_of(numbers: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = numbers.as_chunks::<8>();
    vectorised(
        #[inline(always)]
        move || {
            let mut sums = [0.0; 8];
            for eight in eights {
                for k in 0..8 {
                    sums[k] += f(eight[k]);
                }
            }
            rest.iter().fold(sums.iter().sum(), |sum, x| sum + f(*x))
        },
    )
}

/// Calls `emit` with the sums of the last `n` numbers of a column at each chunk of indices from `n - 1` on.
///
/// The column is checked on the way. `emit` is to be inlined.
pub(crate) fn roll(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &mut [f64])) {
    let input = gate.columns();
    if input.len() < n || !gate.admits(n) {
        return;
    }
    emit(n - 1, n, &mut [total(&input[..n])]);
    let (mut scan, mut sound, mut at) = (Scan::sum(0.0), true, n);
    while at < input.len() {
        scan.set(total(&input[at - n..at]));
        let end = input.len().min(at + renewal(n));
        pipe(
            [&mut scan],
            [0],
            (at, end),
            #[inline(always)]
            |at, end, [changes]| {
                let (new, old) = (&input[at..end], &input[at - n..end - n]);
                let mut least = 0;
                for i in 0..new.len() {
                    least |= margin(new[i]);
                    changes[i] = new[i] - old[i];
                }
                sound &= least >= 0;
            },
            #[inline(always)]
            |at, end, [sums]| emit(at, end, &mut sums[..end - at]),
        );
        at = end;
    }
    gate.vouch(sound);
}

/// Terms after which a sliding sum of `n` is taken afresh.
pub(crate) fn renewal(n: usize) -> usize {
    REFRESH.max(2 * n)
}

/// Calls `fill` for the terms of each block from `first` on, then `emit` with those and their sums over the last `n`.
///
/// Terms are computed once, by loops that become vector code, and kept in a window. The sums before the window is full
/// lack terms. Both functions see as many slots as the block has.
pub(crate) fn slide<I: Admit, const K: usize>(
    n: usize,
    gate: &Gate<'_, I>,
    first: usize,
    fill: impl FnMut(usize, usize, [&mut [f64]; K]),
    mut emit: impl FnMut(usize, usize, [&[f64]; K], [&mut [f64]; K]),
) {
    slide_spans([n], gate, first, fill, |at, end, terms, [sums]| emit(at, end, terms, sums));
}

/// [`slide`] over several windows of the same terms.
pub(crate) fn slide_spans<I: Admit, const K: usize, const W: usize>(
    spans: [usize; W],
    gate: &Gate<'_, I>,
    first: usize,
    mut fill: impl FnMut(usize, usize, [&mut [f64]; K]),
    mut emit: impl FnMut(usize, usize, [&[f64]; K], [[&mut [f64]; K]; W]),
) {
    let longest = spans.into_iter().max().unwrap_or(0);
    // The terms of a block follow those of the longest window, which move to the front when the room is used up.
    let room = longest + longest.next_multiple_of(BLOCK).max(2 * BLOCK);
    let mut terms: [Vec<f64>; K] = std::array::from_fn(|_| vec![0.0; room]);
    let mut sums: [[Rolling; K]; W] = spans.map(|n| std::array::from_fn(|_| Rolling::new(n)));
    let mut rooms = [[[0.0; BLOCK]; K]; W];
    let mut place = longest;
    gate.blocks(first, |at, end| {
        let count = end - at;
        if place + count > room {
            terms.iter_mut().for_each(|column| column.copy_within(place - longest..place, 0));
            place = longest;
        }
        fill(at, end, terms.each_mut().map(|column| &mut column[place..place + count]));
        for ((sums, rooms), n) in sums.iter_mut().zip(&mut rooms).zip(spans) {
            for ((sum, room), terms) in sums.iter_mut().zip(rooms).zip(&terms) {
                sum.write(&terms[place - n..place + count], &mut room[..count]);
            }
        }
        let fresh = terms.each_ref().map(|column| &column[place..place + count]);
        emit(at, end, fresh, rooms.each_mut().map(|rooms| rooms.each_mut().map(|room| &mut room[..count])));
        place += count;
    });
}

/// Finds windows of `n` terms that are all 0, whose sliding sums are rounding alone.
#[derive(Debug)]
pub(crate) struct Quiet {
    n: usize,
    /// Terms since the last that was not 0.
    run: usize,
}

impl Quiet {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, run: 0 }
    }

    /// Takes the terms of a block; calls `hush` with the place of each at which a window of zeros ends.
    pub(crate) fn mark(&mut self, terms: &[f64], mut hush: impl FnMut(usize)) {
        let loud = vectorised(
            #[inline(always)]
            move || terms.iter().fold(true, |loud, x| loud & (*x != 0.0)),
        );
        if loud {
            self.run = 0;
            return;
        }
        for (i, x) in terms.iter().enumerate() {
            self.run = if *x == 0.0 { self.run + 1 } else { 0 };
            if self.run >= self.n {
                hush(i);
            }
        }
    }
}
