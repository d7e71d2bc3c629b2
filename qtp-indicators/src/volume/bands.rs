//! Volume-weighted average price with bands: by session, from an anchor, over a window.

use qtp_core::Ohlcv;
use serde::{Deserialize, Serialize};

use crate::{
    Session, SpecError, TimedOhlcv,
    error::{check_deviations, check_period, check_real},
    node::{Feed, Node, Reads, Sum, composite, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, node, timed_candles},
};

/// Average and spread of prices, each weighed by its volume.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Weighed {
    turnover: f64,
    volume: f64,
    /// Sum of volume times squared distance from the mean.
    spread: f64,
    mean: f64,
}

impl Weighed {
    /// Takes a candle; average and standard deviation.
    fn add(&mut self, c: &Ohlcv) -> (f64, f64) {
        let typical = (c.high + c.low + c.close) / 3.0;
        self.turnover += typical * c.volume;
        self.volume += c.volume;
        let average = self.turnover / self.volume;
        if !average.is_finite() || self.volume <= 0.0 {
            return (typical, 0.0);
        }
        // Distances from the old and the new mean: neither squares the price, and a lone price has none.
        let away = typical - self.mean;
        self.mean += (c.volume / self.volume) * away;
        self.spread += c.volume * away * (typical - self.mean);
        let variance = self.spread / self.volume;
        (average, if variance.is_finite() { libm::sqrt(variance.max(0.0)) } else { 0.0 })
    }
}

fn around((average, deviation): (f64, f64), factor: f64) -> [f64; 3] {
    let width = factor * deviation;
    [average, average + width, average - width]
}

/// Sums that start afresh with every session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct BySession {
    session: Session,
    factor: f64,
    number: Option<i64>,
    sums: Weighed,
}

impl BySession {
    fn new(session: Session, deviations: f64) -> Result<Self, SpecError> {
        let factor = check_deviations("deviations", deviations)?;
        Ok(Self { session, factor, number: None, sums: Weighed::default() })
    }
}

impl Node for BySession {
    type In = TimedOhlcv;
    type Out = [f64; 3];

    const READS: Reads = Reads::HLCV;

    fn next(&mut self, input: TimedOhlcv) -> Option<[f64; 3]> {
        let number = self.session.number(input.open_time);
        if self.number.replace(number) != Some(number) {
            self.sums = Weighed::default();
        }
        Some(around(self.sums.add(&input.ohlcv), self.factor))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        (self.number, self.sums) = (None, Weighed::default());
    }
}

/// Sums from the first candle that opens at or after a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct FromAnchor {
    /// Nanoseconds since 1970-01-01.
    anchor: i64,
    factor: f64,
    /// Candles before the anchor.
    waited: usize,
    anchored: bool,
    sums: Weighed,
}

/// Largest anchor: the year 2262, where nanoseconds end.
const LATEST: f64 = 9.2e9;

impl FromAnchor {
    fn new(anchor: f64, deviations: f64) -> Result<Self, SpecError> {
        let anchor = (check_real("anchor", anchor, 0.0, LATEST)? * 1e9) as i64;
        let factor = check_deviations("deviations", deviations)?;
        Ok(Self { anchor, factor, waited: 0, anchored: false, sums: Weighed::default() })
    }
}

impl Node for FromAnchor {
    type In = TimedOhlcv;
    type Out = [f64; 3];

    const READS: Reads = Reads::HLCV;

    fn next(&mut self, input: TimedOhlcv) -> Option<[f64; 3]> {
        if !self.anchored && input.open_time < self.anchor {
            self.waited += 1;
            return None;
        }
        self.anchored = true;
        Some(around(self.sums.add(&input.ohlcv), self.factor))
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        // While the anchor has not come, the next candle may be the first.
        self.waited + 1
    }

    fn reset(&mut self) {
        (self.waited, self.anchored, self.sums) = (0, false, Weighed::default());
    }
}

/// Sums over a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rolling {
    turnover: Sum,
    volume: Sum,
    squares: Sum,
    factor: f64,
}

