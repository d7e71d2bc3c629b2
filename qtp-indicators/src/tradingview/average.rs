//! Exponential averages that start from the first input.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, Smooth, composite, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// `k * x + (1 - k) * level`, the first level being the first input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct FromFirst {
    k: f64,
    level: Option<f64>,
}

impl FromFirst {
    pub(crate) fn new(n: usize) -> Self {
        Self { k: 2.0 / (n as f64 + 1.0), level: None }
    }
}

impl Node for FromFirst {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        self.level = Some(self.level.map_or(x, |level| self.k * x + (1.0 - self.k) * level));
        self.level
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.level = None;
    }
}

/// Either way to start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Seeded {
    First(FromFirst),
    Mean(Smooth),
}

impl Seeded {
    fn new(period: usize, mean: bool) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)?;
        Ok(if mean { Self::Mean(Smooth::ema(n)) } else { Self::First(FromFirst::new(n)) })
    }
}

impl Node for Seeded {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        match self {
            Self::First(node) => node.next(x),
            Self::Mean(node) => node.next(x),
        }
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        match self {
            Self::First(_) => 1,
            Self::Mean(node) => node.period(),
        }
    }

    fn reset(&mut self) {
        match self {
            Self::First(node) => node.reset(),
            Self::Mean(node) => node.reset(),
        }
    }
}

/// Difference of two averages, its average, and the difference of those.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lines {
    fast: FromFirst,
    slow: FromFirst,
    signal: FromFirst,
}

impl Lines {
    fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, SpecError> {
        let average = |name, n| Ok(FromFirst::new(check_period(name, n, 1)?));
        let (fast, slow) = (average("fast", fast)?, average("slow", slow)?);
        Ok(Self { fast, slow, signal: average("signal", signal)? })
    }
}

impl Node for Lines {
    type In = f64;
    type Out = [f64; 3];

    composite!({ fast, slow, signal } (x: f64) -> [f64; 3] {
        let (fast, slow) = (fast.feed(x), slow.feed(x));
        let line = fast? - slow?;
        signal.feed(line).map(|signal| [line, signal, line - signal])
    });

    fn warmup(&self) -> usize {
        1
    }
}

indicator! {
    /// `ta.ema`: exponential average over `period` inputs (1 to 100,000), from the first input on.
    ///
    /// The Pine manual's own version of it starts from the first input, and so does this; charts show nothing for the
    /// first `period - 1` candles and start from their mean, which `mean` gives: then it is [`Ema`](crate::average::Ema).
    TvEma(period: usize, mean: bool) = Seeded::new => Seeded, f64 => f64;
    ema(&[f64]) -> one
}
indicator! {
    /// `ta.macd`, `[macd, signal, histogram]`: of averages that start from their first input.
    TvMacd(fast: usize, slow: usize, signal: usize) = Lines::new => Lines, f64 => [f64; 3];
    macd(&[f64]) -> 3
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "tv.ema",
        "TradingView ta.ema: exponential average that starts from the first input",
        &[ParamInfo::integer("length", 1, 20), ParamInfo::choice("seed", &["first", "mean"])],
        &[OutputInfo::new("ema", "unit of the source")],
        "1, or length when seeded by the mean",
        |args| Ok(over(TvEma::new(args.count(0), args.count(1) == 1)?.0.node, args.source())),
    ),
    Entry::series(
        "tv.macd",
        "TradingView ta.macd: MACD of averages that start from their first input",
        &[
            ParamInfo::integer("fastlen", 1, 12),
            ParamInfo::integer("slowlen", 1, 26),
            ParamInfo::integer("siglen", 1, 9),
        ],
        &[
            OutputInfo::new("macd", "unit of the source"),
            OutputInfo::new("signal", "unit of the source"),
            OutputInfo::new("histogram", "unit of the source"),
        ],
        "1",
        |args| Ok(over(TvMacd::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
    ),
];
