//! Volume-weighted moving average.

use serde::{Deserialize, Serialize};

use crate::{
    Source,
    error::check_period,
    node::{Feed, Gate, Node, Sum, composite, indicator},
    registry::{Entry, ParamInfo, REAL, pair},
    sweep,
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

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (price, volume) = gate.columns();
        let (n, column) = (self.volume.len(), sweep::one(out));
        if n == 1 {
            return column.copy_from_slice(price);
        }
        let mut quiet = sweep::Quiet::new(n);
        sweep::slide(
            n,
            gate,
            0,
            |at, end, [turnover, traded]| {
                sweep::map2(&price[at..end], &volume[at..end], turnover, move |price, volume| price * volume);
                traded.copy_from_slice(&volume[at..end]);
            },
            |at, end, [_, volume], [turnover, traded]| {
                let slots = &mut column[at..end];
                sweep::map2(turnover, traded, slots, move |turnover, traded| turnover / traded);
                quiet.mark(volume, |i| slots[i] = f64::NAN);
            },
        );
        sweep::chill(column, n - 1);
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
