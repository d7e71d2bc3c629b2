//! Runs a pattern: candle by candle over a ring, or over whole slices with the same arithmetic.

use std::marker::PhantomData;

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::setting::{Bar, Setting};
use crate::{Indicator, SpecError, input::INPUT_LIMIT};

/// Candles that a run can look back on, the newest included.
pub(super) const SPAN: usize = 16;

/// Largest number of averages that one pattern compares with.
pub const MAX_AVERAGES: usize = 8;

/// The running totals behind a pattern's averages.
pub type Totals = [f64; MAX_AVERAGES];

/// The rolling averages that a pattern compares with.
pub trait Averages {
    /// Each average as (setting id, how many candles before the newest it belongs to).
    const LIST: &'static [(u8, usize)];

    /// Sums each average afresh for the candle that comes next; `bars.ago(0)` is the newest candle known.
    fn start<B: Bars>(bars: &B) -> Totals;

    /// Moves each total from the newest candle on to the next one.
    fn roll<B: Bars>(totals: &mut Totals, bars: &B);
}

/// A candlestick pattern: a rule over the last candles and their averages.
///
/// # Contract
///
/// `recognise` reads no candle farther back than `FROM`, and its answer depends on nothing but the view and the memory.
pub trait Pattern: Averages + Copy {
    /// Candles needed before the first one that may be recognised: TA-Lib's lookback.
    const LOOKBACK: usize;
    /// Candles needed before the rule is tried, so that memory is right at the first output.
    const FROM: usize = Self::LOOKBACK;
    /// What the rule remembers beyond the candles.
    type Memory: Copy + Default + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Returns 0, or the sign and strength of the pattern that the newest candle completes.
    fn recognise<B: Bars>(&self, view: &View<'_, Self, B>, memory: &mut Self::Memory) -> i32;
}

/// Random access to the last candles.
pub trait Bars {
    /// The candle `ago` candles before the newest, at most 15.
    fn ago(&self, ago: usize) -> Bar;
}

/// What a pattern's rule sees.
#[derive(Debug)]
pub struct View<'a, P, B> {
    bars: &'a B,
    totals: &'a Totals,
    pattern: PhantomData<fn(P)>,
}

impl<'a, P: Pattern, B: Bars> View<'a, P, B> {
    #[inline]
    fn new(bars: &'a B, totals: &'a Totals) -> Self {
        Self { bars, totals, pattern: PhantomData }
    }

    /// The last `N` candles, oldest first.
    #[inline]
    #[must_use]
    pub fn last<const N: usize>(&self) -> [Bar; N] {
        std::array::from_fn(|i| self.bars.ago(N - 1 - i))
    }

    /// The threshold of setting `S` for the candle `AGO` before the newest; a pattern that does not list it does not
    /// compile. Expression order as in TA-Lib.
    #[inline]
    #[must_use]
    pub fn mean<S: Setting, const AGO: usize>(&self) -> f64 {
        let mean = if S::PERIOD == 0 {
            S::measure(&self.bars.ago(AGO))
        } else {
            self.totals[const { place::<P>(S::ID, AGO, S::PERIOD) }] / S::PERIOD as f64
        };
        let half = if matches!(S::MEASURE, super::Measure::Shadows) { 2.0 } else { 1.0 };
        S::FACTOR * mean / half
    }
}

/// Where an average stands in the pattern's list.
const fn place<P: Pattern>(setting: u8, ago: usize, period: usize) -> usize {
    let mut i = 0;
    while i < P::LIST.len() {
        if P::LIST[i].0 == setting && P::LIST[i].1 == ago {
            return i;
        }
        i += 1;
    }
    assert!(period == 0, "the pattern does not list this average");
    0
}

/// A candlestick pattern over a stream of candles, with TA-Lib's integers: 0, or ±100 and, for some patterns, ±80
/// (weaker) or ±200 (confirmed); positive is bullish.
///
/// The averages are running totals in TA-Lib's order of additions from the first candle on, so that comparisons against
/// them fall as they do there. They are sums of differences: their rounding error grows with the square root of the
/// number of candles, and is 1e-12 of a price after a million.
/// The output is 0, not absent, before enough candles are known: nothing is recognised yet.
///
/// ```
/// use qtp_core::Ohlcv;
/// use qtp_indicators::{Indicator, pattern::{Candlestick, Engulfing}};
///
/// let mut engulfing = Candlestick::new(Engulfing);
/// let candle = |open, close| Ohlcv { open, high: 12.0, low: 7.0, close, volume: 1.0 };
/// let found = [candle(9.0, 10.0), candle(10.0, 9.0), candle(8.0, 11.0)].map(|candle| engulfing.update(candle));
/// assert_eq!(found, [Some(0.0), Some(0.0), Some(100.0)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "P: Serialize", deserialize = "P: DeserializeOwned"))]
pub struct Candlestick<P: Pattern> {
    pattern: P,
    ring: Ring,
    totals: Totals,
    memory: P::Memory,
    found: i32,
}

