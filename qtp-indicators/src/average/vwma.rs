//! Volume-weighted moving average.

use serde::{Deserialize, Serialize};

use crate::{
    Source,
    error::check_period,
    node::{Feed, Node, Sum, composite, indicator},
    registry::{Entry, ParamInfo, REAL, pair},
};

/// Mean of the last `n` prices, each weighed by its volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weighed {
    turnover: Sum,
    volume: Sum,
}

impl Node for Weighed {
    type In = (f64, f64);
    type Out = f64;

    composite!({ turnover, volume } (input: (f64, f64)) -> f64 {
        let (price, traded) = input;
        if volume.len() == 1 {
            return Some(price);
        }
        let (turnover, volume) = (turnover.feed(price * traded), volume.feed(traded));
        Some(turnover? / volume?)
    });

    fn warmup(&self) -> usize {
        self.volume.len()
    }

    fn memory(&self) -> Option<usize> {
        Some(self.warmup() - 1)
    }

    fn batch(&self, (price, volume): (&[f64], &[f64]), out: &mut [&mut [f64]]) {
        let (n, column) = (self.volume.len(), crate::sweep::one(out));
        if n == 1 {
            return column.copy_from_slice(price);
        }
        crate::sweep::chill(column, n - 1);
        let terms = |i: usize| [price[i] * volume[i], volume[i], f64::from(volume[i] != 0.0)];
        crate::sweep::roll(n, (0, price.len()), terms, |i, [turnover, sum, traded]| {
            // Without a trade the sums are rounding alone.
            column[i] = if traded > 0.0 { turnover / sum } else { f64::NAN };
        });
    }
}

indicator! {
    /// Mean of the last `period` prices (1 to 100,000) weighed by volume: the second input. NaN where nothing traded.
    Vwma(period: usize) = |period| {
        let n = check_period("period", period, 1)?;
        Ok(Weighed { turnover: Sum::new(n), volume: Sum::new(n) })
    } => Weighed, (f64, f64) => f64;
    vwma((&[f64], &[f64])) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.vwma",
    "TA-Lib VWMA: volume-weighted moving average",
    &[ParamInfo::integer("timeperiod", 1, 30)],
    REAL,
    "timeperiod",
    |args| Ok(pair(Vwma::new(args.count(0))?.0.node, args.source(), Source::Volume)),
)];
