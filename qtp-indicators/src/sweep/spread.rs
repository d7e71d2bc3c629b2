//! Spreads of sliding windows.

use super::{BLOCK, Room, Scan, larger, map2, map3, slide::total_of, smaller, vectorised};
use crate::node::Gate;

/// A spread below this share of its squares has lost digits to the anchor.
const SHRUNK: f64 = 1e-5;

/// Sums of deviations from an anchor, and of their squares.
struct Sums {
    n: usize,
    share: f64,
    /// The mean of the window where the sums were last taken afresh.
    anchor: f64,
    plain: Scan,
    squares: Scan,
    /// The largest sum of squares since then.
    peak: f64,
}

impl Sums {
    /// Takes the sums of one window afresh; sum of squared deviations from its mean, and the mean.
    fn renew(&mut self, window: &[f64]) -> (f64, f64) {
        // Measured from the newest input, so that a flat window has no spread at all.
        let newest = window[self.n - 1];
        self.anchor = newest + total_of(window, move |x| x - newest) * self.share;
        let anchor = self.anchor;
        let sum = total_of(window, move |x| x - anchor);
        let squares = total_of(window, move |x| (x - anchor) * (x - anchor));
        self.plain.set(sum);
        self.squares.set(squares);
        self.peak = squares;
        (larger(squares - sum * sum * self.share, 0.0), sum * self.share + self.anchor)
    }

    /// Slides over `out.0.len()` inputs, which follow the `n` before them; how many results have kept their digits.
    fn write(&mut self, input: &[f64], (spreads, means): (&mut [f64], &mut [f64])) -> usize {
        let (count, anchor, share) = (spreads.len(), self.anchor, self.share);
        let (old, new) = (&input[..count], &input[self.n..][..count]);
        map2(new, old, means, move |new, old| new - old);
        map3((new, old, means), spreads, move |new, old, change| change * ((new - anchor) + (old - anchor)));
        self.plain.replace(means);
        self.squares.replace(spreads);
        let (least, peak) = finish(spreads, means, share, anchor);
        let before = self.peak;
        self.peak = larger(before, peak);
        if least >= self.peak * SHRUNK {
            return count;
        }
        // Against the squares so far, not those to come.
        let mut peak = before;
        let lost = spreads.iter().zip(means.iter()).position(|(spread, mean)| {
            peak = larger(peak, spread + (mean - anchor) * (mean - anchor) / share);
            *spread < peak * SHRUNK
        });
        lost.unwrap_or(count)
    }
}

/// Turns sums of squares and of deviations into spreads and means; the least spread and the largest sum of squares.
fn finish(squares: &mut [f64], sums: &mut [f64], share: f64, anchor: f64) -> (f64, f64) {
    let (squares, more) = squares.as_chunks_mut::<8>();
    let (sums, rest) = sums.as_chunks_mut::<8>();
    vectorised(
        #[inline(always)]
        move || {
            // Lane by lane: a compiler keeps the order of comparisons.
            let (mut least, mut peak) = ([f64::INFINITY; 8], [0.0; 8]);
            for i in 0..squares.len() {
                let (square, sum) = (squares[i], sums[i]);
                let (mut spread, mut mean) = ([0.0; 8], [0.0; 8]);
                for k in 0..8 {
                    spread[k] = square[k] - sum[k] * sum[k] * share;
                    mean[k] = sum[k] * share + anchor;
                    peak[k] = larger(peak[k], square[k]);
                    least[k] = smaller(least[k], spread[k]);
                }
                (squares[i], sums[i]) = (spread, mean);
            }
            for i in 0..more.len() {
                let (square, sum) = (more[i], rest[i]);
                (more[i], rest[i]) = (square - sum * sum * share, sum * share + anchor);
                (peak[0], least[0]) = (larger(peak[0], square), smaller(least[0], more[i]));
            }
            (least.into_iter().fold(f64::INFINITY, smaller), peak.into_iter().fold(0.0, larger))
        },
    )
}

/// Calls `emit` with the sums of squared deviations from the mean, and the means, of every window of `n`, by
/// blocks.
///
/// The sums are taken afresh every block or two windows, and as soon as the spread has become small against
/// the squares of late.
pub(crate) fn spread(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &mut [f64], &[f64])) {
    let scan = Scan::sum(0.0);
    let share = 1.0 / n as f64;
    let mut sums = Sums { n, share, anchor: 0.0, plain: scan.clone(), squares: scan, peak: 0.0 };
    let (mut spreads, mut means): (Room, Room) = ([0.0; BLOCK], [0.0; BLOCK]);
    let (input, mut renewal, mut collapse) = (gate.columns(), 0, 0);
    gate.blocks(n - 1, |mut at, end| {
        while at < end {
            if at >= renewal {
                // From the window before, but for the first and where the spread has collapsed.
                let first = usize::from(at < n || at == collapse);
                let (spread, mean) = sums.renew(&input[at + first - n..at + first]);
                if first > 0 {
                    emit(at, at + 1, &mut [spread], &[mean]);
                }
                renewal = at + first + (2 * BLOCK).max(2 * n);
                at += first;
                continue;
            }
            let (spreads, means) = (&mut spreads[..end - at], &mut means[..end - at]);
            let sound = sums.write(&input[at - n..end], (spreads, means));
            emit(at, at + sound, &mut spreads[..sound], &means[..sound]);
            at += sound;
            if at < end {
                (renewal, collapse) = (at, at);
            }
        }
    });
}
