//! Linear recurrences by vectors.

use pulp::{Simd, WithSimd, bytemuck::cast_slice, cast_lossy};

/// Lanes of the widest vector.
const WIDEST: usize = 8;

/// `level = a * level + b * x`, a vector of inputs at a time.
///
/// Within a vector the inputs gather what came before them in steps of one, two and four lanes; the level before comes in
/// last, so the chain of dependent operations has one link per vector. The weights are products of `a`, all of one sign
/// and at most 1 in sum: an output differs from the one-by-one recurrence by a few units in the last place of the largest
/// input that counts. With `a = b = 1` it is the running sum.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    a: f64,
    b: f64,
    level: f64,
    /// Weight of the level before in each lane.
    carry: [f64; WIDEST],
    /// Weights of the lanes one, two and four before, 0 where there is none.
    near: [[f64; WIDEST]; 3],
}

impl Scan {
    pub(crate) fn new(a: f64, b: f64, level: f64) -> Self {
        let (mut carry, mut power) = ([0.0; WIDEST], 1.0);
        for weight in &mut carry {
            power *= a;
            *weight = power;
        }
        let near =
            [1, 2, 4].map(|step| std::array::from_fn(|lane| if lane < step { 0.0 } else { carry[step - 1] }));
        Self { a, b, level, carry, near }
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

    /// Takes in what `new` is more than `old` and writes the level after each.
    pub(crate) fn differences(&mut self, new: &[f64], old: &[f64], out: &mut [f64]) {
        pulp::Arch::new().dispatch(Differences { scan: self, new, old, out });
    }

    /// Takes in one number.
    #[inline(always)]
    pub(super) fn next(&mut self, x: f64) -> f64 {
        self.level = self.a * self.level + self.b * x;
        self.level
    }

    /// Takes in `numbers` and replaces each by the level after it.
    pub(crate) fn replace(&mut self, numbers: &mut [f64]) {
        pulp::Arch::new().dispatch(Replace { scan: self, numbers });
    }
}

/// The weights in registers, and the level in every lane.
pub(super) struct Lanes<S: Simd> {
    near: [S::f64s; 3],
    carry: S::f64s,
    decay: S::f64s,
    share: S::f64s,
    level: S::f64s,
}

impl<S: Simd> Lanes<S> {
    #[inline(always)]
    pub(super) fn new(simd: S, scan: &Scan) -> Self {
        Self {
            near: scan.near.map(cast_lossy),
            carry: cast_lossy(scan.carry),
            decay: simd.splat_f64s(scan.carry[S::F64_LANES - 1]),
            share: simd.splat_f64s(scan.b),
            level: simd.splat_f64s(scan.level),
        }
    }

    /// The levels after the inputs of one vector.
    #[inline(always)]
    pub(super) fn step(&mut self, simd: S, x: S::f64s) -> S::f64s {
        let mut near = simd.mul_f64s(x, self.share);
        for (k, weights) in self.near.into_iter().enumerate() {
            if S::F64_LANES > 1 << k {
                near = simd.mul_add_e_f64s(simd.rotate_right_f64s(near, 1 << k), weights, near);
            }
        }
        let levels = simd.mul_add_e_f64s(self.level, self.carry, near);
        let last = cast_slice::<_, f64>(std::slice::from_ref(&near))[S::F64_LANES - 1];
        self.level = simd.mul_add_e_f64s(self.level, self.decay, simd.splat_f64s(last));
        levels
    }

    #[inline(always)]
    pub(super) fn level(&self) -> f64 {
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
            slots[i] = lanes.step(simd, blocks[i]);
        }
        scan.level = lanes.level();
        for (x, slot) in left.iter().zip(rest) {
            *slot = scan.next(*x);
        }
    }
}

struct Differences<'a> {
    scan: &'a mut Scan,
    new: &'a [f64],
    old: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Differences<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scan, new, old, out } = self;
        let mut lanes = Lanes::new(simd, scan);
        let n = out.len();
        let (slots, rest) = S::as_mut_simd_f64s(out);
        let ((new, more), (old, left)) = (S::as_simd_f64s(&new[..n]), S::as_simd_f64s(&old[..n]));
        let (new, old) = (&new[..slots.len()], &old[..slots.len()]);
        for i in 0..slots.len() {
            slots[i] = lanes.step(simd, simd.sub_f64s(new[i], old[i]));
        }
        scan.level = lanes.level();
        for ((slot, new), old) in rest.iter_mut().zip(more).zip(left) {
            *slot = scan.next(new - old);
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
            slots[i] = lanes.step(simd, slots[i]);
        }
        scan.level = lanes.level();
        for slot in rest {
            *slot = scan.next(*slot);
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
