//! Weighted sums over sliding windows.

use pulp::{Simd, WithSimd};

use super::{BLOCK, REFRESH, Scan, scan::Lanes, vectorised};
use crate::node::Gate;

/// Inputs after which weighted sums are taken afresh; what they gather of rounding grows faster than a plain sum's.
const STEP: usize = REFRESH / 4;

/// Calls `emit` with the linearly weighted means of the last `n` inputs at each block of indices from `n - 1` on.
///
/// The newest input weighs `n`, the oldest 1. Deviations are summed from an anchor near them.
pub(crate) fn roll_weighted(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &mut [f64])) {
    let (input, share) = (gate.columns(), 1.0 / (n * (n + 1) / 2) as f64);
    let (mut plain, mut weighted) = (Scan::sum(0.0), Scan::sum(0.0));
    let mut means = [0.0; BLOCK];
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
        let means = &mut means[..end - at];
        let (new, old) = (&input[at..end], &input[at - n..]);
        let (plain, weighted) = (&mut plain, &mut weighted);
        pulp::Arch::new().dispatch(Weigh {
            plain,
            weighted,
            new,
            old,
            anchor,
            n: n as f64,
            share,
            out: means,
        });
        emit(at, end, means);
    });
}

/// Slides both sums over a block, in registers all the way.
struct Weigh<'a> {
    plain: &'a mut Scan,
    weighted: &'a mut Scan,
    new: &'a [f64],
    old: &'a [f64],
    anchor: f64,
    n: f64,
    share: f64,
    out: &'a mut [f64],
}

impl WithSimd for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plain, weighted, new, old, anchor, n, share, out } = self;
        let (mut sums, mut weights) = (Lanes::new(simd, plain), Lanes::new(simd, weighted));
        let (anchors, scale, shares) = (simd.splat_f64s(anchor), simd.splat_f64s(n), simd.splat_f64s(share));
        let count = out.len();
        let (slots, rest) = S::as_mut_simd_f64s(out);
        let ((news, more), (olds, left)) = (S::as_simd_f64s(&new[..count]), S::as_simd_f64s(&old[..count]));
        let (news, olds) = (&news[..slots.len()], &olds[..slots.len()]);
        for i in 0..slots.len() {
            let change = simd.sub_f64s(news[i], olds[i]);
            // What the weighted sum loses when an input comes: the plain sum before it.
            let before = simd.sub_f64s(sums.step(simd, change), change);
            let gain = simd.mul_f64s(simd.sub_f64s(news[i], anchors), scale);
            let weight = weights.step(simd, simd.sub_f64s(gain, before));
            slots[i] = simd.mul_add_e_f64s(weight, shares, anchors);
        }
        plain.set(sums.level());
        weighted.set(weights.level());
        for ((slot, new), old) in rest.iter_mut().zip(more).zip(left) {
            let before = plain.level();
            plain.next(new - old);
            *slot = weighted.next((new - anchor) * n - before) * share + anchor;
        }
    }
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