impl Rolling {
    fn new(period: usize, deviations: f64) -> Result<Self, SpecError> {
        let sum = Sum::new(check_period("period", period, 1)?);
        let factor = check_deviations("deviations", deviations)?;
        Ok(Self { turnover: sum.clone(), volume: sum.clone(), squares: sum, factor })
    }
}

impl Node for Rolling {
    type In = Ohlcv;
    type Out = [f64; 3];

    const READS: Reads = Reads::HLCV;

    composite!({ turnover, volume, squares } with { factor } (c: Ohlcv) -> [f64; 3] {
        let typical = (c.high + c.low + c.close) / 3.0;
        let turned = typical * c.volume;
        let (turnover, volume) = (turnover.feed(turned), volume.feed(c.volume));
        let squares = squares.feed(turned * typical);
        let (turnover, volume, squares) = (turnover?, volume?, squares?);
        let average = turnover / volume;
        if volume <= 0.0 || !average.is_finite() {
            return Some([typical; 3]);
        }
        let variance = squares / volume - average * average;
        // Below the rounding of the squares there is no spread.
        let real = variance.is_finite() && variance > 1e-13 * (average * average);
        let deviation = if real { libm::sqrt(variance) } else { 0.0 };
        Some(around((average, deviation), *factor))
    });

    fn warmup(&self) -> usize {
        self.volume.len()
    }
}

indicator! {
    /// Volume-weighted average of the typical price since the session began, `[vwap, upper, lower]`, with volume-weighted
    /// standard deviations either side. Where nothing has traded yet, all three are the typical price.
    VwapBands(session: Session, deviations: f64) = BySession::new => BySession, TimedOhlcv => [f64; 3];
    vwap_bands((crate::Candles<'_>, &[i64])) -> 3
}
indicator! {
    /// As [`VwapBands`], but from the first candle on that opens at `anchor` (seconds since 1970-01-01 UTC) or later.
    ///
    /// Before that there is no output; its warm-up is known once the anchor has come.
    VwapAnchored(anchor: f64, deviations: f64) = FromAnchor::new => FromAnchor, TimedOhlcv => [f64; 3];
    vwap_anchored((crate::Candles<'_>, &[i64])) -> 3
}
indicator! {
    /// As [`VwapBands`], but over the last `period` candles (1 to 100,000).
    ///
    /// A spread below 3e-7 of the price is beyond what the sums can tell and counts as none.
    VwapRolling(period: usize, deviations: f64) = Rolling::new => Rolling, Ohlcv => [f64; 3];
    vwap_rolling(crate::Candles<'_>) -> 3
}

const OUTPUTS: &[OutputInfo] =
    &[OutputInfo::new("vwap", "price"), OutputInfo::new("upper", "price"), OutputInfo::new("lower", "price")];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::candles(
        "vwap_bands",
        "Volume-weighted average price of the session with standard deviations either side",
        &[ParamInfo::choice("session", &Session::NAMES), ParamInfo::deviations("deviations", 1.0)],
        OUTPUTS,
        "1",
        |args| Ok(timed_candles(VwapBands::new(Session::at(args.count(0)), args.real(1))?)),
    ),
    Entry::candles(
        "vwap_anchored",
        "Volume-weighted average price from a time on, with standard deviations either side",
        &[ParamInfo::real("anchor", 0.0, LATEST, 0.0), ParamInfo::deviations("deviations", 1.0)],
        OUTPUTS,
        "the first candle at or after the anchor",
        |args| Ok(timed_candles(VwapAnchored::new(args.real(0), args.real(1))?)),
    ),
    Entry::candles(
        "vwap_rolling",
        "Volume-weighted average price over a window, with standard deviations either side",
        &[ParamInfo::integer("period", 1, 20), ParamInfo::deviations("deviations", 1.0)],
        OUTPUTS,
        "period",
        |args| Ok(node(VwapRolling::new(args.count(0), args.real(1))?.0.node)),
    ),
];
