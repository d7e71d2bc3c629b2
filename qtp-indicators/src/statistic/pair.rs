//! Correlation and slope of two series.

use serde::{Deserialize, Serialize};

use crate::{
    INPUT_LIMIT, Source,
    error::check_period,
    node::{Feed, Gate, Node, Previous, composite, indicator, is_zero, ratio},
    registry::{Entry, NUMBER, ParamInfo, pair},
    sweep::{self, REFRESH, larger},
    window::Window,
};

/// Sums of two series' deviations from anchors near their means.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Sums {
    anchor: (f64, f64),
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
    /// Largest sums of squares since the last fresh start.
    peak: (f64, f64),
}

/// Spread of the first, spread of the second, and how they move together.
#[derive(Debug, Clone, Copy)]
struct Moments {
    xx: f64,
    yy: f64,
    xy: f64,
}

/// Below this share of its peak a sum of squares has lost half its digits to what was subtracted since.
const SHRUNK: f64 = 1e-5;

impl Sums {
    fn add(&mut self, x: f64, y: f64, sign: f64) {
        let (x, y) = (x - self.anchor.0, y - self.anchor.1);
        self.x += x * sign;
        self.y += y * sign;
        self.xx += x * x * sign;
        self.yy += y * y * sign;
        self.xy += x * y * sign;
    }

    fn moments(&self, n: f64) -> Moments {
        Moments {
            xx: (self.xx - self.x * self.x / n).max(0.0),
            yy: (self.yy - self.y * self.y / n).max(0.0),
            xy: self.xy - self.x * self.y / n,
        }
    }

    fn fresh(first: &Window, second: &Window, x: f64, y: f64) -> Self {
        let n = first.capacity() as f64;
        // Measured from the newest input, so that a flat window has no spread at all.
        let mean = |window: &Window, newest: f64| {
            newest + window.iter_with(newest).fold(0.0, |sum, v| sum + (v - newest)) / n
        };
        let mut sums = Self { anchor: (mean(first, x), mean(second, y)), ..Self::default() };
        for (a, b) in first.iter_with(x).zip(second.iter_with(y)) {
            sums.add(a, b, 1.0);
        }
        sums.peak = (sums.xx, sums.yy);
        sums
    }
}

impl Sums {
    /// The sums of one window, around its means.
    fn around(xs: &[f64], ys: &[f64]) -> Self {
        // Measured from the newest input, so that a flat window has no spread at all.
        let mean = |window: &[f64]| {
            let newest = window.last().copied().unwrap_or(0.0);
            newest + window.iter().fold(0.0, |sum, v| sum + (v - newest)) / window.len() as f64
        };
        let mut sums = Self { anchor: (mean(xs), mean(ys)), ..Self::default() };
        for (x, y) in xs.iter().zip(ys) {
            sums.add(*x, *y, 1.0);
        }
        sums.peak = (sums.xx, sums.yy);
        sums
    }
}

/// The sums over one window of pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Joint {
    first: Window,
    second: Window,
    sums: Sums,
}

impl Joint {
    fn new(n: usize) -> Self {
        Self { first: Window::new(n), second: Window::new(n), sums: Sums::default() }
    }

    fn slide(&self, x: f64, y: f64) -> Sums {
        if !self.first.is_full() {
            return if self.first.fills() { Sums::fresh(&self.first, &self.second, x, y) } else { self.sums };
        }
        let mut next = self.sums;
        next.add(self.first.oldest(), self.second.oldest(), -1.0);
        next.add(x, y, 1.0);
        next.peak = (next.peak.0.max(next.xx), next.peak.1.max(next.yy));
        let Moments { xx, yy, .. } = next.moments(self.first.capacity() as f64);
        if self.first.closes_lap() || xx < next.peak.0 * SHRUNK || yy < next.peak.1 * SHRUNK {
            return Sums::fresh(&self.first, &self.second, x, y);
        }
        next
    }

