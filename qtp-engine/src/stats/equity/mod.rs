//! The equity curve, marked at candle closes.

mod curve;
mod daily;
mod drawdown;

use qtp_core::Timestamp;
use serde::{Deserialize, Serialize};

pub use curve::{CandleCurve, Curve, CurvePoint, OhlcPoint};
use daily::DayCloses;
pub use daily::{DayCount, MonthReturn};
pub use drawdown::Drawdown;
use drawdown::DrawdownTracker;

/// Sharpe and Sortino say nothing below this many days.
const MIN_DAYS: usize = 20;

/// Streaming statistics of equity: one call a candle, a few nanoseconds each.
///
/// Deposits and withdrawals are outside profit: statistics run on equity less what was paid in since the
/// start. Nothing depends on anything but the calls, in their order.
///
/// ```
/// use qtp_core::Timestamp;
/// use qtp_engine::stats::{DayCount, EquityStats};
/// let mut stats = EquityStats::new(Timestamp::from_secs(0), 1000.0, DayCount::Every);
/// stats.on_equity(Timestamp::from_secs(3600), 1100.0);
/// stats.on_equity(Timestamp::from_secs(7200), 990.0);
/// assert!((stats.drawdown().fraction - 0.1).abs() < 1e-12);
/// assert!((stats.total_return() + 0.01).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityStats {
    initial: f64,
    start: Timestamp,
    paid_in: f64,
    marks: u64,
    last: CurvePoint,
    drawdown: DrawdownTracker,
    bankrupt_at: Option<Timestamp>,
    days: DayCloses,
    curve: Curve,
    hold: Hold,
}

/// Buying at the first close and holding.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Hold {
    first: Option<f64>,
    last: f64,
    curve: Curve,
}

impl EquityStats {
    /// Starts at an instant with an equity. `days` says how the ratios are annualised.
    pub fn new(start: Timestamp, initial: f64, days: DayCount) -> Self {
        let mut curve = Curve::default();
        curve.push(start, initial);
        Self {
            initial,
            start,
            paid_in: 0.0,
            marks: 0,
            last: CurvePoint { time: start, value: initial },
            drawdown: DrawdownTracker::new(start, initial),
            bankrupt_at: (initial <= 0.0).then_some(start),
            days: DayCloses::new(days),
            curve,
            hold: Hold::default(),
        }
    }

    /// Marks the equity at a candle's close. Times must not decrease. Not a number is passed over.
    #[inline]
    pub fn on_equity(&mut self, time: Timestamp, equity: f64) {
        let value = equity - self.paid_in;
        if value.is_nan() {
            return;
        }
        if self.days.is_over(time) {
            self.days.turn(time, (self.marks > 0).then_some(self.last));
        }
        self.marks += 1;
        self.last = CurvePoint { time, value };
        if self.drawdown.on_mark(time, value) && value <= 0.0 && self.bankrupt_at.is_none() {
            self.bankrupt_at = Some(time);
        }
        self.curve.push(time, value);
    }

    /// Marks the price that buy-and-hold is measured by, at the same instants as the equity.
    #[inline]
    pub fn on_close(&mut self, time: Timestamp, price: f64) {
        if price.is_nan() {
            return;
        }
        if self.hold.first.is_none() {
            self.hold.first = Some(price);
        }
        self.hold.last = price;
        self.hold.curve.push(time, price);
    }

    /// Takes a deposit (above zero) or withdrawal out of the statistics. Call it when the money moves.
    pub fn on_cash_flow(&mut self, amount: f64) {
        self.paid_in += amount;
    }

    /// Equity at the start.
    pub const fn initial(&self) -> f64 {
        self.initial
    }

    /// Last equity, what was paid in included.
    pub fn last(&self) -> f64 {
        self.last.value + self.paid_in
    }

    /// What was paid in since the start, less what was withdrawn.
    pub const fn paid_in(&self) -> f64 {
        self.paid_in
    }

