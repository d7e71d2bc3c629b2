//! Linear recurrences by blocks.

use super::vectorised;

const WIDTH: usize = 8;

/// `level = a * level + b * x`, eight inputs at a time.
///
/// Within a block each output is a weighted sum of the block's inputs and of the level before it, so the chain of
/// dependent operations has one link per block. The weights are products of `a`, all of one sign and at most 1 in sum:
/// an output differs from the one-by-one recurrence by a few units in the last place of the largest input that counts.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    a: f64,
    b: f64,
    level: f64,
    /// Weight of the level before in each output.
    carry: [f64; WIDTH],
    /// Weight of input `i` in output `j` at `[i][j]`.
    weights: [[f64; WIDTH]; WIDTH],
}

impl Scan {
    pub(crate) fn new(a: f64, b: f64, level: f64) -> Self {
        let power = |k: usize| (0..k).fold(1.0, |p, _| p * a);
        let weight = |i: usize, j: usize| if j < i { 0.0 } else { b * power(j - i) };
        let weights = std::array::from_fn(|i| std::array::from_fn(|j| weight(i, j)));
        Self { a, b, level, carry: std::array::from_fn(|j| power(j + 1)), weights }
    }

    /// Takes in `input` and writes the level after each of it.
    pub(crate) fn run(&mut self, input: &[f64], out: &mut [f64]) {
        vectorised(
            #[inline(always)]
            || self.sweep(input, out),
        );
    }

    #[inline(always)]
    fn sweep(&mut self, input: &[f64], out: &mut [f64]) {
        let (blocks, rest) = input.as_chunks::<WIDTH>();
        let (slots, last) = out.as_chunks_mut::<WIDTH>();
        let mut level = self.level;
        for (block, slots) in blocks.iter().zip(slots) {
            let mut sums = [0.0; WIDTH];
            for (x, weights) in block.iter().zip(&self.weights) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += x * weight;
                }
            }
            for (sum, carry) in sums.iter_mut().zip(&self.carry) {
                *sum += level * carry;
            }
            *slots = sums;
            level = sums[WIDTH - 1];
        }
        for (x, slot) in rest.iter().zip(last) {
            level = self.a * level + self.b * x;
            *slot = level;
        }
        self.level = level;
    }
}
