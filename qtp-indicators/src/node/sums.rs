//! The rolling sum as a node.

use serde::{Deserialize, Serialize};

use super::Node;
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

    fn memory(&self) -> Option<usize> {
        Some(self.warmup() - 1)
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum = RollingSum::default();
    }

    fn carries(&self) -> bool {
        true
    }

    fn carry(&mut self, input: &[f64], from: usize, out: &mut [&mut [f64]]) {
        let (n, column) = (self.len(), sweep::one(out));
        sweep::chill_from(column, from, n - 1);
        sweep::roll(n, input, from, |at, end, sums| column[at..end].copy_from_slice(sums));
    }
}
