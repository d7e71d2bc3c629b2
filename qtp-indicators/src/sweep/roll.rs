//! Weighted sums over sliding windows.

use super::{BLOCK, REFRESH, Scan, each, map2, vectorised};
use crate::node::Gate;

/// Inputs after which weighted sums are taken afresh; what they gather of rounding grows faster than a plain sum's.
const STEP: usize = REFRESH / 4;

/// Calls `emit` with the linearly weighted means of the last `n` inputs at each block of indices from `n - 1` on.
///
/// The newest input weighs `n`, the oldest 1. Deviations are summed from an anchor near them.
pub(crate) fn roll_weighted(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &mut [f64])) {
    let (input, share) = (gate.columns(), 1.0 / (n * (n + 1) / 2) as f64);
    let (mut plain, mut weighted) = (Scan::sum(0.0), Scan::sum(0.0));
    let (mut sums, mut means) = ([0.0; BLOCK + 1], [0.0; BLOCK]);
    let (mut anchor, mut renewal) = (0.0, 0);
    gate.blocks(n - 1, |mut at, end| {
        if at >= renewal {
            // From the window before, but for the first.
            let first = usize::from(at < n);
            let window = &input[at + first - n..at + first];
            anchor = window[n - 1];
            let (sum, fresh) = afresh(window, anchor);
            plain.set(sum);
            weighted.set(fresh);
            if first > 0 {
                emit(at, at + 1, &mut [fresh * share + anchor]);
            }
            renewal = at + first + STEP.max(2 * n);
            at += first;
        }
        if at == end {
            return;
        }
        let count = end - at;
        // The plain sums before each input: what they lose of weight when it comes.
        let (sums, means) = (&mut sums[..=count], &mut means[..count]);
        sums[0] = plain.level();
        map2(&input[at..end], &input[at - n..], &mut sums[1..], move |new, old| new - old);
        plain.replace(&mut sums[1..]);
        let scale = n as f64;
        map2(&input[at..end], sums, means, move |x, before| (x - anchor) * scale - before);
        weighted.replace(means);
        each(means, move |sum| sum * share + anchor);
        emit(at, end, means);
    });
}

/// Plain and weighted sum of the deviations in one window.
fn afresh(window: &[f64], anchor: f64) -> (f64, f64) {
    vectorised(
        #[inline(always)]
        move || {
            let (mut plain, mut weighted) = ([0.0; 8], [0.0; 8]);
            let (eights, rest) = window.as_chunks::<8>();
            let mut weights: [f64; 8] = std::array::from_fn(|k| (k + 1) as f64);
            for eight in eights {
                for k in 0..8 {
                    plain[k] += eight[k] - anchor;
                    weighted[k] += (eight[k] - anchor) * weights[k];
                    weights[k] += 8.0;
                }
            }
            let (mut plain, mut weighted): (f64, f64) = (plain.iter().sum(), weighted.iter().sum());
            for (x, weight) in rest.iter().zip(weights) {
                plain += x - anchor;
                weighted += (x - anchor) * weight;
            }
            (plain, weighted)
        },
    )
}
