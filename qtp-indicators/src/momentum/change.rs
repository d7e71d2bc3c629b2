//! Changes against an input some candles back.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Lag, Node, composite, indicator},
    registry::{Entry, NUMBER, PERCENT, ParamInfo, REAL, over},
};

/// Makes the node, the public type and the function of each change.
macro_rules! changes {
    ($($node:ident $name:ident $function:ident $formula:expr, $summary:literal;)*) => {$(
        #[doc = $summary]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $node {
            lag: Lag,
        }

        impl Node for $node {
            type In = f64;
            type Out = f64;

            composite!({ lag } (x: f64) -> f64 {
                let formula: fn(f64, f64) -> f64 = $formula;
                lag.feed(x).map(|old| formula(x, old))
            });

            fn warmup(&self) -> usize {
                self.lag.warmup()
            }

            fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
                let (n, column) = (self.lag.warmup() - 1, crate::sweep::one(out));
                crate::sweep::chill(column, n);
                gate.map::<Self>(n, column, $formula);
            }
        }

        indicator! {
            #[doc = $summary]
            #[doc = "`period` is 1 to 100,000."]
            $name(period: usize) = |period| Ok($node { lag: Lag::new(check_period("period", period, 1)?) })
                => $node, f64 => f64;
            $function(&[f64]) -> one
        }
    )*};
}

/// `x / old`, 0 where `old` is 0.
fn over_old(x: f64, old: f64) -> f64 {
    crate::node::ratio(x, old)
}

changes! {
    Momentum Mom mom |x, old| x - old, "Input less the input `period` inputs ago. ";
    Rate Roc roc |x, old| if old == 0.0 { 0.0 } else { (over_old(x, old) - 1.0) * 100.0 },
        "Change since `period` inputs ago in percent, 0 where that input is 0. ";
    RateFraction Rocp rocp |x, old| over_old(x - old, old),
        "Change since `period` inputs ago as a fraction, 0 where that input is 0. ";
    RateRatio Rocr rocr over_old, "Input per input `period` inputs ago, 0 where that is 0. ";
    RateRatio100 Rocr100 rocr100 |x, old| over_old(x, old) * 100.0,
        "Input per input `period` inputs ago in percent, 0 where that is 0. ";
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.mom",
        "TA-Lib MOM: change since some candles ago",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        REAL,
        "timeperiod + 1",
        |args| Ok(over(Mom::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.roc",
        "TA-Lib ROC: change in percent",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        PERCENT,
        "timeperiod + 1",
        |args| Ok(over(Roc::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.rocp",
        "TA-Lib ROCP: change as a fraction",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        NUMBER,
        "timeperiod + 1",
        |args| Ok(over(Rocp::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.rocr",
        "TA-Lib ROCR: ratio to the input some candles ago",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        NUMBER,
        "timeperiod + 1",
        |args| Ok(over(Rocr::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.rocr100",
        "TA-Lib ROCR100: ratio to the input some candles ago, times 100",
        &[ParamInfo::integer("timeperiod", 1, 10)],
        PERCENT,
        "timeperiod + 1",
        |args| Ok(over(Rocr100::new(args.count(0))?.0.node, args.source())),
    ),
];
