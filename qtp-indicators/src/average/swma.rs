//! Symmetrically weighted average of four inputs.

use serde::{Deserialize, Serialize};

use crate::{
    node::{Node, indicator, peek_by_copy},
    registry::{Entry, OutputInfo, over},
};

/// `(x + 2 * x1 + 2 * x2 + x3) / 6`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Four {
    /// The three inputs before, newest first.
    before: [f64; 3],
    seen: u8,
}

impl Node for Four {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let [a, b, c] = self.before;
        self.before = [x, a, b];
        if self.seen < 3 {
            self.seen += 1;
            return None;
        }
        Some((x + 2.0 * a + 2.0 * b + c) / 6.0)
    }

    peek_by_copy!();

    fn warmup(&self) -> usize {
        4
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

indicator! {
    /// Mean of four inputs weighed 1, 2, 2, 1.
    Swma() = || Ok(Four::default()) => Four, f64 => f64;
    swma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "swma",
    "Mean of four inputs weighed 1, 2, 2, 1",
    &[],
    &[OutputInfo::new("swma", "unit of the source")],
    "4",
    |args| Ok(over(Four::default(), args.source())),
)];
