//! Hurst exponent by rescaled range.
//!
//! Source: H. Hurst, *Long-term Storage Capacity of Reservoirs*, 1951; chunks halved as is usual for prices.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Node, Previous, composite, indicator, log_ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
    window::Window,
};

/// Smallest chunk, and how often a window is halved at most.
const SMALLEST: usize = 8;
const HALVINGS: u32 = 5;

/// Rescaled-range slope of a window of changes. An update reads the window some times: O(period).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Changes {
    window: Window,
}

impl Changes {
    fn new(n: usize) -> Self {
        Self { window: Window::new(n) }
    }

    /// Range of the cumulative deviations per standard deviation; `None` in a flat chunk.
    fn rescaled(&self, newest: f64, from: usize, size: usize) -> Option<f64> {
        let chunk = || self.window.iter_with(newest).skip(from).take(size);
        let mean = chunk().fold(0.0, |sum, x| sum + x) / size as f64;
        let (mut sum, mut squares) = (0.0, 0.0);
        let (mut low, mut high) = (0.0_f64, 0.0_f64);
        for x in chunk() {
            let away = x - mean;
            sum += away;
            squares += away * away;
            (low, high) = (low.min(sum), high.max(sum));
        }
        let deviation = libm::sqrt(squares / size as f64);
        (deviation > 0.0).then(|| (high - low) / deviation)
    }

    /// Slope of the logarithm of the mean rescaled range over that of the chunk's size.
    fn slope(&self, newest: f64) -> f64 {
        let n = self.window.capacity();
        let mut sums = Fit::default();
        for chunks in (0..=HALVINGS).map(|k| 1_usize << k).take_while(|chunks| n / chunks >= SMALLEST) {
            let size = n / chunks;
            let start = n - size * chunks;
            let (mut total, mut count) = (0.0, 0.0);
            for chunk in 0..chunks {
                if let Some(rescaled) = self.rescaled(newest, start + chunk * size, size) {
                    total += rescaled;
                    count += 1.0;
                }
            }
            if total > 0.0 {
                sums.add(libm::log10(size as f64), libm::log10(total / count));
            }
        }
        sums.slope().unwrap_or(0.5)
    }
}

/// Sums of a least-squares line.
#[derive(Debug, Clone, Copy, Default)]
struct Fit {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Fit {
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
    }

    fn slope(&self) -> Option<f64> {
        let spread = self.xx - self.x * self.x / self.n;
        (self.n >= 2.0 && spread > 0.0).then(|| (self.xy - self.x * self.y / self.n) / spread)
    }
}

impl Node for Changes {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let out = self.peek(x);
        self.window.push(x);
        out
    }

    fn peek(&self, x: f64) -> Option<f64> {
        self.window.fills().then(|| self.slope(x))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

/// Of the logarithmic changes of a price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exponent {
    previous: Previous<f64>,
    changes: Changes,
}

impl Node for Exponent {
    type In = f64;
    type Out = f64;

    composite!({ previous, changes } (x: f64) -> f64 {
        let last = previous.feed(x)?;
        changes.feed(log_ratio(x, last))
    });

    fn warmup(&self) -> usize {
        self.changes.warmup() + 1
    }
}

indicator! {
    /// Hurst exponent over `period` logarithmic changes (16 to 100,000): above 0.5 the price trends, below it reverts.
    ///
    /// Slope of the rescaled range over the size of the chunk, on logarithmic scales, for the window in 1, 2, 4, ... 32
    /// chunks of at least 8 changes. 0.5 where the price does not move. An update reads the whole window some times.
    Hurst(period: usize) = |period| {
        let changes = Changes::new(check_period("period", period, 2 * SMALLEST)?);
        Ok(Exponent { previous: Previous::default(), changes })
    } => Exponent, f64 => f64;
    hurst(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "hurst",
    "Hurst exponent: whether the price trends (above 0.5) or reverts (below)",
    &[ParamInfo::integer("period", 2 * SMALLEST as u32, 100)],
    &[OutputInfo::new("hurst", "about 0 to 1")],
    "period + 1",
    |args| Ok(over(Hurst::new(args.count(0))?.0.node, args.source())),
)];
