//! Inputs, one at a time and as columns.

use qtp_core::Ohlcv;

use crate::{INPUT_LIMIT, SpecError, TimedOhlcv, input::admit};

/// Five columns of candles, oldest first, all of one length.
///
/// An indicator reads the columns it needs; those that the caller has not may be any column of the same length.
///
/// ```
/// use qtp_indicators::{Candles, volatility};
///
/// let (high, low, close) = ([3.0, 4.0, 5.0], [1.0, 2.0, 2.0], [2.0, 3.0, 4.0]);
/// let mut range = [0.0; 3];
/// volatility::trange(Candles::hlc(&high, &low, &close)?, &mut range)?;
/// assert_eq!(range[1..], [2.0, 3.0]);
/// # Ok::<(), qtp_indicators::SpecError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candles<'a> {
    pub(crate) open: &'a [f64],
    pub(crate) high: &'a [f64],
    pub(crate) low: &'a [f64],
    pub(crate) close: &'a [f64],
    pub(crate) volume: &'a [f64],
}

impl<'a> Candles<'a> {
    /// Puts five columns together.
    ///
    /// # Errors
    ///
    /// [`SpecError::BufferLength`] if they differ in length.
    pub fn new(
        open: &'a [f64],
        high: &'a [f64],
        low: &'a [f64],
        close: &'a [f64],
        volume: &'a [f64],
    ) -> Result<Self, SpecError> {
        for (what, column) in [("open", open), ("high", high), ("low", low), ("volume", volume)] {
            same_length(what, close.len(), column.len())?;
        }
        Ok(Self { open, high, low, close, volume })
    }

    /// Puts high, low and close together, for what reads neither open nor volume.
    ///
    /// # Errors
    ///
    /// [`SpecError::BufferLength`] if they differ in length.
    pub fn hlc(high: &'a [f64], low: &'a [f64], close: &'a [f64]) -> Result<Self, SpecError> {
        Self::new(close, high, low, close, close)
    }

    /// Returns the number of candles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.close.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.close.is_empty()
    }
}

pub(crate) fn same_length(what: &'static str, expected: usize, actual: usize) -> Result<(), SpecError> {
    if expected == actual { Ok(()) } else { Err(SpecError::BufferLength { what, expected, actual }) }
}

/// Which columns of a candle are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reads {
    open: bool,
    high: bool,
    low: bool,
    close: bool,
    volume: bool,
}

impl Reads {
    pub(crate) const HL: Self = Self { open: false, high: true, low: true, close: false, volume: false };
    pub(crate) const HLC: Self = Self { close: true, ..Self::HL };
    pub(crate) const OC: Self = Self { open: true, high: false, low: false, close: true, volume: false };
    pub(crate) const OHLC: Self = Self { open: true, ..Self::HLC };
    pub(crate) const HLV: Self = Self { volume: true, ..Self::HL };
    pub(crate) const HLCV: Self = Self { volume: true, ..Self::HLC };
}

/// An input that can be checked for what indicators take, and read from columns.
pub(crate) trait Admit: Copy + std::fmt::Debug + Send + Sync + 'static {
    type Columns<'a>: Copy;

    /// The input clamped to what indicators compute on; `None` if a number that is read is not finite.
    fn admitted(self, reads: Reads) -> Option<Self>;
    /// Negative if it is not admitted as it is; those of several inputs may be joined by `|`.
    fn margin(self, reads: Reads) -> i64;
    fn len(columns: Self::Columns<'_>) -> usize;
    /// The input at `i`, below `len`.
    fn at(columns: Self::Columns<'_>, i: usize) -> Self;
    /// The inputs from `at` to `end`.
    fn part<'a>(columns: Self::Columns<'a>, at: usize, end: usize) -> Self::Columns<'a>;
    /// Whether every input is admitted as it is.
    fn admissible(columns: Self::Columns<'_>, reads: Reads) -> bool;
}

/// Negative if a number is not admitted as it is: by its bits, which are quicker to join than the outcomes of comparisons.
#[inline(always)]
pub(crate) fn margin(x: f64) -> i64 {
    INPUT_LIMIT.to_bits().wrapping_sub(x.abs().to_bits()).cast_signed()
}

/// Whether all numbers of columns of one length are admitted as they are.
///
/// The columns are read side by side, at the pace at which memory gives several of them best.
fn sound<const K: usize>(columns: [&[f64]; K]) -> bool {
    crate::sweep::vectorised(
        #[inline(always)]
        move || {
            // Said here, or every number costs a comparison with the column's end.
            let len = columns[0].len();
            let columns = columns.map(
                #[inline(always)]
                |column| &column[..len],
            );
            let mut least = 0;
            for i in 0..len {
                for column in columns {
                    least |= margin(column[i]);
                }
            }
            least >= 0
        },
    )
}

impl Admit for f64 {
    type Columns<'a> = &'a [Self];

    #[inline]
    fn admitted(self, _: Reads) -> Option<Self> {
        admit(self)
    }

    #[inline(always)]
    fn margin(self, _: Reads) -> i64 {
        margin(self)
    }

    fn len(columns: &[Self]) -> usize {
        columns.len()
    }

    #[inline(always)]
    fn at(columns: &[Self], i: usize) -> Self {
        columns[i]
    }

    #[inline(always)]
    fn part<'a>(columns: Self::Columns<'a>, at: usize, end: usize) -> Self::Columns<'a> {
        &columns[at..end]
    }

    fn admissible(columns: &[Self], _: Reads) -> bool {
        sound([columns])
    }
}

