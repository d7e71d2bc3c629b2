//! Curves of bounded size that keep every extreme a chart can show.

use qtp_core::{Ohlcv, Timestamp};
use serde::{Deserialize, Serialize};

/// Two points a bucket, plus the first and the last one, stay within 4,096.
const BUCKETS: usize = 2047;
/// More candles than this are narrower than a pixel.
const CANDLES: usize = 1024;

/// A value at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct CurvePoint {
    /// When.
    pub time: Timestamp,
    /// How much.
    pub value: f64,
}

/// A curve of at most 4,096 points, whatever was pushed.
///
/// Each bucket of equally many marks keeps its lowest and highest one, in their order. A bucket's width
/// doubles when the room is used up. The first and last mark and the overall extremes are always kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Curve {
    buckets: Vec<Bucket>,
    running: Bucket,
    filled: u64,
    width: u64,
    first: CurvePoint,
    last: CurvePoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Bucket {
    low: CurvePoint,
    high: CurvePoint,
}

impl Curve {
    /// Adds a mark. Times must not decrease.
    #[inline]
    pub fn push(&mut self, time: Timestamp, value: f64) {
        let point = CurvePoint { time, value };
        self.last = point;
        if self.filled == self.width {
            self.begin(point);
        } else if value < self.running.low.value {
            self.running.low = point;
        } else if value > self.running.high.value {
            self.running.high = point;
        }
        self.filled += 1;
    }

    /// The points in the order of time, at most 4,096.
    pub fn points(&self) -> Vec<CurvePoint> {
        let mut points = Vec::with_capacity(2 * self.buckets.len() + 4);
        let mut add = |point: CurvePoint| {
            if points.last() != Some(&point) {
                points.push(point);
            }
        };
        if self.width == 0 {
            return points;
        }
        add(self.first);
        for bucket in self.buckets.iter().chain([&self.running]) {
            let rising = bucket.low.time <= bucket.high.time;
            let (one, two) = if rising { (bucket.low, bucket.high) } else { (bucket.high, bucket.low) };
            add(one);
            add(two);
        }
        add(self.last);
        points
    }

    fn begin(&mut self, point: CurvePoint) {
        if self.width == 0 {
            self.width = 1;
            self.first = point;
        } else {
            self.buckets.push(self.running);
        }
        // One bucket is running, so the stored ones stay one below the limit.
        if self.buckets.len() + 1 >= BUCKETS {
            self.halve();
        }
        self.running = Bucket { low: point, high: point };
        self.filled = 0;
    }

    fn halve(&mut self) {
        let merged = self.buckets.chunks(2).filter_map(|pair| {
            let first = *pair.first()?;
            let second = pair.get(1).copied().unwrap_or(first);
            let low = if second.low.value < first.low.value { second.low } else { first.low };
            let high = if second.high.value > first.high.value { second.high } else { first.high };
            Some(Bucket { low, high })
        });
        self.buckets = merged.collect();
        self.width *= 2;
    }
}

/// Open, high, low and close over an interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct OhlcPoint {
    /// First instant.
    pub time: Timestamp,
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

/// Candles of bounded number: neighbours merge when there are more than 1,024.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CandleCurve {
    points: Vec<OhlcPoint>,
    filled: u64,
    width: u64,
}

impl CandleCurve {
    /// Adds a candle that opened at `time`. Times must not decrease.
    #[inline]
    pub fn push(&mut self, time: Timestamp, candle: &Ohlcv) {
        let Ohlcv { open, high, low, close, .. } = *candle;
        if self.filled == self.width {
            self.begin(OhlcPoint { time, open, high, low, close });
        } else if let Some(point) = self.points.last_mut() {
            point.high = if high > point.high { high } else { point.high };
            point.low = if low < point.low { low } else { point.low };
            point.close = close;
        }
        self.filled += 1;
    }

    /// The candles, oldest first, at most 1,024.
    pub fn points(&self) -> &[OhlcPoint] {
        &self.points
    }

    /// How many pushed candles one point holds.
    pub const fn width(&self) -> u64 {
        self.width
    }

    fn begin(&mut self, point: OhlcPoint) {
        self.width = self.width.max(1);
        if self.points.len() >= CANDLES {
            let merged = self.points.chunks(2).filter_map(|pair| {
                let mut first = *pair.first()?;
                if let Some(second) = pair.get(1) {
                    first.high = first.high.max(second.high);
                    first.low = first.low.min(second.low);
                    first.close = second.close;
                }
                Some(first)
            });
            self.points = merged.collect();
            self.width *= 2;
        }
        self.points.push(point);
        self.filled = 0;
    }
}
