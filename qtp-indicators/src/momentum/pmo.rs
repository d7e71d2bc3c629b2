//! DecisionPoint's price momentum oscillator.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, Previous, Smooth, composite, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// A change in percent, smoothed twice, and its average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct PriceMomentum {
    previous: Previous<f64>,
    first: Smooth,
    second: Smooth,
    signal: Smooth,
}

impl PriceMomentum {
    fn new(first: usize, second: usize, signal: usize) -> Result<Self, SpecError> {
        // DecisionPoint smooths by 2 / n, not by 2 / (n + 1).
        let custom = |n: usize| Smooth::with_k(n, 2.0 / n as f64);
        Ok(Self {
            previous: Previous::default(),
            first: custom(check_period("first", first, 2)?),
            second: custom(check_period("second", second, 2)?),
            signal: Smooth::ema(check_period("signal", signal, 1)?),
        })
    }
}

impl Node for PriceMomentum {
    type In = f64;
    type Out = [f64; 2];

    composite!({ previous, first, second, signal } (x: f64) -> [f64; 2] {
        let last = previous.feed(x)?;
        let once = first.feed(100.0 * ratio(x - last, last))?;
        let pmo = second.feed(10.0 * once)?;
        signal.feed(pmo).map(|signal| [pmo, signal])
    });

    fn warmup(&self) -> usize {
        self.first.period() + self.second.period() + self.signal.period() - 1
    }
}

indicator! {
    /// Price momentum oscillator, `[pmo, signal]`: ten times the one-input change in percent, smoothed by `2 / first` and
    /// `2 / second` (2 to 100,000), and its exponential average over `signal` (1 to 100,000; C. Swenlin).
    Pmo(first: usize, second: usize, signal: usize) = PriceMomentum::new => PriceMomentum, f64 => [f64; 2];
    pmo(&[f64]) -> 2
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "pmo",
    "Price momentum oscillator: twice smoothed one-candle change",
    &[
        ParamInfo::integer("first", 2, 35),
        ParamInfo::integer("second", 2, 20),
        ParamInfo::integer("signal", 1, 10),
    ],
    &[OutputInfo::new("pmo", "tenths of a percent"), OutputInfo::new("signal", "tenths of a percent")],
    "first + second + signal - 1",
    |args| Ok(over(Pmo::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
)];