impl Admit for (f64, f64) {
    type Columns<'a> = (&'a [f64], &'a [f64]);

    #[inline]
    fn admitted(self, _: Reads) -> Option<Self> {
        Some((admit(self.0)?, admit(self.1)?))
    }

    #[inline(always)]
    fn margin(self, _: Reads) -> i64 {
        margin(self.0) | margin(self.1)
    }

    fn len(columns: Self::Columns<'_>) -> usize {
        columns.0.len().min(columns.1.len())
    }

    #[inline(always)]
    fn at(columns: Self::Columns<'_>, i: usize) -> Self {
        (columns.0[i], columns.1[i])
    }

    #[inline(always)]
    fn part<'a>(columns: Self::Columns<'a>, at: usize, end: usize) -> Self::Columns<'a> {
        (&columns.0[at..end], &columns.1[at..end])
    }

    fn admissible(columns: Self::Columns<'_>, _: Reads) -> bool {
        sound([columns.0, columns.1])
    }
}

impl Admit for Ohlcv {
    type Columns<'a> = Candles<'a>;

    #[inline]
    fn admitted(self, reads: Reads) -> Option<Self> {
        let read = |used: bool, x: f64| if used { admit(x) } else { Some(x) };
        Some(Self {
            open: read(reads.open, self.open)?,
            high: read(reads.high, self.high)?,
            low: read(reads.low, self.low)?,
            close: read(reads.close, self.close)?,
            volume: read(reads.volume, self.volume)?,
        })
    }

    #[inline(always)]
    fn margin(self, reads: Reads) -> i64 {
        let of = |used: bool, x: f64| if used { margin(x) } else { 0 };
        of(reads.open, self.open)
            | of(reads.high, self.high)
            | of(reads.low, self.low)
            | of(reads.close, self.close)
            | of(reads.volume, self.volume)
    }

    fn len(columns: Candles<'_>) -> usize {
        columns.len()
    }

    #[inline(always)]
    fn at(columns: Candles<'_>, i: usize) -> Self {
        Self {
            open: columns.open[i],
            high: columns.high[i],
            low: columns.low[i],
            close: columns.close[i],
            volume: columns.volume[i],
        }
    }

    #[inline(always)]
    fn part<'a>(columns: Self::Columns<'a>, at: usize, end: usize) -> Self::Columns<'a> {
        crate::sweep::part(columns, at, end)
    }

    fn admissible(c: Candles<'_>, reads: Reads) -> bool {
        match (reads.open, reads.close, reads.volume) {
            (true, ..) if !reads.high => sound([c.open, c.close]),
            (true, ..) => sound([c.open, c.high, c.low, c.close]),
            (_, false, false) => sound([c.high, c.low]),
            (_, true, false) => sound([c.high, c.low, c.close]),
            (_, false, true) => sound([c.high, c.low, c.volume]),
            (_, true, true) => sound([c.high, c.low, c.close, c.volume]),
        }
    }
}

impl Admit for TimedOhlcv {
    /// Candles and their open times.
    type Columns<'a> = (Candles<'a>, &'a [i64]);

    #[inline]
    fn admitted(self, reads: Reads) -> Option<Self> {
        Some(Self { ohlcv: self.ohlcv.admitted(reads)?, ..self })
    }

    #[inline(always)]
    fn margin(self, reads: Reads) -> i64 {
        self.ohlcv.margin(reads)
    }

    fn len(columns: Self::Columns<'_>) -> usize {
        columns.0.len().min(columns.1.len())
    }

    #[inline(always)]
    fn at(columns: Self::Columns<'_>, i: usize) -> Self {
        Self { open_time: columns.1[i], ohlcv: Ohlcv::at(columns.0, i) }
    }

    #[inline(always)]
    fn part<'a>(columns: Self::Columns<'a>, at: usize, end: usize) -> Self::Columns<'a> {
        (Ohlcv::part(columns.0, at, end), &columns.1[at..end])
    }

    fn admissible(columns: Self::Columns<'_>, reads: Reads) -> bool {
        Ohlcv::admissible(columns.0, reads)
    }
}
