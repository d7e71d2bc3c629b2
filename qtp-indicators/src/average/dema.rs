//! Double and triple exponential moving averages.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Feed, Gate, Node, Smooth, composite, indicator},
    registry::{Entry, ParamInfo, REAL, over},
    sweep::{self, BLOCK, Room},
};

/// Twice the average less the average of the average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Double {
    first: Smooth,
    second: Smooth,
}

impl Double {
    pub(crate) fn new(n: usize) -> Self {
        Self { first: Smooth::ema(n), second: Smooth::ema(n) }
    }
}

impl Node for Double {
    type In = f64;
    type Out = f64;

    composite!({ first, second } (x: f64) -> f64 {
        let first = first.feed(x)?;
        let second = second.feed(first)?;
        Some(2.0 * first - second)
    });

    fn warmup(&self) -> usize {
        2 * self.first.period() - 1
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let (mut first, mut second) = (self.first.scan(), self.second.scan());
        let (mut a, column): (Room, _) = ([0.0; BLOCK], sweep::one(out));
        gate.blocks(from, |at, end| {
            let (a, slots) = (&mut a[..end - at], &mut column[at..end]);
            first.run(&input[at..end], a);
            second.run(a, slots);
            sweep::combine(slots, a, move |second, first| 2.0 * first - second);
        });
    }
}

/// `3 * (e1 - e2) + e3` of an average, its average, and the average of that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Triple {
    first: Smooth,
    second: Smooth,
    third: Smooth,
}

impl Triple {
    pub(crate) fn new(n: usize) -> Self {
        Self { first: Smooth::ema(n), second: Smooth::ema(n), third: Smooth::ema(n) }
    }
}

impl Node for Triple {
    type In = f64;
    type Out = f64;

    composite!({ first, second, third } (x: f64) -> f64 {
        let first = first.feed(x)?;
        let second = second.feed(first)?;
        let third = third.feed(second)?;
        Some(third + (3.0 * first - 3.0 * second))
    });

    fn warmup(&self) -> usize {
        3 * self.first.period() - 2
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let (mut first, mut second, mut third) = (self.first.scan(), self.second.scan(), self.third.scan());
        let (mut a, mut b, column): (Room, Room, _) = ([0.0; BLOCK], [0.0; BLOCK], sweep::one(out));
        gate.blocks(from, |at, end| {
            let (a, b, slots) = (&mut a[..end - at], &mut b[..end - at], &mut column[at..end]);
            first.run(&input[at..end], a);
            second.run(a, b);
            third.run(b, slots);
            sweep::combine2(slots, (a, b), move |third, first, second| third + 3.0 * (first - second));
        });
    }
}

indicator! {
    /// Double exponential average over `period` inputs (1 to 100,000; P. Mulloy, 1994).
    ///
    /// ```
    /// let mut out = [0.0; 3];
    /// qtp_indicators::average::dema(&[1.0, 2.0, 3.0], 2, &mut out)?;
    /// assert_eq!(out[2], 3.0);
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Dema(period: usize) = |period| Ok(Double::new(check_period("period", period, 1)?)) => Double, f64 => f64;
    dema(&[f64]) -> one
}

indicator! {
    /// Triple exponential average over `period` inputs (1 to 100,000; P. Mulloy, 1994).
    Tema(period: usize) = |period| Ok(Triple::new(check_period("period", period, 1)?)) => Triple, f64 => f64;
    tema(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[
    Entry::series(
        "talib.dema",
        "TA-Lib DEMA: double exponential moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "2 * timeperiod - 1",
        |args| Ok(over(Dema::new(args.count(0))?.0.node, args.source())),
    ),
    Entry::series(
        "talib.tema",
        "TA-Lib TEMA: triple exponential moving average",
        &[ParamInfo::integer("timeperiod", 1, 30)],
        REAL,
        "3 * timeperiod - 2",
        |args| Ok(over(Tema::new(args.count(0))?.0.node, args.source())),
    ),
];
