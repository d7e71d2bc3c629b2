//! Equity at the end of UTC days and months.

use std::time::Duration;

use qtp_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::CurvePoint;

const DAY: i64 = 86_400_000_000_000;

/// Which days a market trades: how daily figures become yearly ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// Every day, 365 a year.
    #[default]
    Every,
    /// Exchange sessions, 252 a year.
    Sessions,
}

impl DayCount {
    /// Days a year.
    pub const fn per_year(self) -> f64 {
        match self {
            Self::Every => 365.0,
            Self::Sessions => 252.0,
        }
    }
}

/// The return of one UTC month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MonthReturn {
    /// Year.
    pub year: i32,
    /// Month, from 1 to 12.
    pub month: u32,
    /// Share of the equity at its start.
    pub value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct MonthClose {
    year: i32,
    month: u32,
    close: f64,
}

/// Closes of the days that are over. The running day is added when somebody reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DayCloses {
    count: DayCount,
    /// Last instant of the running day, in nanoseconds.
    end: i64,
    closes: Vec<f64>,
    months: Vec<MonthClose>,
}

impl DayCloses {
    pub(super) const fn new(count: DayCount) -> Self {
        Self { count, end: i64::MIN, closes: Vec::new(), months: Vec::new() }
    }

    pub(super) const fn count(&self) -> DayCount {
        self.count
    }

    #[inline]
    pub(super) const fn is_over(&self, time: Timestamp) -> bool {
        time.as_nanos() > self.end
    }

    /// Ends the running day with its last mark, and begins the day that holds `time`.
    pub(super) fn turn(&mut self, time: Timestamp, last: Option<CurvePoint>) {
        if let Some(last) = last {
            self.closes.push(last.value);
            add_month(&mut self.months, last);
        }
        let start = (time - Duration::from_nanos(1)).as_nanos().div_euclid(DAY);
        self.end = start.saturating_add(1).saturating_mul(DAY);
    }

    pub(super) fn closes(&self, last: Option<CurvePoint>) -> Vec<f64> {
        self.closes.iter().copied().chain(last.map(|last| last.value)).collect()
    }

    pub(super) fn months(&self, initial: f64, last: Option<CurvePoint>) -> Vec<MonthReturn> {
        let mut months = self.months.clone();
        if let Some(last) = last {
            add_month(&mut months, last);
        }
        let mut base = initial;
        let mut returns = Vec::with_capacity(months.len());
        for MonthClose { year, month, close } in months {
            let value = if base > 0.0 { close / base - 1.0 } else { 0.0 };
            returns.push(MonthReturn { year, month, value });
            base = close;
        }
        returns
    }
}

fn add_month(months: &mut Vec<MonthClose>, point: CurvePoint) {
    let (year, month, _) = (point.time - Duration::from_nanos(1)).date();
    match months.last_mut() {
        Some(last) if (last.year, last.month) == (year, month) => last.close = point.value,
        _ => months.push(MonthClose { year, month, close: point.value }),
    }
}
