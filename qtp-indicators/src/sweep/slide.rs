//! Sums over sliding windows of terms that cost more than a load.

use super::{BLOCK, REFRESH, Room, blocks, vectorised};

/// Calls `fill` for the terms of each block from `first` to `len`, then `emit` with their sums over the last `n`.
///
/// Terms are computed once, by loops that become vector code, and kept in a window. The sums before the window is full
/// lack terms. Both functions see rooms of which the first `end - at` slots count.
pub(crate) fn slide<const K: usize>(
    n: usize,
    (first, len): (usize, usize),
    mut fill: impl FnMut(usize, usize, &mut [Room; K]),
    mut emit: impl FnMut(usize, usize, &[Room; K]),
) {
    let mut windows: [History; K] = std::array::from_fn(|_| History::new(n));
    let mut rooms = [[0.0; BLOCK]; K];
    blocks(first, len, |at, end| {
        rooms.iter_mut().for_each(|room| room[end - at..].fill(0.0));
        fill(at, end, &mut rooms);
        for (window, room) in windows.iter_mut().zip(&mut rooms) {
            window.take(room);
        }
        emit(at, end, &rooms);
    });
}

/// [`slide`] over several windows of the same terms.
pub(crate) fn slide_spans<const K: usize, const W: usize>(
    spans: [usize; W],
    (first, len): (usize, usize),
    mut fill: impl FnMut(usize, usize, &mut [Room; K]),
    mut emit: impl FnMut(usize, usize, &[[Room; K]; W]),
) {
    let mut windows: [[History; K]; W] = spans.map(|n| std::array::from_fn(|_| History::new(n)));
    let mut terms = [[0.0; BLOCK]; K];
    let mut rooms = [terms; W];
    blocks(first, len, |at, end| {
        terms.iter_mut().for_each(|room| room[end - at..].fill(0.0));
        fill(at, end, &mut terms);
        for (windows, rooms) in windows.iter_mut().zip(&mut rooms) {
            *rooms = terms;
            for (window, room) in windows.iter_mut().zip(rooms) {
                window.take(room);
            }
        }
        emit(at, end, &rooms);
    });
}

/// The last terms of one sum.
#[derive(Debug)]
struct History {
    n: usize,
    /// Terms before `place + n` are known; those from `place` on count.
    terms: Vec<f64>,
    place: usize,
    sum: f64,
    /// Terms taken since the sum was taken afresh.
    age: usize,
}

impl History {
    fn new(n: usize) -> Self {
        Self { n, terms: vec![0.0; n + n.next_multiple_of(BLOCK)], place: 0, sum: 0.0, age: 0 }
    }

    /// Takes a block of terms in and leaves the sums in its place.
    fn take(&mut self, room: &mut Room) {
        if self.place + self.n + BLOCK > self.terms.len() {
            self.terms.copy_within(self.place.., 0);
            self.place = 0;
        }
        if self.age >= REFRESH.max(2 * self.n) {
            self.sum = self.terms[self.place..self.place + self.n].iter().sum();
            self.age = 0;
        }
        let new = self.place + self.n;
        self.terms[new..new + BLOCK].copy_from_slice(room);
        let old = &self.terms[self.place..self.place + BLOCK];
        vectorised(
            #[inline(always)]
            || {
                for (term, old) in room.iter_mut().zip(old) {
                    *term -= old;
                }
            },
        );
        self.sum = accumulate(self.sum, room);
        self.place += BLOCK;
        self.age += BLOCK;
    }
}

/// Replaces each number by the sum of `sum` and of all up to it; returns the last sum.
///
/// Four at a time, so that the chain of dependent additions has one link per four.
#[inline(always)]
pub(crate) fn accumulate(mut sum: f64, numbers: &mut [f64]) -> f64 {
    let (fours, rest) = numbers.as_chunks_mut::<4>();
    for four in fours {
        let [a, b, c, d] = *four;
        let (two, last) = (a + b, c + d);
        let (three, all) = (two + c, two + last);
        *four = [sum + a, sum + two, sum + three, sum + all];
        sum += all;
    }
    for x in rest {
        sum += *x;
        *x = sum;
    }
    sum
}