/// The last candles; the count of all candles taken says where the next one goes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Ring {
    bars: [Bar; SPAN],
    taken: usize,
}

/// The ring with one more candle at its end.
struct Next<'a> {
    ring: &'a Ring,
    newest: Bar,
}

impl Bars for Ring {
    #[inline]
    fn ago(&self, ago: usize) -> Bar {
        self.bars[self.taken.wrapping_sub(1 + ago) % SPAN]
    }
}

impl Bars for Next<'_> {
    #[inline]
    fn ago(&self, ago: usize) -> Bar {
        if ago == 0 { self.newest } else { self.ring.ago(ago - 1) }
    }
}

impl<P: Pattern> Candlestick<P> {
    /// Starts to look for `pattern`.
    #[must_use]
    pub fn new(pattern: P) -> Self {
        const { assert!(P::FROM < SPAN && P::FROM <= P::LOOKBACK && P::LIST.len() <= MAX_AVERAGES) };
        Self {
            pattern,
            ring: Ring::default(),
            totals: [0.0; MAX_AVERAGES],
            memory: P::Memory::default(),
            found: 0,
        }
    }

    /// What the newest candle completes, and the memory after it.
    fn look(&self, bars: &Next<'_>) -> (i32, P::Memory) {
        let mut memory = self.memory;
        if self.ring.taken < P::FROM {
            return (0, memory);
        }
        let found = self.pattern.recognise(&View::new(bars, &self.totals), &mut memory);
        (if self.ring.taken < P::LOOKBACK { 0 } else { found }, memory)
    }

    fn take(&mut self, newest: Bar) {
        let bars = Next { ring: &self.ring, newest };
        let (found, memory) = self.look(&bars);
        if self.ring.taken >= P::FROM {
            P::roll(&mut self.totals, &bars);
        }
        self.ring.bars[self.ring.taken % SPAN] = newest;
        self.ring.taken += 1;
        if self.ring.taken == P::FROM {
            self.totals = P::start(&self.ring);
        }
        (self.found, self.memory) = (found, memory);
    }
}

impl<P: Pattern + Send> Indicator<Ohlcv> for Candlestick<P> {
    type Output = f64;

    fn update(&mut self, input: Ohlcv) -> Option<f64> {
        self.take(Bar::admit(&input)?);
        self.value()
    }

    fn peek(&self, input: Ohlcv) -> Option<f64> {
        let bars = Next { ring: &self.ring, newest: Bar::admit(&input)? };
        Some(f64::from(self.look(&bars).0))
    }

    fn value(&self) -> Option<f64> {
        (self.ring.taken > 0).then_some(f64::from(self.found))
    }

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::new(self.pattern);
    }
}

/// Sixteen candles in a row of four slices.
struct Windows<'a> {
    open: &'a [f64; SPAN],
    high: &'a [f64; SPAN],
    low: &'a [f64; SPAN],
    close: &'a [f64; SPAN],
}

impl Bars for Windows<'_> {
    #[inline]
    fn ago(&self, ago: usize) -> Bar {
        let i = SPAN - 1 - ago;
        Bar { open: self.open[i], high: self.high[i], low: self.low[i], close: self.close[i] }
    }
}

/// Rows whose prices are checked before they are computed on: small enough to stay in the nearest cache.
const BLOCK: usize = 512;

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
    // The first candles go through the ring, which starts the totals; the rest is one loop without branches on time.
    let head = expected.min(SPAN - 1);
    stream(&mut state, prices, out, head);
    let mut from = head;
    while from < expected {
        let to = expected.min(from + BLOCK);
        let block = prices.map(|series| &series[from + 1 - SPAN..to]);
        if !block.iter().all(|series| plain(series)) {
            stream(&mut Candlestick::new(pattern), prices, out, expected);
            return Ok(());
        }
        rows(&mut state, block, &mut out[from..to]);
        from = to;
    }
    Ok(())
}

/// Whether every price is finite and within the limit of inputs.
fn plain(series: &[f64]) -> bool {
    series.iter().fold(true, |plain, x| plain & (x.abs() <= INPUT_LIMIT))
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

/// One row for each window of the block; only totals and memory of `state` are used and moved on.
fn rows<P: Pattern>(state: &mut Candlestick<P>, [open, high, low, close]: [&[f64]; 4], out: &mut [f64]) {
    let (pattern, mut totals, mut memory) = (state.pattern, state.totals, state.memory);
    let prices = open.array_windows().zip(high.array_windows()).zip(low.array_windows());
    let windows = prices.zip(close.array_windows());
    for (slot, (((open, high), low), close)) in out.iter_mut().zip(windows) {
        let bars = Windows { open, high, low, close };
        *slot = f64::from(pattern.recognise(&View::new(&bars, &totals), &mut memory));
        P::roll(&mut totals, &bars);
    }
    (state.totals, state.memory) = (totals, memory);
}
