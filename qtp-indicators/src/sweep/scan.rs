//! Linear recurrences by vectors.

use pulp::{Simd, WithSimd, bytemuck::cast_slice, cast_lossy};

/// Lanes of the widest vector.
const WIDEST: usize = 8;

/// `level = a * level + b * x`, a vector of inputs at a time.
///
/// Within a vector each output is a weighted sum of the vector's inputs and of the level before it, so the chain of
/// dependent operations has one link per vector. The weights are products of `a`, all of one sign and at most 1 in sum:
/// an output differs from the one-by-one recurrence by a few units in the last place of the largest input that counts.
/// With `a = b = 1` it is the running sum.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    a: f64,
    b: f64,
    level: f64,
    /// Weight of the level before in each output.
    carry: [f64; WIDEST],
    /// Weight of input `i` in output `j` at `[i][j]`.
    near: [[f64; WIDEST]; WIDEST],
}

impl Scan {
    pub(crate) fn new(a: f64, b: f64, level: f64) -> Self {
        let mut powers = [1.0; WIDEST + 1];
        for k in 0..WIDEST {
            powers[k + 1] = powers[k] * a;
        }
        let mut near = [[0.0; WIDEST]; WIDEST];
        for (i, row) in near.iter_mut().enumerate() {
            for j in i..WIDEST {
                row[j] = b * powers[j - i];
            }
        }
        Self { a, b, level, carry: std::array::from_fn(|j| powers[j + 1]), near }
    }

    /// The running sum, from `sum` on.
    pub(crate) fn sum(sum: f64) -> Self {
        Self::new(1.0, 1.0, sum)
    }

    /// The level after the last input.
    pub(crate) fn level(&self) -> f64 {
        self.level
    }

    /// Goes on from another level.
    pub(crate) fn set(&mut self, level: f64) {
        self.level = level;
    }

    /// Takes in `input` and writes the level after each of it.
    pub(crate) fn run(&mut self, input: &[f64], out: &mut [f64]) {
        pulp::Arch::new().dispatch(Run { scan: self, input, out });
    }

    /// Takes in `numbers` and replaces each by the level after it.
    pub(crate) fn replace(&mut self, numbers: &mut [f64]) {
        pulp::Arch::new().dispatch(Replace { scan: self, numbers });
    }
}

/// The weights in registers, and the level in every lane.
struct Lanes<S: Simd> {
    near: [S::f64s; WIDEST],
    carry: S::f64s,
    decay: S::f64s,
    level: S::f64s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    fn new(simd: S, scan: &Scan) -> Self {
        Self {
            near: scan.near.map(cast_lossy),
            carry: cast_lossy(scan.carry),
            decay: simd.splat_f64s(scan.carry[S::F64_LANES - 1]),
            level: simd.splat_f64s(scan.level),
        }
    }

    /// The levels after the inputs of one vector.
    #[inline(always)]
    fn step(&mut self, simd: S, x: &[f64]) -> S::f64s {
        let x = &x[..S::F64_LANES];
        // Two chains of sums, half as long as one.
        let mut near = simd.mul_f64s(simd.splat_f64s(x[0]), self.near[0]);
        if S::F64_LANES > 1 {
            let mut odd = simd.mul_f64s(simd.splat_f64s(x[1]), self.near[1]);
            for i in (2..S::F64_LANES).step_by(2) {
                near = simd.mul_add_e_f64s(simd.splat_f64s(x[i]), self.near[i], near);
                odd = simd.mul_add_e_f64s(simd.splat_f64s(x[i + 1]), self.near[i + 1], odd);
            }
            near = simd.add_f64s(near, odd);
        }
        let levels = simd.mul_add_e_f64s(self.level, self.carry, near);
        let last = cast_slice::<_, f64>(std::slice::from_ref(&near))[S::F64_LANES - 1];
        self.level = simd.mul_add_e_f64s(self.level, self.decay, simd.splat_f64s(last));
        levels
    }

    #[inline(always)]
    fn level(&self) -> f64 {
        cast_slice::<_, f64>(std::slice::from_ref(&self.level))[0]
    }
}

struct Run<'a> {
    scan: &'a mut Scan,
    input: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scan, input, out } = self;
        let mut lanes = Lanes::new(simd, scan);
        let (slots, rest) = S::as_mut_simd_f64s(&mut out[..input.len()]);
        let (blocks, left) = S::as_simd_f64s(input);
        // By index: a call of the iterator that is not inlined would spill every register.
        for i in 0..slots.len() {
            slots[i] = lanes.step(simd, cast_slice(&blocks[i..=i]));
        }
        scan.level = lanes.level();
        for (x, slot) in left.iter().zip(rest) {
            scan.level = scan.a * scan.level + scan.b * x;
            *slot = scan.level;
        }
    }
}

struct Replace<'a> {
    scan: &'a mut Scan,
    numbers: &'a mut [f64],
}

impl WithSimd for Replace<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scan, numbers } = self;
        let mut lanes = Lanes::new(simd, scan);
        let (slots, rest) = S::as_mut_simd_f64s(numbers);
        for i in 0..slots.len() {
            slots[i] = lanes.step(simd, cast_slice(&slots[i..=i]));
        }
        scan.level = lanes.level();
        for slot in rest {
            scan.level = scan.a * scan.level + scan.b * *slot;
            *slot = scan.level;
        }
    }
}

/// `level = a[i] * level + b[i]`: writes the levels over `b` and returns the last.
///
/// Four steps at a time, so that the chain of dependent operations has one link per four.
pub(crate) fn affine(mut level: f64, a: &[f64], b: &mut [f64]) -> f64 {
    let ((fours, rest), (slots, last)) = (a.as_chunks::<4>(), b.as_chunks_mut::<4>());
    super::vectorised(
        #[inline(always)]
        move || {
            for (a, slot) in fours.iter().zip(slots) {
                let b = *slot;
                let (a2, b2) = (a[0] * a[1], a[1] * b[0] + b[1]);
                let (pair, tail) = (a[2] * a[3], a[3] * b[2] + b[3]);
                let (a3, b3) = (a2 * a[2], a[2] * b2 + b[2]);
                let (a4, b4) = (a2 * pair, pair * b2 + tail);
                *slot = [a[0] * level + b[0], a2 * level + b2, a3 * level + b3, a4 * level + b4];
                level = a4 * level + b4;
            }
            for (a, slot) in rest.iter().zip(last) {
                level = a * level + *slot;
                *slot = level;
            }
            level
        },
    )
}

/// Replaces each number by the product of `level` and of all up to it; returns the last.
pub(crate) fn multiply(mut level: f64, numbers: &mut [f64]) -> f64 {
    let (fours, rest) = numbers.as_chunks_mut::<4>();
    super::vectorised(
        #[inline(always)]
        move || {
            for four in fours {
                let [a, b, c, d] = *four;
                let (two, last) = (a * b, c * d);
                let (three, all) = (two * c, two * last);
                *four = [level * a, level * two, level * three, level * all];
                level *= all;
            }
            for x in rest {
                level *= *x;
                *x = level;
            }
            level
        },
    )
}
