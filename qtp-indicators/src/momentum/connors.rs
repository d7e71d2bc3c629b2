//! Connors' RSI.

use serde::{Deserialize, Serialize};

use super::rsi::RelativeStrength;
use crate::{
    SpecError,
    error::check_period,
    node::{Feed, Node, Previous, indicator, machine, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
    statistic::rank::Rank,
};

/// Mean of the RSI, the RSI of the streak, and the rank of the change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Connors {
    strength: RelativeStrength,
    previous: Previous<f64>,
    streaks: RelativeStrength,
    rank: Rank,
    /// Inputs in a row above (below zero: below) the one before.
    streak: f64,
}

impl Connors {
    fn new(rsi: usize, streak: usize, rank: usize) -> Result<Self, SpecError> {
        Ok(Self {
            strength: RelativeStrength::new(check_period("rsi", rsi, 2)?),
            previous: Previous::default(),
            streaks: RelativeStrength::new(check_period("streak", streak, 2)?),
            rank: Rank::new(check_period("rank", rank, 2)?),
            streak: 0.0,
        })
    }
}

fn longer(streak: f64, change: f64) -> f64 {
    if change > 0.0 {
        streak.max(0.0) + 1.0
    } else if change < 0.0 {
        streak.min(0.0) - 1.0
    } else {
        0.0
    }
}

impl Node for Connors {
    type In = f64;
    type Out = f64;

    machine!({ strength, previous, streaks, rank } keeps streak (x: f64) -> f64 {
        let (strength, last) = (strength.feed(x), previous.feed(x));
        // The first input has a streak of none.
        *streak = last.map_or(0.0, |last| longer(*streak, x - last));
        let streaks = streaks.feed(*streak);
        let last = last?;
        let rank = rank.feed(ratio(x - last, last));
        Some((strength? + streaks? + rank?) / 3.0)
    });

    fn warmup(&self) -> usize {
        self.strength.warmup().max(self.streaks.warmup()).max(self.rank.warmup() + 1)
    }
}

indicator! {
    /// Connors' RSI, 0 to 100: mean of an RSI over `rsi`, an RSI over `streak` of the length of the streak, and the share
    /// of the `rank` changes before that were smaller (all 2 to 100,000; L. Connors and C. Alvarez, 2012).
    ///
    /// An update reads the window of changes: O(rank).
    ConnorsRsi(rsi: usize, streak: usize, rank: usize) = Connors::new => Connors, f64 => f64;
    crsi(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "crsi",
    "Connors RSI: mean of a short RSI, the RSI of the streak and the rank of the change",
    &[
        ParamInfo::integer("rsi", 2, 3),
        ParamInfo::integer("streak", 2, 2),
        ParamInfo::integer("rank", 2, 100),
    ],
    &[OutputInfo::new("crsi", "0 to 100")],
    "max(rsi + 1, streak + 1, rank + 2)",
    |args| Ok(over(ConnorsRsi::new(args.count(0), args.count(1), args.count(2))?.0.node, args.source())),
)];
