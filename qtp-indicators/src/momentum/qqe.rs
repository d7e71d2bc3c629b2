//! Quantitative qualitative estimation: a trailing line on a smoothed RSI.

use serde::{Deserialize, Serialize};

use super::{rsi::RelativeStrength, trix::Twice};
use crate::{
    SpecError,
    error::{check_deviations, check_integer, check_period},
    node::{Feed, Node, Previous, Smooth, indicator, machine},
    registry::{Entry, OutputInfo, ParamInfo, over},
};

/// The two trailing bands and which one counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Trail {
    /// Smoothed RSI.
    level: f64,
    long: f64,
    short: f64,
    /// The bands one input before.
    before: (f64, f64),
    rising: bool,
}

impl Trail {
    fn next(last: Option<Self>, level: f64, width: f64) -> Self {
        let (upper, lower) = (level + width, level - width);
        let Some(last) = last else {
            return Self { level, long: lower, short: upper, before: (lower, upper), rising: true };
        };
        let held_long = last.level > last.long && level > last.long;
        let held_short = last.level < last.short && level < last.short;
        let crossed = |now: f64, before: f64| {
            (level > now && last.level < before) || (level <= now && last.level >= before)
        };
        Self {
            level,
            long: if held_long { lower.max(last.long) } else { lower },
            short: if held_short { upper.min(last.short) } else { upper },
            before: (last.long, last.short),
            rising: if crossed(last.short, last.before.1) {
                true
            } else if crossed(last.long, last.before.0) {
                false
            } else {
                last.rising
            },
        }
    }
}

/// Smoothed RSI with the trailing line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimation {
    strength: RelativeStrength,
    smooth: Smooth,
    previous: Previous<f64>,
    range: Twice,
    factor: f64,
    trail: Option<Trail>,
}

impl Estimation {
    fn new(period: usize, smooth: usize, factor: f64) -> Result<Self, SpecError> {
        let n = check_integer("period", period, 2, 50_000)?;
        Ok(Self {
            strength: RelativeStrength::new(n),
            smooth: Smooth::ema(check_period("smooth", smooth, 1)?),
            previous: Previous::default(),
            range: Twice::new(2 * n - 1, 2 * n - 1),
            factor: check_deviations("factor", factor)?,
            trail: None,
        })
    }
}

impl Node for Estimation {
    type In = f64;
    type Out = [f64; 3];

    machine!({ strength, smooth, previous, range } with { factor } keeps trail (x: f64) -> [f64; 3] {
        let strength = strength.feed(x)?;
        let level = smooth.feed(strength)?;
        let last = previous.feed(level)?;
        let width = range.feed((level - last).abs())? * *factor;
        let next = Trail::next(*trail, level, width);
        *trail = Some(next);
        let line = if next.rising { next.long } else { next.short };
        Some([level, line, if next.rising { 1.0 } else { -1.0 }])
    });

    fn warmup(&self) -> usize {
        self.strength.warmup() + self.smooth.period() - 1 + self.range.warmup()
    }
}

indicator! {
    /// QQE, `[rsi, line, direction]`: an RSI over `period` (2 to 50,000) smoothed over `smooth`, a line that trails it by
    /// `factor` times its twice smoothed change, and 1 or -1 by the side on which the line is (I. Roshchin, EarnForex).
    Qqe(period: usize, smooth: usize, factor: f64) = Estimation::new => Estimation, f64 => [f64; 3];
    qqe(&[f64]) -> 3
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "qqe",
    "QQE: a smoothed RSI and a line that trails it by its own volatility",
    &[
        ParamInfo::integer_to("period", 2, 50_000, 14),
        ParamInfo::integer("smooth", 1, 5),
        ParamInfo::deviations("factor", 4.236),
    ],
    &[
        OutputInfo::new("rsi", "0 to 100"),
        OutputInfo::new("line", "unit of the RSI"),
        OutputInfo::new("direction", "1 or -1"),
    ],
    "5 * period + smooth - 3",
    |args| Ok(over(Qqe::new(args.count(0), args.count(1), args.real(2))?.0.node, args.source())),
)];
