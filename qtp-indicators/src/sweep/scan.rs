//! Linear recurrences by blocks.

use super::vectorised;

const HALF: usize = 4;
const WIDTH: usize = 2 * HALF;

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
    carry: [[f64; HALF]; 2],
    /// Weight of input `i` of a half in output `j` of the same half at `[i][j]`.
    near: [[f64; HALF]; HALF],
    /// Weight of input `i` of the first half in output `j` of the second.
    far: [[f64; HALF]; HALF],
}

impl Scan {
    pub(crate) fn new(a: f64, b: f64, level: f64) -> Self {
        let power = |k: usize| (0..k).fold(1.0, |p, _| p * a);
        let near = |i: usize, j: usize| if j < i { 0.0 } else { b * power(j - i) };
        let far = |i: usize, j: usize| b * power(HALF + j - i);
        Self {
            a,
            b,
            level,
            carry: std::array::from_fn(|half| std::array::from_fn(|j| power(half * HALF + j + 1))),
            near: std::array::from_fn(|i| std::array::from_fn(|j| near(i, j))),
            far: std::array::from_fn(|i| std::array::from_fn(|j| far(i, j))),
        }
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
        let (near, far, [low_carry, high_carry]) = (self.near, self.far, self.carry);
        let mut level = self.level;
        for (block, slots) in blocks.iter().zip(slots) {
            let (mut low, mut high) = ([0.0; HALF], [0.0; HALF]);
            for i in 0..HALF {
                for j in 0..HALF {
                    low[j] += block[i] * near[i][j];
                    high[j] += block[i] * far[i][j];
                }
            }
            for i in 0..HALF {
                for j in 0..HALF {
                    high[j] += block[HALF + i] * near[i][j];
                }
            }
            for j in 0..HALF {
                slots[j] = level * low_carry[j] + low[j];
                slots[HALF + j] = level * high_carry[j] + high[j];
            }
            level = slots[WIDTH - 1];
        }
        for (x, slot) in rest.iter().zip(last) {
            level = self.a * level + self.b * x;
            *slot = level;
        }
        self.level = level;
    }
}
