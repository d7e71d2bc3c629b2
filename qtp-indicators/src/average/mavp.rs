//! Moving average with a period that varies.

use serde::{Deserialize, Serialize};

use super::ma::Ma;
use crate::{
    Source, SpecError,
    error::{MAX_PERIOD, check_integer, check_period},
    node::{Gate, Node, Skip, indicator},
    registry::{Entry, ParamInfo, REAL, pair},
};

/// One average per period, all fed; the second input chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bank {
    min: usize,
    averages: Vec<(Skip<f64>, Ma)>,
}

/// Most cells that the windows of a bank may have together.
const MAX_CELLS: usize = 4_000_000;

impl Bank {
    pub(crate) fn new(min: usize, max: usize, kind: usize) -> Result<Self, SpecError> {
        let min = check_period("minperiod", min, 1)?;
        let max = check_integer("maxperiod", max, min, MAX_PERIOD)?;
        let cells = (max - min + 1).saturating_mul(max);
        if cells > MAX_CELLS {
            let (value, largest) = (max as f64, (MAX_CELLS / max).saturating_add(min) as f64);
            return Err(SpecError::OutOfRange {
                at: None,
                name: "maxperiod",
                value,
                min: min as f64,
                max: largest,
            });
        }
        let longest = Ma::new(max, kind, 0)?.warmup();
        let average = |n| {
            let average = Ma::new(n, kind, 0)?;
            Ok((Skip::new(longest - average.warmup()), average))
        };
        Ok(Self { min, averages: (min..=max).map(average).collect::<Result<_, SpecError>>()? })
    }

    /// Which average a period chooses: cut to a whole number and to the range.
    fn choice(&self, period: f64) -> usize {
        let last = self.averages.len() - 1;
        let above = period - self.min as f64;
        if above >= last as f64 {
            last
        } else if above > 0.0 {
            above as usize
        } else {
            0
        }
    }
}

impl Node for Bank {
    type In = (f64, f64);
    type Out = f64;

    fn next(&mut self, (x, period): (f64, f64)) -> Option<f64> {
        let choice = self.choice(period);
        let mut chosen = None;
        for (i, (skip, average)) in self.averages.iter_mut().enumerate() {
            let out = skip.next(x).and_then(|x| average.next(x));
            if i == choice {
                chosen = out;
            }
        }
        // All are warm together.
        chosen
    }

    fn peek(&self, (x, period): (f64, f64)) -> Option<f64> {
        let (skip, average) = self.averages.get(self.choice(period))?;
        average.peek(skip.peek(x)?)
    }

    fn warmup(&self) -> usize {
        self.averages.last().map_or(1, |(_, average)| average.warmup())
    }

    fn reset(&mut self) {
        for (skip, average) in &mut self.averages {
            skip.reset();
            average.reset();
        }
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some((input, periods)) = gate.all() else { return };
        let (column, first) = (crate::sweep::one(out), self.warmup() - 1);
        crate::sweep::chill(column, first);
        let mut used = vec![false; self.averages.len()];
        for period in periods.iter().skip(first) {
            used[self.choice(*period)] = true;
        }
        let mut line = vec![0.0; input.len()];
        for (k, (skip, average)) in self.averages.iter().enumerate().filter(|(k, _)| used[*k]) {
            let skipped = (skip.warmup() - 1).min(input.len());
            average.clone().batch(&Gate::open(&input[skipped..]), &mut [&mut line[skipped..]]);
            for i in first..input.len() {
                if self.choice(periods[i]) == k {
                    column[i] = line[i];
                }
            }
        }
    }
}

indicator! {
    /// Moving average of kind `kind` (see [`MovingAverage`](super::MovingAverage)) whose period is the second input, cut
    /// to `min..=max`.
    ///
    /// It keeps one average per period in the range, so `(max - min + 1) * max` may be at most 4,000,000.
    Mavp(min: usize, max: usize, kind: usize) = Bank::new => Bank, (f64, f64) => f64;
    mavp((&[f64], &[f64])) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.mavp",
    "TA-Lib MAVP: moving average with the period of each candle read from a second series",
    &[
        ParamInfo::integer("minperiod", 1, 2),
        ParamInfo::integer("maxperiod", 1, 30),
        ParamInfo::matype("matype", 0),
        ParamInfo::source("periods", Source::Volume),
    ],
    REAL,
    "that of the longest average",
    |args| Ok(pair(Bank::new(args.count(0), args.count(1), args.count(2))?, args.source(), args.series(3))),
)];