    /// Number of marks.
    pub const fn marks(&self) -> u64 {
        self.marks
    }

    /// The instant of the start.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The instant of the last mark.
    pub const fn last_time(&self) -> Timestamp {
        self.last.time
    }

    /// Change of equity without cash flows, as a share of the initial equity.
    pub fn total_return(&self) -> f64 {
        self.last.value / self.initial - 1.0
    }

    /// Return of buying at the first close; `None` if no price was given.
    pub fn buy_and_hold_return(&self) -> Option<f64> {
        self.hold.first.filter(|first| *first > 0.0).map(|first| self.hold.last / first - 1.0)
    }

    /// The deepest fall from a peak, as a share of the peak.
    pub const fn drawdown(&self) -> Drawdown {
        self.drawdown.worst()
    }

    /// The first mark at or below zero.
    pub const fn bankrupt_at(&self) -> Option<Timestamp> {
        self.bankrupt_at
    }

    /// How days are counted.
    pub const fn day_count(&self) -> DayCount {
        self.days.count()
    }

    /// Equity at the end of each UTC day that had a mark. A mark at midnight belongs to the day before:
    /// it is the close of that day's last candle.
    pub fn daily_closes(&self) -> Vec<f64> {
        self.days.closes((self.marks > 0).then_some(self.last))
    }

    /// Annualised mean over sample deviation of the returns from daily close to daily close, at no
    /// risk-free rate (Sharpe 1994). `None` under 20 days or without variation.
    pub fn sharpe(&self) -> Option<f64> {
        let returns = self.daily_returns()?;
        let mean = mean(&returns);
        let squares: f64 = returns.iter().map(|r| (r - mean) * (r - mean)).sum();
        let deviation = (squares / (returns.len() - 1) as f64).sqrt();
        ratio(mean, deviation, self.day_count())
    }

    /// As [`EquityStats::sharpe`], over the root of the mean square of the returns below zero, all days
    /// counted (Sortino and Price 1994, target 0).
    pub fn sortino(&self) -> Option<f64> {
        let returns = self.daily_returns()?;
        let squares: f64 = returns.iter().map(|r| r.min(0.0)).map(|r| r * r).sum();
        let deviation = (squares / returns.len() as f64).sqrt();
        ratio(mean(&returns), deviation, self.day_count())
    }

    /// Return of each UTC month that had a mark, the first one against the initial equity.
    pub fn months(&self) -> Vec<MonthReturn> {
        self.days.months(self.initial, (self.marks > 0).then_some(self.last))
    }

    /// The equity curve for charts, without cash flows: at most 4,096 points, extremes kept.
    pub fn curve(&self) -> Vec<CurvePoint> {
        self.curve.points()
    }

    /// What buying at the first close for the initial equity would have been worth.
    pub fn hold_curve(&self) -> Vec<CurvePoint> {
        let Some(first) = self.hold.first.filter(|first| *first > 0.0) else { return Vec::new() };
        let scale = self.initial / first;
        let points = self.hold.curve.points();
        points.into_iter().map(|p| CurvePoint { time: p.time, value: p.value * scale }).collect()
    }

    /// Returns from daily close to daily close; `None` under 20 days.
    pub fn daily_returns(&self) -> Option<Vec<f64>> {
        let closes = self.daily_closes();
        let solvent = closes.iter().take_while(|close| **close > 0.0).count();
        // The fall into bankruptcy counts; what follows has no base to be measured against.
        let counted = closes.get(..closes.len().min(solvent + 1)).filter(|days| days.len() >= MIN_DAYS)?;
        Some(counted.windows(2).filter_map(|pair| Some(pair.get(1)? / pair.first()? - 1.0)).collect())
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn ratio(mean: f64, deviation: f64, days: DayCount) -> Option<f64> {
    let value = mean / deviation * days.per_year().sqrt();
    (deviation > 0.0 && value.is_finite()).then_some(value)
}
