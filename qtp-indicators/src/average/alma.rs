//! Arnaud Legoux moving average.

use serde::{Deserialize, Serialize};

use crate::{
    SpecError,
    error::{check_period, check_real},
    node::{Gate, Node, indicator},
    registry::{Entry, OutputInfo, ParamInfo, over},
    sweep,
    window::Window,
};

/// Mean of the last inputs weighed by a bell curve. An update reads the window: O(period).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bell {
    window: Window,
    /// One per input, oldest first; they sum to 1.
    weights: Vec<f64>,
}

impl Bell {
    fn new(period: usize, offset: f64, sigma: f64) -> Result<Self, SpecError> {
        let n = check_period("period", period, 1)?;
        let peak = check_real("offset", offset, 0.0, 1.0)? * (n - 1) as f64;
        let width = n as f64 / check_real("sigma", sigma, 0.1, 1e3)?;
        let bell = |i: usize| {
            let away = i as f64 - peak;
            libm::exp(-(away * away) / (2.0 * width * width))
        };
        let mut weights: Vec<f64> = (0..n).map(bell).collect();
        let total = weights.iter().fold(0.0, |sum, w| sum + w);
        // A curve so narrow that it misses every input is the nearest input.
        if total > 0.0 {
            weights.iter_mut().for_each(|w| *w /= total);
        } else if let Some(nearest) = weights.get_mut(libm::round(peak) as usize) {
            *nearest = 1.0;
        }
        Ok(Self { window: Window::new(n), weights })
    }
}

impl Node for Bell {
    type In = f64;
    type Out = f64;

    fn next(&mut self, x: f64) -> Option<f64> {
        let out = self.peek(x);
        self.window.push(x);
        out
    }

    fn peek(&self, x: f64) -> Option<f64> {
        let weighed = || self.window.iter_with(x).zip(&self.weights).fold(0.0, |sum, (x, w)| sum + x * w);
        self.window.fills().then(weighed)
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let Some(input) = gate.all() else { return };
        let (n, column) = (self.weights.len(), sweep::one(out));
        sweep::chill(column, n - 1);
        // Weight by weight over a block: the additions of an output keep their order.
        sweep::blocks(n - 1, input.len(), |at, end| {
            let block = &mut column[at..end];
            block.fill(0.0);
            for (k, weight) in self.weights.iter().enumerate() {
                let first = at + 1 - n + k;
                for (sum, x) in block.iter_mut().zip(&input[first..]) {
                    *sum += x * weight;
                }
            }
        });
    }
}

indicator! {
    /// Mean of the last `period` inputs (1 to 100,000) weighed by a bell curve (A. Legoux and D. Kouzis-Loukas, 2009).
    ///
    /// The curve's peak lies at `offset` (0 to 1) of the window, 1 being the newest input, and its width is the period
    /// divided by `sigma` (0.1 to 1000). An update reads the whole window.
    ///
    /// ```
    /// let mut out = [0.0; 3];
    /// qtp_indicators::average::alma(&[1.0, 2.0, 3.0], 3, 0.5, 6.0, &mut out)?;
    /// assert!((out[2] - 2.0).abs() < 1e-12); // the curve is symmetric
    /// # Ok::<(), qtp_indicators::SpecError>(())
    /// ```
    Alma(period: usize, offset: f64, sigma: f64) = Bell::new => Bell, f64 => f64;
    alma(&[f64]) -> one
}

pub(crate) const ENTRIES: &[Entry] = &[Entry::series(
    "alma",
    "Arnaud Legoux moving average: weighed by a bell curve",
    &[
        ParamInfo::integer("period", 1, 9),
        ParamInfo::real("offset", 0.0, 1.0, 0.85),
        ParamInfo::real("sigma", 0.1, 1e3, 6.0),
    ],
    &[OutputInfo::new("alma", "unit of the source")],
    "period",
    |args| Ok(over(Alma::new(args.count(0), args.real(1), args.real(2))?.0.node, args.source())),
)];