    /// Spreads and product, each only where it is more than rounding.
    fn of(&self, sums: &Sums) -> (f64, f64, f64) {
        let Moments { xx, yy, xy } = sums.moments(self.first.capacity() as f64);
        let real = |spread: f64, sum: f64| if spread > 1e-14 * sum { spread } else { 0.0 };
        (real(xx, sums.xx), real(yy, sums.yy), xy)
    }
}

impl Node for Joint {
    type In = (f64, f64);
    type Out = [f64; 3];

    fn next(&mut self, (x, y): (f64, f64)) -> Option<[f64; 3]> {
        self.sums = self.slide(x, y);
        self.first.push(x);
        self.second.push(y);
        self.first.is_full().then(|| self.of(&self.sums).into())
    }

    fn peek(&self, (x, y): (f64, f64)) -> Option<[f64; 3]> {
        self.first.fills().then(|| self.of(&self.slide(x, y)).into())
    }

    fn warmup(&self) -> usize {
        self.first.capacity()
    }

    fn reset(&mut self) {
        self.first.clear();
        self.second.clear();
        self.sums = Sums::default();
    }
}

/// Calls `emit` with what [`Joint`] gives for every window of `n` pairs.
///
/// Sums are taken afresh every [`REFRESH`] inputs or two windows, and as soon as a spread has become small against its
/// squares of late.
#[inline(always)]
fn sweep_joint(n: usize, (first, second): (&[f64], &[f64]), mut emit: impl FnMut(usize, f64, f64, f64)) {
    let (count, share, step, len) =
        (n as f64, 1.0 / n as f64, REFRESH.max(2 * n), first.len().min(second.len()));
    let real = |spread: f64, sum: f64| if spread > 1e-14 * sum { spread } else { 0.0 };
    let mut at = n - 1;
    while at < len {
        let (xs, ys, end) = (&first[at + 1 - n..=at], &second[at + 1 - n..=at], (at + step).min(len));
        let mut sums = Sums::around(xs, ys);
        let Moments { xx, yy, xy } = sums.moments(count);
        emit(at, real(xx, sums.xx), real(yy, sums.yy), xy);
        let (mut peak_x, mut peak_y) = sums.peak;
        let new = first[at + 1..end].iter().zip(&second[at + 1..end]);
        let old = first[at + 1 - n..].iter().zip(&second[at + 1 - n..]);
        at += 1;
        for ((x, y), (old_x, old_y)) in new.zip(old) {
            let (x, y) = (x - sums.anchor.0, y - sums.anchor.1);
            let (old_x, old_y) = (old_x - sums.anchor.0, old_y - sums.anchor.1);
            sums.x += x - old_x;
            sums.y += y - old_y;
            sums.xx += (x - old_x) * (x + old_x);
            sums.yy += (y - old_y) * (y + old_y);
            sums.xy += x * y - old_x * old_y;
            (peak_x, peak_y) = (larger(sums.xx, peak_x), larger(sums.yy, peak_y));
            let (xx, yy) = (sums.xx - sums.x * sums.x * share, sums.yy - sums.y * sums.y * share);
            if (xx < peak_x * SHRUNK) | (yy < peak_y * SHRUNK) {
                break;
            }
            emit(at, xx, yy, sums.xy - sums.x * sums.y * share);
            at += 1;
        }
    }
}

/// Pearson's coefficient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Coefficient {
    joint: Joint,
}

impl Node for Coefficient {
    type In = (f64, f64);
    type Out = f64;

    composite!({ joint } (input: (f64, f64)) -> f64 {
        joint.feed(input).map(|[xx, yy, xy]| {
            if xx > 0.0 && yy > 0.0 { (xy / libm::sqrt(xx * yy)).clamp(-1.0, 1.0) } else { 0.0 }
        })
    });

    fn warmup(&self) -> usize {
        self.joint.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, column) = (self.joint.warmup(), sweep::one(out));
        sweep::chill(column, n - 1);
        sweep_joint(n, input, |i, xx, yy, xy| {
            let coefficient = sweep::larger(sweep::smaller(xy / (xx * yy).sqrt(), 1.0), -1.0);
            column[i] = if (xx > 0.0) & (yy > 0.0) { coefficient } else { 0.0 };
        });
    }
}

