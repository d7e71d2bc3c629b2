//! The rolling sum as a node.

use serde::{Deserialize, Serialize};

use super::{Gate, Node};
use crate::{rolling::RollingSum, sweep, window::Window};

/// Sum of the last `n` inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    window: Window,
    sum: RollingSum,
}

impl Sum {
    pub(crate) fn new(n: usize) -> Self {
        Self { window: Window::new(n), sum: RollingSum::default() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.window.capacity()
    }
}

impl Node for Sum {
    type In = f64;
    type Out = f64;

    #[inline]
    fn next(&mut self, x: f64) -> Option<f64> {
        self.sum = self.sum.slide(&self.window, x);
        self.window.push(x);
        self.window.is_full().then(|| self.sum.get())
    }

    #[inline]
    fn peek(&self, x: f64) -> Option<f64> {
        self.window.fills().then(|| self.sum.slide(&self.window, x).get())
    }

    fn warmup(&self) -> usize {
        self.window.capacity()
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = RollingSum::default();
    }

    fn batch(&mut self, gate: &Gate<'_, Self::In>, out: &mut [&mut [f64]]) {
        let (n, column) = (self.len(), sweep::one(out));
        sweep::chill(column, n - 1);
        sweep::roll(
            n,
            gate,
            #[inline(always)]
            |at, end, sums| column[at..end].copy_from_slice(sums),
        );
    }
}
