//! Runs a pattern candle by candle, over a ring.

use std::{cmp::Ordering, marker::PhantomData};

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::setting::{Bar, Measure, Setting};
use crate::Indicator;

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

    /// Gives `put` each total's place and its change from the newest candle to the next one.
    fn changes<B: Bars>(bars: &B, put: impl FnMut(usize, f64));
}

/// A candlestick pattern: a rule over the last candles and their averages.
///
/// # Contract
///
/// `recognise` reads no candle farther back than `FROM`, and its answer depends on nothing but the view and the memory.
/// Rules are written without branches (`&`, not `&&`), so that the batch form computes several candles at once.
pub trait Pattern: Averages + Copy {
    /// Candles needed before the first one that may be recognised: TA-Lib's lookback.
    const LOOKBACK: usize;
    /// Candles needed before the rule is tried, so that memory is right at the first output.
    const FROM: usize = Self::LOOKBACK;
    /// What the rule remembers beyond the candles.
    type Memory: Copy + Default + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Whether the prices leave the pattern possible: a cheap and seldom test, where a rule has one, by which the batch
    /// form passes over whole blocks. Where it fails, `recognise` returns 0 and remembers nothing.
    #[inline(always)]
    #[must_use]
    fn possible<B: Bars>(bars: &B) -> bool {
        let _ = bars;
        true
    }

    /// Returns 0, or the sign and strength of the pattern that the newest candle completes.
    fn recognise<S: Sight>(&self, view: &View<'_, Self, S>, memory: &mut Self::Memory) -> f64;
}

/// Random access to the last candles.
pub trait Bars {
    /// The candle `ago` candles before the newest, at most 15.
    fn ago(&self, ago: usize) -> Bar;
}

/// The last candles and the totals of the newest.
pub trait Sight: Bars {
    /// The total at this place of [`Averages::LIST`].
    fn total(&self, place: usize) -> f64;
}

/// What a pattern's rule sees.
#[derive(Debug)]
pub struct View<'a, P, S> {
    sight: &'a S,
    pattern: PhantomData<fn(P)>,
}

impl<'a, P: Pattern, S: Sight> View<'a, P, S> {
    #[inline(always)]
    pub(super) fn new(sight: &'a S) -> Self {
        Self { sight, pattern: PhantomData }
    }

    /// The last `N` candles, oldest first.
    #[inline(always)]
    #[must_use]
    pub fn last<const N: usize>(&self) -> [Bar; N] {
        std::array::from_fn(|i| self.sight.ago(N - 1 - i))
    }

    /// The threshold of a setting for the candle `AGO` before the newest; a pattern that does not list it does not
    /// compile. Expression order as in TA-Lib.
    #[inline(always)]
    #[must_use]
    pub fn mean<T: Setting, const AGO: usize>(&self) -> f64 {
        let mean = if T::PERIOD == 0 {
            T::measure(&self.sight.ago(AGO))
        } else {
            self.sight.total(const { place::<P>(T::ID, AGO, T::PERIOD) }) / T::PERIOD as f64
        };
        let half = if matches!(T::MEASURE, Measure::Shadows) { 2.0 } else { 1.0 };
        T::FACTOR * mean / half
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
    pub(super) pattern: P,
    ring: Ring,
    pub(super) totals: Totals,
    pub(super) memory: P::Memory,
    found: f64,
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
    totals: &'a Totals,
}

impl Bars for Ring {
    #[inline(always)]
    fn ago(&self, ago: usize) -> Bar {
        self.bars[self.taken.wrapping_sub(1 + ago) % SPAN]
    }
}

impl Bars for Next<'_> {
    #[inline(always)]
    fn ago(&self, ago: usize) -> Bar {
        if ago == 0 { self.newest } else { self.ring.ago(ago - 1) }
    }
}

impl Sight for Next<'_> {
    #[inline(always)]
    fn total(&self, place: usize) -> f64 {
        self.totals[place]
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
            found: 0.0,
        }
    }

    /// What the newest candle completes, and the memory after it.
    fn look(&self, newest: Bar) -> (f64, P::Memory) {
        let mut memory = self.memory;
        if self.ring.taken < P::FROM {
            return (0.0, memory);
        }
        let next = Next { ring: &self.ring, newest, totals: &self.totals };
        let found = self.pattern.recognise(&View::new(&next), &mut memory);
        // Adding zero makes -0 a 0.
        (if self.ring.taken < P::LOOKBACK { 0.0 } else { found + 0.0 }, memory)
    }

    fn take(&mut self, newest: Bar) {
        (self.found, self.memory) = self.look(newest);
        self.ring.bars[self.ring.taken % SPAN] = newest;
        self.ring.taken += 1;
        match self.ring.taken.cmp(&P::FROM) {
            Ordering::Less => {}
            Ordering::Equal => self.totals = P::start(&self.ring),
            Ordering::Greater => P::changes(&self.ring, |place, change| self.totals[place] += change),
        }
    }
}

impl<P: Pattern + Send> Indicator<Ohlcv> for Candlestick<P> {
    type Output = f64;

    fn update(&mut self, input: Ohlcv) -> Option<f64> {
        self.take(Bar::admit(&input)?);
        self.value()
    }

    fn peek(&self, input: Ohlcv) -> Option<f64> {
        Some(self.look(Bar::admit(&input)?).0)
    }

    fn value(&self) -> Option<f64> {
        (self.ring.taken > 0).then_some(self.found)
    }

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        *self = Self::new(self.pattern);
    }
}