/// Slope of the second series' returns over the first's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slope {
    previous: Previous<(f64, f64)>,
    joint: Joint,
}

fn change(now: f64, before: f64) -> f64 {
    if is_zero(before) { 0.0 } else { ratio(now - before, before) }
}

impl Node for Slope {
    type In = (f64, f64);
    type Out = f64;

    composite!({ previous, joint } (input: (f64, f64)) -> f64 {
        let last = previous.feed(input)?;
        let returns = (change(input.0, last.0), change(input.1, last.1));
        joint.feed(returns).map(|[xx, _, xy]| if xx > 0.0 { xy / xx } else { 0.0 })
    });

    fn warmup(&self) -> usize {
        self.joint.warmup() + 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some((first, second)) = gate.all() else { return };
        let (n, column) = (self.joint.warmup(), sweep::one(out));
        sweep::chill(column, n);
        let len = first.len().min(second.len());
        let size = RETURNS.max(8 * n);
        let (mut x, mut y) = (vec![0.0; size + n], vec![0.0; size + n]);
        let mut at = n;
        while at < len {
            // Returns of the windows that end in this piece.
            let (start, end) = (at + 1 - n, (at + size).min(len));
            let (x, y) = (&mut x[..end - start], &mut y[..end - start]);
            sweep::map2(&first[start..end], &first[start - 1..], x, change_of);
            sweep::map2(&second[start..end], &second[start - 1..], y, change_of);
            let slots = &mut column[start..end];
            sweep_joint(n, (x, y), |i, xx, _, xy| {
                let slope = xy / xx;
                slots[i] = if xx > 0.0 { slope } else { 0.0 };
            });
            at = end;
        }
    }
}

/// Returns worked out at a time.
const RETURNS: usize = 2048;

/// [`change`] without a branch.
#[inline(always)]
fn change_of(now: f64, before: f64) -> f64 {
    let ratio = (now - before) / before;
    let ratio = sweep::larger(sweep::smaller(ratio, INPUT_LIMIT), -INPUT_LIMIT);
    if is_zero(before) { 0.0 } else { ratio }
}

indicator! {
    /// Pearson's correlation of two inputs over `period` (1 to 100,000), -1 to 1; 0 where one of them is flat.
    ///
    /// ```
    /// let mut out = [0.0; 3];
    /// qtp_indicators::statistic::correl((&[1.0, 2.0, 3.0], &[5.0, 7.0, 9.0]), 3, &mut out)?;
    /// assert_eq!(out[2], 1.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Correl(period: usize) = |period| Ok(Coefficient { joint: Joint::new(check_period("period", period, 1)?) })
        => Coefficient, (f64, f64) => f64;
    correl((&[f64], &[f64])) -> one
}
indicator! {
    /// Slope of the second input's returns over those of the first, over `period` returns (1 to 100,000).
    Beta(period: usize) = |period| {
        Ok(Slope { previous: Previous::default(), joint: Joint::new(check_period("period", period, 1)?) })
    } => Slope, (f64, f64) => f64;
    beta((&[f64], &[f64])) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "talib.correl",
        "TA-Lib CORREL: correlation of two series",
        &[
            ParamInfo::integer("timeperiod", 1, 30),
            ParamInfo::source("source0", Source::High),
            ParamInfo::source("source1", Source::Low),
        ],
        NUMBER,
        "timeperiod",
        |args| Ok(pair(Correl::new(args.count(0))?.0.node, args.series(1), args.series(2))),
    ),
    Entry::candles(
        "talib.beta",
        "TA-Lib BETA: slope of the second series' returns over those of the first",
        &[
            ParamInfo::integer("timeperiod", 1, 5),
            ParamInfo::source("source0", Source::High),
            ParamInfo::source("source1", Source::Low),
        ],
        NUMBER,
        "timeperiod + 1",
        |args| Ok(pair(Beta::new(args.count(0))?.0.node, args.series(1), args.series(2))),
    ),
];
