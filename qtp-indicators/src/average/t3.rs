//! Tillson's T3.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::{check_period, check_real},
    node::{Gate, Node, Smooth, indicator, peek_by_copy},
    registry::{Entry, ParamInfo, REAL, over},
    sweep::{self, BLOCK},
};

/// Six averages in a chain, mixed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chain {
    stages: [Smooth; 6],
    /// Weights of the third to the sixth stage.
    mix: [f64; 4],
}

impl Chain {
    pub(crate) fn new(n: usize, v: f64) -> Self {
        let square = v * v;
        let sixth = -(square * v);
        let fifth = 3.0 * (square - sixth);
        let fourth = -6.0 * square - 3.0 * (v - sixth);
        let third = 1.0 + 3.0 * v - sixth + 3.0 * square;
        Self { stages: [Smooth::ema(n); 6], mix: [third, fourth, fifth, sixth] }
    }

    fn checked(period: usize, volume_factor: f64) -> Result<Self, SpecError> {
        let period = check_period("period", period, 1)?;
        Ok(Self::new(period, check_real("volume_factor", volume_factor, 0.0, 1.0)?))
    }
}

impl Node for Chain {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let mut level = x;
        let mut levels = [0.0; 6];
        for (stage, slot) in self.stages.iter_mut().zip(&mut levels) {
            level = stage.next(level)?;
            *slot = level;
        }
        let [_, _, third, fourth, fifth, sixth] = levels;
        let mix = self.mix;
        Some(mix[3] * sixth + mix[2] * fifth + mix[1] * fourth + mix[0] * third)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        6 * (self.stages[0].period() - 1) + 1
    }

    fn reset(&mut self) {
        self.stages.iter_mut().for_each(Node::reset);
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let input = gate.columns();
        let from = crate::node::catch_up(self, gate, out);
        let mut scans = self.stages.map(|stage| stage.scan());
        let (mut rooms, column, mix) = ([[0.0; BLOCK]; 6], sweep::one(out), self.mix);
        gate.blocks(from, |at, end| {
            let mut from = &input[at..end];
            for (scan, room) in scans.iter_mut().zip(&mut rooms) {
                scan.run(from, &mut room[..end - at]);
                from = &room[..end - at];
            }
            let [_, _, third, fourth, fifth, sixth] = &rooms;
            let slots = &mut column[at..end];
            sweep::map2(fifth, sixth, slots, move |fifth, sixth| mix[3] * sixth + mix[2] * fifth);
            sweep::combine2(slots, (third, fourth), move |sum, third, fourth| {
                sum + mix[1] * fourth + mix[0] * third
            });
        });
    }
}

indicator! {
    /// Tillson's T3 over `period` inputs (1 to 100,000) with a volume factor of 0 to 1 (T. Tillson, *Smoothing Techniques
    /// for More Accurate Signals*, 1998).
    T3(period: usize, volume_factor: f64) = Chain::checked => Chain, f64 => f64;
    t3(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "talib.t3",
    "TA-Lib T3: Tillson's triple exponential moving average",
    &[ParamInfo::integer("timeperiod", 1, 5), ParamInfo::real("vfactor", 0.0, 1.0, 0.7)],
    REAL,
    "6 * (timeperiod - 1) + 1",
    |args| Ok(over(T3::new(args.count(0), args.real(1))?.0.node, args.source())),
)];
