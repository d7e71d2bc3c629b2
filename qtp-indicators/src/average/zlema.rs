//! Zero-lag exponential moving average.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Lag, Node, Smooth, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
    sweep::{self, BLOCK},
};

/// Average of twice the input less the input half a period ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ZeroLag {
    lag: Lag,
    smooth: Smooth,
    /// Periods 1 and 2 have no lag.
    lagged: bool,
}

impl ZeroLag {
    pub(crate) fn new(n: usize) -> Self {
        let lag = (n - 1) / 2;
        Self { lag: Lag::new(lag.max(1)), smooth: Smooth::ema(n), lagged: lag > 0 }
    }
}

impl Node for ZeroLag {
    type In = f64;
    type Out = f64;

    composite!({ lag, smooth } with { lagged } (x: f64) -> f64 {
        let old = if *lagged { lag.feed(x)? } else { x };
        smooth.feed(2.0 * x - old)
    });

    fn warmup(&self) -> usize {
        self.smooth.period() + if self.lagged { self.lag.warmup() - 1 } else { 0 }
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let lag = if self.lagged { self.lag.warmup() - 1 } else { 0 };
        let (mut scan, mut room, column) = (self.smooth.scan(), [0.0; BLOCK], sweep::one(out));
        gate.blocks(from, |at, end| {
            let room = &mut room[..end - at];
            sweep::map2(&input[at..end], &input[at - lag..], room, move |x, old| 2.0 * x - old);
            scan.run(room, &mut column[at..end]);
        });
    }
}

indicator! {
    /// Zero-lag exponential average over `period` inputs (1 to 100,000; J. Ehlers and R. Way, 2010).
    Zlema(period: usize) = |period| Ok(ZeroLag::new(check_period("period", period, 1)?)) => ZeroLag, f64 => f64;
    zlema(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.zlema",
    "TA-Lib ZLEMA: zero-lag exponential moving average",
    &[ParamInfo::integer("timeperiod", 1, 30)],
    REAL,
    "timeperiod + (timeperiod - 1) / 2",
    |args| Ok(over(Zlema::new(args.count(0))?.0.node, args.source())),
)];
