//! Ulcer index.

use serde::{Deserialize, Serialize};

use crate::{
    error::check_period,
    node::{Node, indicator, ratio},
    registry::{Entry, OutputInfo, ParamInfo, over},
    window::Window,
};

/// Root mean square of the drawdowns within a window. An update reads the window: O(period).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drawdowns {
    window: Window,
}

impl Node for Drawdowns {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let out = self.peek(x);
        self.window.push(x);
        out
    }

    fn peek(&self, x: f64) -> Option<f64> {
        if !self.window.fills() {
            return None;
        }
        let (mut peak, mut squares) = (f64::NEG_INFINITY, 0.0);
        for x in self.window.iter_with(x) {
            peak = peak.max(x);
            let drawdown = 100.0 * ratio(x - peak, peak);
            squares += drawdown * drawdown;
        }
        Some(libm::sqrt(squares / self.window.capacity() as f64))
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
    }
}

indicator! {
    /// Ulcer index over `period` inputs (1 to 100,000): root mean square of the percentages by which they lie below the
    /// highest of the window so far (P. Martin and B. McCann, 1989). An update reads the whole window.
    Ulcer(period: usize) = |period| Ok(Drawdowns { window: Window::new(check_period("period", period, 1)?) })
        => Drawdowns, f64 => f64;
    ulcer(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "ulcer",
    "Ulcer index: root mean square drawdown within the window",
    &[ParamInfo::integer("period", 1, 14)],
    &[OutputInfo::new("ulcer", "percent")],
    "period",
    |args| Ok(over(Ulcer::new(args.count(0))?.0.node, args.source())),
)];
