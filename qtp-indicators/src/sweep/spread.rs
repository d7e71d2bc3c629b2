//! Spreads of sliding windows.

use super::REFRESH;

/// A spread below this share of its squares has lost digits to the anchor.
const SHRUNK: f64 = 1e-5;

/// Calls `emit` with the sum of squared deviations from the mean, and the sum, of every window of `n`.
///
/// Squares are taken around an anchor, the mean of the window where the sums were last taken afresh. That happens every
/// [`REFRESH`] inputs or two windows, and as soon as the spread has become small against the squares of late.
#[inline(always)]
pub(crate) fn spread(n: usize, input: &[f64], mut emit: impl FnMut(usize, f64, f64)) {
    let (len, share, step) = (input.len(), 1.0 / n as f64, REFRESH.max(2 * n));
    let mut at = n - 1;
    while at < len {
        let window = &input[at + 1 - n..=at];
        // Measured from the newest input, so that a flat window has no spread at all.
        let newest = input[at];
        let anchor = newest + window.iter().fold(0.0, |sum, x| sum + (x - newest)) * share;
        let (mut sum, mut squares) = (0.0, 0.0);
        for x in window {
            let x = x - anchor;
            sum += x;
            squares += x * x;
        }
        let mut peak = squares;
        emit(at, (squares - sum * sum * share).max(0.0), (sum * share + anchor) * n as f64);
        let end = (at + step).min(len);
        at += 1;
        while at < end {
            let (new, old) = (input[at] - anchor, input[at - n] - anchor);
            sum += new - old;
            squares += (new - old) * (new + old);
            let spread = squares - sum * sum * share;
            peak = if squares > peak { squares } else { peak };
            if spread < peak * SHRUNK {
                break;
            }
            emit(at, spread, (sum * share + anchor) * n as f64);
            at += 1;
        }
    }
}
