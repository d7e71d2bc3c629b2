//! Largest and smallest of a window, and where they stand.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::check_period,
    node::{Extreme, Feed, Gate, Node, Side, Spot, composite, indicator},
    registry::{Entry, INTEGER, OutputInfo, ParamInfo, REAL, over},
    sweep::{self, Places, Tie},
};

/// Smallest and largest of a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    low: Extreme,
    high: Extreme,
}

impl Range {
    pub(crate) fn new(n: usize) -> Self {
        Self { low: Extreme::new(Side::Min, n), high: Extreme::new(Side::Max, n) }
    }
}

impl Node for Range {
    type In = f64;
    type Out = [f64; 2];

    composite!({ low, high } (x: f64) -> [f64; 2] {
        let (low, high) = (low.feed(x), high.feed(x));
        Some([low?, high?])
    });

    fn warmup(&self) -> usize {
        self.low.warmup()
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        if let [low, high] = out {
            self.low.batch(&Gate::open(input), &mut [low]);
            self.high.batch(&Gate::open(input), &mut [high]);
        }
    }
}

/// Where the extreme stands, counted from the first input; 0 until warm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    spot: Spot,
}

impl Place {
    fn new(side: Side, period: usize) -> Result<Self, SpecError> {
        Ok(Self { spot: Spot::rescanning(side, check_period("period", period, 2)?) })
    }
}

impl Node for Place {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        Some(self.spot.push(x).map_or(0.0, |(_, index)| index as f64))
    }

    fn peek(&self, x: f64) -> Option<f64> {
        Some(self.spot.look(x).map_or(0.0, |(_, index)| index as f64))
    }

    fn warmup(&self) -> usize {
        1
    }

    fn reset(&mut self) {
        self.spot.clear();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, side, column) = (self.spot.n(), self.spot.side(), sweep::one(out));
        let cold = (n - 1).min(column.len());
        column[..cold].fill(0.0);
        let mut held = 0;
        Places::each(side, Tie::Oldest, n, input, |start, values, places| {
            for (i, (value, place)) in values.iter().zip(places).enumerate() {
                let (oldest, newest) = (start + i, start + i + n - 1);
                // The one that was the extreme before stays it unless the newest is one too.
                held = if held < oldest || newest < n {
                    start + *place as usize
                } else if input[newest] == *value {
                    newest
                } else {
                    held
                };
                column[newest] = held as f64;
            }
        });
    }
}

/// Both places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BothPlaces {
    low: Place,
    high: Place,
}

impl Node for BothPlaces {
    type In = f64;
    type Out = [f64; 2];

    composite!({ low, high } (x: f64) -> [f64; 2] {
        let (low, high) = (low.feed(x), high.feed(x));
        Some([low?, high?])
    });

    fn warmup(&self) -> usize {
        1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        if let [low, high] = out {
            self.low.batch(&Gate::open(input), &mut [low]);
            self.high.batch(&Gate::open(input), &mut [high]);
        }
    }
}

fn extreme(side: Side, period: usize) -> Result<Extreme, SpecError> {
    Ok(Extreme::new(side, check_period("period", period, 2)?))
}

indicator! {
    /// Largest of the last `period` inputs (2 to 100,000).
    Max(period: usize) = |period| extreme(Side::Max, period) => Extreme, f64 => f64;
    max(&[f64]) -> one
}
indicator! {
    /// Smallest of the last `period` inputs (2 to 100,000).
    Min(period: usize) = |period| extreme(Side::Min, period) => Extreme, f64 => f64;
    min(&[f64]) -> one
}
indicator! {
    /// Smallest and largest of the last `period` inputs (2 to 100,000): `[min, max]`.
    MinMax(period: usize) = |period| Ok(Range::new(check_period("period", period, 2)?)) => Range, f64 => [f64; 2];
    minmax(&[f64]) -> 2
}
indicator! {
    /// Index of the largest of the last `period` inputs (2 to 100,000), counted from the first input; 0 until warm.
    ///
    /// Of equal inputs the newest counts until it leaves the window, then the oldest: TA-Lib's rule.
    MaxIndex(period: usize) = |period| Place::new(Side::Max, period) => Place, f64 => f64;
    maxindex(&[f64]) -> one
}
indicator! {
    /// Index of the smallest of the last `period` inputs; as [`MaxIndex`].
    MinIndex(period: usize) = |period| Place::new(Side::Min, period) => Place, f64 => f64;
    minindex(&[f64]) -> one
}
indicator! {
    /// Indices of the smallest and of the largest input, `[min, max]`; as [`MaxIndex`].
    MinMaxIndex(period: usize) = |period| {
        Ok(BothPlaces { low: Place::new(Side::Min, period)?, high: Place::new(Side::Max, period)? })
    } => BothPlaces, f64 => [f64; 2];
    minmaxindex(&[f64]) -> 2
}

const PERIOD: &[ParamInfo] = &[ParamInfo::integer("timeperiod", 2, 30)];

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series("talib.max", "TA-Lib MAX: largest of a window", PERIOD, REAL, "timeperiod", |args| {
        Ok(over(extreme(Side::Max, args.count(0))?, args.source()))
    }),
    Entry::series("talib.min", "TA-Lib MIN: smallest of a window", PERIOD, REAL, "timeperiod", |args| {
        Ok(over(extreme(Side::Min, args.count(0))?, args.source()))
    }),
    Entry::series(
        "talib.minmax",
        "TA-Lib MINMAX: smallest and largest of a window",
        PERIOD,
        &[OutputInfo::new("min", "unit of the source"), OutputInfo::new("max", "unit of the source")],
        "timeperiod",
        |args| Ok(over(MinMax::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.maxindex",
        "TA-Lib MAXINDEX: index of the largest of a window, from the first candle (0 until warm)",
        PERIOD,
        INTEGER,
        "1",
        |args| Ok(over(Place::new(Side::Max, args.count(0))?, args.source())),
    ),
    Entry::series(
        "talib.minindex",
        "TA-Lib MININDEX: index of the smallest of a window, from the first candle (0 until warm)",
        PERIOD,
        INTEGER,
        "1",
        |args| Ok(over(Place::new(Side::Min, args.count(0))?, args.source())),
    ),
    Entry::series(
        "talib.minmaxindex",
        "TA-Lib MINMAXINDEX: indices of the smallest and the largest of a window (0 until warm)",
        PERIOD,
        &[OutputInfo::new("minidx", "whole number"), OutputInfo::new("maxidx", "whole number")],
        "1",
        |args| Ok(over(MinMaxIndex::new(args.count(0))?.0.node, args.source())),
    ),
];
