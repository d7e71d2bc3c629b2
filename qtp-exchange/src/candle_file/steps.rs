//! The steps between the rows of a file, and what they say of its timeframe.

use std::collections::BTreeMap;

use qtp_core::{Timeframe, Timestamp};

use super::error::Problem;

/// How often each step between two rows occurs.
#[derive(Debug, Default)]
pub(super) struct Steps {
    previous: Option<Timestamp>,
    /// The first step, counted apart: nearly all steps of nearly all files are this one.
    usual: i64,
    usual_count: u64,
    others: BTreeMap<i64, u64>,
}

impl Steps {
    #[inline]
    pub(super) fn push(&mut self, time: Timestamp) {
        if let Some(previous) = self.previous {
            let step = time.as_nanos() - previous.as_nanos();
            if self.usual_count == 0 {
                self.usual = step;
            }
            if step == self.usual {
                self.usual_count += 1;
            } else {
                *self.others.entry(step).or_default() += 1;
            }
        }
        self.previous = Some(time);
    }

    /// The first step, in nanoseconds, once there are two rows.
    pub(super) fn first(&self) -> Option<i64> {
        (self.usual_count > 0).then_some(self.usual)
    }

    fn all(&self) -> impl Iterator<Item = (i64, u64)> {
        let usual = self.first().map(|step| (step, self.usual_count));
        self.others.iter().map(|(step, count)| (*step, *count)).chain(usual)
    }

    /// The named timeframe, else the most frequent step; the smaller of two that are equally frequent.
    pub(super) fn timeframe(&self, named: Option<Timeframe>) -> Result<Timeframe, Problem> {
        let usual = self.all().max_by_key(|(step, count)| (*count, -*step)).map(|(step, _)| step);
        match (named, usual) {
            (Some(given), Some(step)) if step < given.as_nanos() => match Timeframe::from_nanos(step) {
                Ok(step) => Err(Problem::TimeframeTooWide { given, step }),
                Err(_) => Ok(given),
            },
            (Some(given), _) => Ok(given),
            (None, None) => Err(Problem::NoTimeframe { why: "there is only one" }),
            (None, Some(step)) => Timeframe::from_nanos(step).map_err(|_| Problem::NoTimeframe {
                why: "the usual step is not a whole number of milliseconds",
            }),
        }
    }

    /// Missing candles, and steps that are not a whole number of timeframes.
    pub(super) fn gaps(&self, timeframe: Timeframe) -> (u64, u64) {
        let width = timeframe.as_nanos();
        self.all().fold((0, 0), |(missing, irregular), (step, count)| {
            let between = u64::try_from(step / width - 1).unwrap_or(0);
            (missing + count * between, irregular + if step % width == 0 { 0 } else { count })
        })
    }
}
