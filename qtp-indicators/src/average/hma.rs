//! Hull moving average.

use serde::{Deserialize, Serialize};

use super::wma::WeightedMean;
use crate::{
    error::check_period,
    node::{Feed, Gate, Node, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
    sweep::{self, REFRESH},
};

/// Weighted mean of twice the half-window mean less the whole-window mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hull {
    half: WeightedMean,
    whole: WeightedMean,
    smooth: WeightedMean,
}

impl Hull {
    pub(crate) fn new(n: usize) -> Self {
        let whole = WeightedMean::new(n);
        Self { half: WeightedMean::new((n / 2).max(1)), whole, smooth: WeightedMean::new(n.isqrt()) }
    }
}

impl Node for Hull {
    type In = f64;
    type Out = f64;

    composite!({ half, whole, smooth } (x: f64) -> f64 {
        let (half, whole) = (half.feed(x), whole.feed(x));
        smooth.feed(2.0 * half? - whole?)
    });

    fn warmup(&self) -> usize {
        self.whole.warmup() + self.smooth.warmup() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let (n, m) = (self.whole.warmup(), self.smooth.warmup());
        let (half, column) = (self.half.warmup(), sweep::one(out));
        sweep::chill(column, self.warmup() - 1);
        // One block of the de-lagged series, and the `m` before it.
        let mut series = vec![0.0; m + REFRESH];
        let mut at = n - 1;
        while at < input.len() {
            let end = (at + REFRESH).min(input.len());
            if !gate.admits(end) {
                return;
            }
            // Weighted means that start with the block; the block overlaps the last by `m - 1`.
            let start = if at == n - 1 { at } else { at + 1 - m };
            let span = &mut series[..end - start];
            sweep::roll_weighted(n, &Gate::open(&input[start + 1 - n..end]), |at, end, means| {
                span[at + 1 - n..end + 1 - n].copy_from_slice(means);
            });
            sweep::roll_weighted(half, &Gate::open(&input[start + 1 - half..end]), |at, end, means| {
                let span = &mut span[at + 1 - half..end + 1 - half];
                sweep::combine(span, means, move |whole, half| 2.0 * half - whole);
            });
            sweep::roll_weighted(m, &Gate::open(&*span), |at, end, means| {
                column[start + at..start + end].copy_from_slice(means);
            });
            at = end;
        }
    }
}

indicator! {
    /// Hull's average over `period` inputs (1 to 100,000; A. Hull, 2005): half period and root are rounded down.
    Hma(period: usize) = |period| Ok(Hull::new(check_period("period", period, 1)?)) => Hull, f64 => f64;
    hma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.hma",
    "TA-Lib HMA: Hull moving average",
    &[ParamInfo::integer("timeperiod", 1, 20)],
    REAL,
    "timeperiod + floor(sqrt(timeperiod)) - 1",
    |args| Ok(over(Hma::new(args.count(0))?.0.node, args.source())),
)];
