//! Runs a pattern over whole slices: the same arithmetic in the same order, several candles at a time.

use qtp_core::Ohlcv;

use super::{
    run::{Bars, Candlestick, MAX_AVERAGES, Pattern, SPAN, Sight, View},
    setting::Bar,
};
use crate::{Indicator, SpecError, node::margin};

/// Candles computed together: their totals stay in the nearest cache.
const BLOCK: usize = 32;

/// Candles whose prices are checked before they are computed on, a multiple of `BLOCK`.
const CHECKED: usize = 4 * BLOCK;

/// A block and the candles before it that its first one looks back on.
const WIDTH: usize = BLOCK + SPAN - 1;

type Prices<'a> = [&'a [f64; WIDTH]; 4];
type BlockTotals = [[f64; BLOCK]; MAX_AVERAGES];

/// One candle of a block.
struct InBlock<'a> {
    prices: Prices<'a>,
    totals: &'a BlockTotals,
    row: usize,
}

impl Bars for InBlock<'_> {
    #[inline(always)]
    fn ago(&self, ago: usize) -> Bar {
        let i = self.row + (SPAN - 1 - ago);
        let [open, high, low, close] = self.prices;
        Bar { open: open[i], high: high[i], low: low[i], close: close[i] }
    }
}

impl Sight for InBlock<'_> {
    #[inline(always)]
    fn total(&self, place: usize) -> f64 {
        self.totals[place][self.row]
    }
}

/// Looks for `pattern` in `[open, high, low, close]`; `out[i]` is what candle `i` completes.
///
/// The numbers are those of [`Candlestick`] from the first candle on; a candle with a NaN or infinite price gives NaN
/// and is skipped.
///
/// # Errors
///
/// [`SpecError::BufferLength`] if the slices are not of one length.
///
/// ```
/// use qtp_indicators::pattern::{Engulfing, recognise};
///
/// let mut out = [0.0; 3];
/// let (open, close) = ([9.0, 10.0, 8.0], [10.0, 9.0, 11.0]);
/// recognise(Engulfing, [&open, &[12.0; 3], &[7.0; 3], &close], &mut out)?;
/// assert_eq!(out, [0.0, 0.0, 100.0]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
pub fn recognise<P: Pattern + Send>(
    pattern: P,
    prices: [&[f64]; 4],
    out: &mut [f64],
) -> Result<(), SpecError> {
    let expected = out.len();
    for (what, series) in ["open", "high", "low", "close"].into_iter().zip(prices) {
        if series.len() != expected {
            return Err(SpecError::BufferLength { what, expected, actual: series.len() });
        }
    }
    let mut state = Candlestick::new(pattern);
    // The first candles go through the ring, which starts the totals.
    let head = expected.min(SPAN - 1);
    stream(&mut state, prices, out, head);
    let rows = &mut *out;
    let plain = crate::sweep::vectorised(
        #[inline(always)]
        move || sweep(state, prices, rows, head),
    );
    if !plain {
        stream(&mut Candlestick::new(pattern), prices, out, expected);
    }
    Ok(())
}

/// Goes on from a state that has taken `head` candles; `false` where a price is not plain.
#[inline(always)]
fn sweep<P: Pattern>(mut state: Candlestick<P>, prices: [&[f64]; 4], out: &mut [f64], head: usize) -> bool {
    let mut totals = [[0.0; BLOCK]; MAX_AVERAGES];
    let mut changes = totals;
    let mut padded = [[0.0; WIDTH]; 4];
    let [open, high, low, close] = prices;
    if !plain(prices, 0, head) {
        return false;
    }
    let mut from = head;
    while from < out.len() {
        let to = out.len().min(from + CHECKED);
        if !plain(prices, from, to) {
            return false;
        }
        while from < to {
            let next = to.min(from + BLOCK);
            let first = from + 1 - SPAN;
            let full = (
                open[first..].first_chunk::<WIDTH>(),
                high[first..].first_chunk::<WIDTH>(),
                low[first..].first_chunk::<WIDTH>(),
                close[first..].first_chunk::<WIDTH>(),
            );
            let block = if let (Some(open), Some(high), Some(low), Some(close)) = full {
                [open, high, low, close]
            } else {
                // Only the last block: what stands behind its rows changes none of them.
                for (padded, series) in padded.iter_mut().zip(prices) {
                    let series = &series[first..next];
                    padded[..series.len()].copy_from_slice(series);
                }
                padded.each_ref()
            };
            sum(&mut state, block, &mut changes, &mut totals);
            look(&mut state, block, &totals, &mut out[from..next]);
            from = next;
        }
    }
    true
}

/// Whether every price of the candles `from..to` is finite and within the limit of inputs.
#[inline(always)]
fn plain([open, high, low, close]: [&[f64]; 4], from: usize, to: usize) -> bool {
    let (open, high, low, close) = (&open[from..to], &high[from..to], &low[from..to], &close[from..to]);
    let mut least = 0;
    for i in 0..to - from {
        least |= margin(open[i]) | margin(high[i]) | margin(low[i]) | margin(close[i]);
    }
    least >= 0
}

fn stream<P: Pattern + Send>(
    state: &mut Candlestick<P>,
    [open, high, low, close]: [&[f64]; 4],
    out: &mut [f64],
    rows: usize,
) {
    let prices = open.iter().zip(high).zip(low).zip(close);
    for (slot, (((open, high), low), close)) in out.iter_mut().zip(prices).take(rows) {
        let candle = Ohlcv { open: *open, high: *high, low: *low, close: *close, volume: 0.0 };
        *slot = state.update(candle).unwrap_or(f64::NAN);
    }
}

/// The totals before each candle of the block: changes several at a time, then one chain of additions a total.
#[allow(clippy::needless_range_loop, reason = "loops over indices of known bounds become vector code")]
#[inline(always)]
fn sum<P: Pattern>(
    state: &mut Candlestick<P>,
    prices: Prices<'_>,
    changes: &mut BlockTotals,
    totals: &mut BlockTotals,
) {
    for row in 0..BLOCK {
        let candle = InBlock { prices, totals, row };
        P::changes(&candle, |place, change| changes[place][row] = change);
    }
    let mut running = state.totals;
    for row in 0..BLOCK {
        for place in 0..P::LIST.len() {
            totals[place][row] = running[place];
            running[place] += changes[place][row];
        }
    }
    state.totals = running;
}

/// The rule at each candle of the block.
#[allow(clippy::needless_range_loop, reason = "loops over indices of known bounds become vector code")]
#[inline(always)]
fn look<P: Pattern>(state: &mut Candlestick<P>, prices: Prices<'_>, totals: &BlockTotals, out: &mut [f64]) {
    let (pattern, mut memory) = (state.pattern, state.memory);
    let mut possible = false;
    for row in 0..BLOCK {
        possible |= P::possible(&InBlock { prices, totals, row });
    }
    if !possible {
        return out.fill(0.0);
    }
    let (len, mut found) = (out.len(), [0.0; BLOCK]);
    // A whole block is written in place.
    let (slots, part) = match out.as_mut_array::<BLOCK>() {
        Some(slots) => (slots, false),
        None => (&mut found, true),
    };
    for row in 0..BLOCK {
        let candle = InBlock { prices, totals, row };
        slots[row] = pattern.recognise(&View::new(&candle), &mut memory) + 0.0;
    }
    if part {
        out.copy_from_slice(&found[..len]);
    }
    state.memory = memory;
}
