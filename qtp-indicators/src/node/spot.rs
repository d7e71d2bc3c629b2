//! The largest or smallest of a window, with its position.

use serde::{Deserialize, Serialize};

use super::extreme::{NOTHING, Side};

/// An extreme, and its index counted from the first input ever.
type Found = (f64, u64);

/// Where the extreme of a window stands; laps as of [`Extreme`](super::Extreme).
///
/// Of equal inputs the last one counts, except that with `first` set the oldest counts once the one that counted has left
/// the window: this is how TA-Lib's rescan decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub(crate) struct Spot {
    side: Side,
    first: bool,
    /// As the cells of an [`Extreme`](super::Extreme).
    cells: Vec<Found>,
    next: usize,
    /// The extreme of this lap.
    lap: Found,
    /// Inputs taken.
    count: u64,
    /// What counted last; kept with `first` only.
    held: Found,
}

impl Spot {
    /// Of equal inputs the last one counts.
    pub(crate) fn new(side: Side, n: usize) -> Self {
        let nothing = (NOTHING, 0);
        let cells = vec![nothing; n.max(1) + 1];
        Self { side, first: false, cells, next: 0, lap: nothing, count: 0, held: nothing }
    }

    /// TA-Lib's `MAXINDEX` and `MININDEX`.
    pub(crate) fn rescanning(side: Side, n: usize) -> Self {
        Self { first: true, ..Self::new(side, n) }
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn n(&self) -> usize {
        self.cells.len() - 1
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { first: self.first, ..Self::new(self.side, self.n()) };
    }

    /// The one that counts of an older and a newer.
    #[inline(always)]
    fn pick(&self, older: Found, newer: Found) -> Found {
        let newest = if self.first { newer.0 > older.0 } else { newer.0 >= older.0 };
        if newest { newer } else { older }
    }

    /// The extremes of this lap and of the window once `x` has come.
    #[inline(always)]
    fn find(&self, x: f64) -> (Found, Found) {
        let newest = (x * self.side.sign(), self.count);
        let lap = self.pick(self.lap, newest);
        let extreme = self.pick(self.cells[self.next + 1], lap);
        let n = self.n() as u64;
        if self.first && self.count >= n && self.held.1 + n > self.count {
            return (lap, if newest.0 >= self.held.0 { newest } else { self.held });
        }
        (lap, extreme)
    }

    /// The output once the window is full.
    fn warm(&self, count: u64, (extreme, index): Found) -> Option<Found> {
        (count >= self.n() as u64).then(|| (extreme * self.side.sign(), index))
    }

    /// Takes an input; the extreme and its index once the window is full.
    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> Option<Found> {
        (self.lap, self.held) = self.find(x);
        self.cells[self.next] = (x * self.side.sign(), self.count);
        self.next += 1;
        self.count += 1;
        if self.next == self.n() {
            self.close_lap();
        }
        self.warm(self.count, self.held)
    }

    /// What `push` would return.
    #[inline]
    pub(crate) fn look(&self, x: f64) -> Option<Found> {
        self.warm(self.count + 1, self.find(x).1)
    }

    #[inline(never)]
    fn close_lap(&mut self) {
        let mut found = (NOTHING, 0);
        (self.next, self.lap) = (0, found);
        for i in (0..self.cells.len()).rev() {
            found = self.pick(self.cells[i], found);
            self.cells[i] = found;
        }
    }
}

/// The stored form, not yet known to be consistent.
#[derive(Deserialize)]
struct Raw {
    side: Side,
    first: bool,
    cells: Vec<Found>,
    next: usize,
    lap: Found,
    count: u64,
    held: Found,
}

impl TryFrom<Raw> for Spot {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let late = |found: &Found| found.1 > raw.count;
        if raw.next + 1 >= raw.cells.len()
            || raw.count > u64::MAX / 2
            || raw.cells.iter().chain([&raw.lap, &raw.held]).any(late)
        {
            return Err("positions of an extreme do not fit its window");
        }
        let Raw { side, first, cells, next, lap, count, held } = raw;
        Ok(Self { side, first, cells, next, lap, count, held })
    }
}
