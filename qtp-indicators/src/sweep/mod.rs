//! Loops of the batch forms, over whole columns.
//!
//! Element-wise loops and scans are compiled once per vector unit and chosen at run time. Sliding sums are taken afresh
//! every [`REFRESH`] candles or two windows, whichever is more, so a rounding error does not outlive that.

mod extreme;
mod pipe;
mod roll;
mod scan;
mod slide;
mod spread;
#[cfg(test)]
mod tests;

pub(crate) use extreme::{Places, Tie, choose, extremes};
pub(crate) use pipe::{Chunk, pipe};
pub(crate) use roll::roll_weighted;
pub(crate) use scan::{Scan, affine, multiply};
pub(crate) use slide::{Quiet, renewal, roll, slide, slide_spans, total};
pub(crate) use spread::spread;

use crate::Candles;

/// Sliding sums are taken afresh after this many candles.
pub(crate) const REFRESH: usize = 1024;

/// Runs `f` compiled for the best vector unit of this machine.
///
/// `f` and the closures in it own what they use: through a captured reference a constant is read again after every store,
/// which ends vector code.
#[inline(always)]
pub(crate) fn vectorised<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

// The loops below go by index over slices of one length: a call of an iterator that is not inlined into code for another
// vector unit would spill every register.

/// `f` of every input.
pub(crate) fn map(input: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) {
    let n = out.len().min(input.len());
    let (out, input) = (&mut out[..n], &input[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(input[i]);
            }
        },
    );
}

/// `f` of every pair of inputs.
pub(crate) fn map2(a: &[f64], b: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    let n = out.len().min(a.len()).min(b.len());
    let (out, a, b) = (&mut out[..n], &a[..n], &b[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(a[i], b[i]);
            }
        },
    );
}

/// `f` of every three inputs.
pub(crate) fn map3((a, b, c): (&[f64], &[f64], &[f64]), out: &mut [f64], f: impl Fn(f64, f64, f64) -> f64) {
    let n = out.len().min(a.len()).min(b.len()).min(c.len());
    let (out, a, b, c) = (&mut out[..n], &a[..n], &b[..n], &c[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(a[i], b[i], c[i]);
            }
        },
    );
}

/// Puts `f` of a slot and an input into every slot.
pub(crate) fn combine(out: &mut [f64], input: &[f64], f: impl Fn(f64, f64) -> f64) {
    let n = out.len().min(input.len());
    let (out, input) = (&mut out[..n], &input[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(out[i], input[i]);
            }
        },
    );
}

/// Puts `f` of a slot and two inputs into every slot.
pub(crate) fn combine2(out: &mut [f64], (a, b): (&[f64], &[f64]), f: impl Fn(f64, f64, f64) -> f64) {
    let n = out.len().min(a.len()).min(b.len());
    let (out, a, b) = (&mut out[..n], &a[..n], &b[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(out[i], a[i], b[i]);
            }
        },
    );
}

/// Puts `f` of a slot and three inputs into every slot.
pub(crate) fn combine3(
    out: &mut [f64],
    (a, b, c): (&[f64], &[f64], &[f64]),
    f: impl Fn(f64, f64, f64, f64) -> f64,
) {
    let n = out.len().min(a.len()).min(b.len()).min(c.len());
    let (out, a, b, c) = (&mut out[..n], &a[..n], &b[..n], &c[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..n {
                out[i] = f(out[i], a[i], b[i], c[i]);
            }
        },
    );
}

/// Replaces every number by `f` of it.
pub(crate) fn each(numbers: &mut [f64], f: impl Fn(f64) -> f64) {
    vectorised(
        #[inline(always)]
        move || {
            for i in 0..numbers.len() {
                numbers[i] = f(numbers[i]);
            }
        },
    );
}

/// `f` of open, high, low, close and volume of every candle.
pub(crate) fn map_candles(input: Candles<'_>, out: &mut [f64], f: impl Fn(&qtp_core::Ohlcv) -> f64) {
    let n = out.len().min(input.len());
    let (open, high, low) = (&input.open[..n], &input.high[..n], &input.low[..n]);
    let (close, volume) = (&input.close[..n], &input.volume[..n]);
    vectorised(
        #[inline(always)]
        move || {
            for (i, slot) in out[..n].iter_mut().enumerate() {
                let (open, high, low) = (open[i], high[i], low[i]);
                *slot = f(&qtp_core::Ohlcv { open, high, low, close: close[i], volume: volume[i] });
            }
        },
    );
}

/// The larger of two numbers, neither NaN: one instruction, which the library's `max` is not.
#[inline(always)]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The smaller of two numbers, neither NaN.
#[inline(always)]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// True ranges of the candles from `at` on, which is at least 1; as many as `out` has slots.
pub(crate) fn true_ranges_from(input: Candles<'_>, at: usize, out: &mut [f64]) {
    let end = at + out.len();
    let (high, low, last) = (&input.high[at..end], &input.low[at..end], &input.close[at - 1..end - 1]);
    map3((high, low, last), out, true_range);
}

/// The larger of the range and the distances of its ends from the close before.
#[inline(always)]
pub(crate) fn true_range(high: f64, low: f64, last: f64) -> f64 {
    larger(high - low, larger((last - high).abs(), (last - low).abs()))
}

/// Candles `at..end` of columns.
#[inline(always)]
pub(crate) fn part(input: Candles<'_>, at: usize, end: usize) -> Candles<'_> {
    Candles {
        open: &input.open[at..end],
        high: &input.high[at..end],
        low: &input.low[at..end],
        close: &input.close[at..end],
        volume: &input.volume[at..end],
    }
}

/// The only column.
pub(crate) fn one<'a>(out: &'a mut [&mut [f64]]) -> &'a mut [f64] {
    out.first_mut().map_or(&mut [], |column| &mut **column)
}

/// Fills the first `count` slots with NaN.
pub(crate) fn chill(column: &mut [f64], count: usize) {
    let count = count.min(column.len());
    column[..count].fill(f64::NAN);
}

/// Inputs handled at a time where intermediate series are needed: they stay in the cache.
pub(crate) const BLOCK: usize = 128;

/// Room for one intermediate series.
pub(crate) type Room = [f64; BLOCK];

/// Calls `f` with the bounds of blocks that cover `from..len`.
pub(crate) fn blocks(from: usize, len: usize, mut f: impl FnMut(usize, usize)) {
    let mut at = from;
    while at < len {
        let end = (at + BLOCK).min(len);
        f(at, end);
        at = end;
    }
}
