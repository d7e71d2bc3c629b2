//! Sums over sliding windows.

use super::REFRESH;

/// Calls `emit` with the sums of the last `n` terms at every index from `first + n - 1` to `len`; terms start at `first`.
///
/// Each sum is one chain of additions: what leaves is taken from what enters before it is added.
#[inline(always)]
pub(crate) fn roll<const K: usize>(
    n: usize,
    (first, len): (usize, usize),
    term: impl Fn(usize) -> [f64; K],
    mut emit: impl FnMut(usize, [f64; K]),
) {
    let step = REFRESH.max(2 * n);
    let mut at = first + n - 1;
    while at < len {
        let mut sums = [0.0; K];
        for i in at + 1 - n..=at {
            add(&mut sums, term(i));
        }
        emit(at, sums);
        let end = (at + step).min(len);
        for i in at + 1..end {
            let (new, old) = (term(i), term(i - n));
            for k in 0..K {
                sums[k] += new[k] - old[k];
            }
            emit(i, sums);
        }
        at = end;
    }
}

#[inline(always)]
fn add<const K: usize>(sums: &mut [f64; K], terms: [f64; K]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// Sums of one window, of deviations from an anchor near its inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighed {
    /// The newest deviation weighs `n`, the oldest 1.
    pub(crate) weighted: f64,
    pub(crate) anchor: f64,
}

/// Calls `emit` with the sums of the last `n` inputs at every index from `n - 1` on.
#[inline(always)]
pub(crate) fn roll_weighted(n: usize, input: &[f64], mut emit: impl FnMut(usize, Weighed)) {
    let (len, step, count) = (input.len(), (REFRESH / 4).max(2 * n), n as f64);
    let mut at = n - 1;
    while at < len {
        let anchor = input[at];
        let (mut weighted, mut plain, mut weight) = (0.0, 0.0, 1.0);
        for x in &input[at + 1 - n..=at] {
            weighted += (x - anchor) * weight;
            plain += x - anchor;
            weight += 1.0;
        }
        emit(at, Weighed { weighted, anchor });
        let end = (at + step).min(len);
        let fresh = &input[at + 1..end];
        let gone = &input[at + 1 - n..];
        for (i, (x, old)) in fresh.iter().zip(gone).enumerate() {
            weighted += (x - anchor) * count - plain;
            plain += x - old;
            emit(at + 1 + i, Weighed { weighted, anchor });
        }
        at = end;
    }
}
