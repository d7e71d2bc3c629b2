//! Kaufman's adaptive average and the efficiency ratio that drives it.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Lag, Node, Previous, Sum, composite, indicator},
    registry::{Entry, OutputInfo, ParamInfo, REAL, over},
    sweep,
};

/// Net movement over `n` inputs per path travelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Efficiency {
    lag: Lag,
    previous: Previous<f64>,
    path: Sum,
}

impl Efficiency {
    fn new(n: usize) -> Self {
        Self { lag: Lag::new(n), previous: Previous::default(), path: Sum::new(n) }
    }
}

impl Node for Efficiency {
    type In = f64;
    type Out = f64;

    composite!({ lag, previous, path } (x: f64) -> f64 {
        let old = lag.feed(x);
        let path = previous.feed(x).and_then(|previous| path.feed((x - previous).abs()));
        let (net, path) = ((x - old?).abs(), path?);
        // A flat window has gone no way: TA-Lib calls that efficient.
        Some(if path <= net { 1.0 } else { net / path })
    });

    fn warmup(&self) -> usize {
        self.lag.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.path.len(), sweep::one(out));
        efficiency(n, gate, |at, end, ratios| column[at..end].copy_from_slice(ratios));
        sweep::chill(column, n);
    }
}

/// Calls `emit` with the ratios of each block of indices from 1 on; they count from `n` on.
fn efficiency(n: usize, gate: &Gate<'_, f64>, mut emit: impl FnMut(usize, usize, &mut [f64])) {
    let input = gate.columns();
    let mut quiet = sweep::Quiet::new(n);
    sweep::slide(
        n,
        gate,
        1,
        |at, end, [steps]| {
            sweep::map2(&input[at..end], &input[at - 1..], steps, move |x, last| (x - last).abs())
        },
        |at, end, [steps], [paths]| {
            let skip = n.saturating_sub(at).min(end - at);
            let (now, old) = (&input[at + skip..end], &input[(at + skip).saturating_sub(n)..]);
            sweep::combine2(&mut paths[skip..], (now, old), move |path, x, old| {
                let net = (x - old).abs();
                let ratio = net / path;
                if path <= net { 1.0 } else { ratio }
            });
            // Without a move the path is rounding alone.
            quiet.mark(steps, |i| paths[i] = 1.0);
            emit(at, end, paths);
        },
    );
}

/// An exponential average whose speed follows the efficiency ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Adaptive {
    /// `None` for a period of 1, which TA-Lib leaves unsmoothed.
    efficiency: Option<Efficiency>,
    previous: Previous<f64>,
    level: Option<f64>,
}

const SLOW: f64 = 2.0 / 31.0;
const FAST: f64 = 2.0 / 3.0;

impl Adaptive {
    pub(crate) fn new(n: usize) -> Self {
        let efficiency = (n > 1).then(|| Efficiency::new(n));
        Self { efficiency, previous: Previous::default(), level: None }
    }

    /// The level after `x`; the first one starts from the input before it.
    fn step(&self, x: f64, efficiency: f64, previous: f64) -> f64 {
        let k = efficiency * (FAST - SLOW) + SLOW;
        let level = self.level.unwrap_or(previous);
        level + (x - level) * (k * k)
    }
}

impl Node for Adaptive {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let Some(efficiency) = &mut self.efficiency else { return Some(x) };
        let previous = self.previous.next(x);
        let efficiency = efficiency.next(x)?;
        self.level = Some(self.step(x, efficiency, previous?));
        self.level
    }

    fn peek(&self, x: f64) -> Option<f64> {
        let Some(efficiency) = &self.efficiency else { return Some(x) };
        Some(self.step(x, efficiency.peek(x)?, self.previous.peek(x)?))
    }

    fn warmup(&self) -> usize {
        self.efficiency.as_ref().map_or(1, Node::warmup)
    }

    fn reset(&mut self) {
        if let Some(efficiency) = &mut self.efficiency {
            efficiency.reset();
        }
        self.previous.reset();
        self.level = None;
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (input, column) = (gate.columns(), sweep::one(out));
        let Some(ratio) = &self.efficiency else {
            return gate.blocks(0, |at, end| column[at..end].copy_from_slice(&input[at..end]));
        };
        let n = ratio.path.len();
        let mut level = input.get(n - 1).copied().unwrap_or_default();
        efficiency(n, gate, |at, end, ratios| {
            let from = at.max(n).min(end);
            let (keeps, slots, input) = (&mut ratios[from - at..], &mut column[from..end], &input[from..end]);
            sweep::each(keeps, move |ratio| {
                let k = ratio * (FAST - SLOW) + SLOW;
                1.0 - k * k
            });
            sweep::map2(input, keeps, slots, move |x, keep| x * (1.0 - keep));
            level = sweep::affine(level, keeps, slots);
        });
        sweep::chill(column, n);
    }
}

indicator! {
    /// Kaufman's adaptive average over `period` inputs (1 to 100,000; P. Kaufman, *Trading Systems and Methods*).
    ///
    /// The smoothing constant moves between those of a 2 and a 30 period average; the first level starts from the input
    /// before it, as in TA-Lib.
    Kama(period: usize) = |period| Ok(Adaptive::new(check_period("period", period, 1)?)) => Adaptive, f64 => f64;
    kama(&[f64]) -> one
}

indicator! {
    /// Kaufman's efficiency ratio over `period` changes (2 to 100,000): net change per path, 0 to 1.
    EfficiencyRatio(period: usize) = |period| Ok(Efficiency::new(check_period("period", period, 2)?))
        => Efficiency, f64 => f64;
    er(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.kama",
        "TA-Lib KAMA: Kaufman adaptive moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "timeperiod + 1, or 1 for 1",
        |args| Ok(over(Kama::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.er",
        "TA-Lib ER: Kaufman efficiency ratio",
        &[ParamInfo::integer("timeperiod", 2, 10)],
        &[OutputInfo::new("real", "0 to 1")],
        "timeperiod + 1",
        |args| Ok(over(EfficiencyRatio::new(args.count(0))?.0.node, args.source())),
    ),
];
