//! Exponential and logarithms by vector code: several numbers at a time, without a branch.
//!
//! Where one of several numbers lies outside the range that a formula here is good for, all of them go to the standard
//! library. Both are within 4 units in the last place of the true value.

use std::f64::consts::{LOG2_E, LOG10_E};

use crate::sweep::vectorised;

/// Numbers worked out together.
const LANES: usize = 16;

/// `fast` of every input, or `exact` where one of its block is not `plain`.
pub(super) fn blocks(
    input: &[f64],
    out: &mut [f64],
    plain: impl Fn(f64) -> bool,
    fast: impl Fn(f64) -> f64,
    exact: impl Fn(f64) -> f64,
) {
    vectorised(
        #[inline(always)]
        move || {
            let (blocks, rest) = input.as_chunks::<LANES>();
            let (slots, last) = out.as_chunks_mut::<LANES>();
            for (slots, block) in slots.iter_mut().zip(blocks) {
                if block.iter().fold(true, |all, x| all & plain(*x)) {
                    for (slot, x) in slots.iter_mut().zip(block) {
                        *slot = fast(*x);
                    }
                } else {
                    for (slot, x) in slots.iter_mut().zip(block) {
                        *slot = exact(*x);
                    }
                }
            }
            for (slot, x) in last.iter_mut().zip(rest) {
                *slot = exact(*x);
            }
        },
    );
}

/// 1.5 times 2 to the 52nd: what is added to it is rounded to a whole number, which its last bits show.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;
/// The logarithm of 2 in two parts; a whole number below 2000 times the first is exact.
const LN_2: (f64, f64) = (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10);
/// That to base 10.
const LOG10_2: (f64, f64) = (0.301_029_995_663_611_8, 3.694_239_077_158_931e-13);
const MANTISSA: u32 = 52;
const ONE: u64 = 1023 << MANTISSA;

/// Whether [`exp`] is good there.
#[inline(always)]
pub(super) fn moderate(x: f64) -> bool {
    x.abs() <= 700.0
}

/// Reciprocals of the factorials.
const TERMS: [f64; 14] = {
    let mut terms = [1.0; 14];
    let mut i = 1;
    while i < terms.len() {
        terms[i] = terms[i - 1] / i as f64;
        i += 1;
    }
    terms
};

/// The sum of `terms`, each times `x` to the power of its place.
#[inline(always)]
pub(super) fn polynomial(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

/// `e` to the power of `x`: 2 to a whole power times a Taylor series of 14 terms.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    let rounded = x * LOG2_E + ROUND;
    let power = rounded - ROUND;
    let rest = (x - power * LN_2.0) - power * LN_2.1;
    polynomial(&TERMS, rest) * f64::from_bits((rounded.to_bits() << MANTISSA).wrapping_add(ONE))
}

/// Whether [`ln`] is good there: normal numbers above 0.
#[inline(always)]
pub(super) fn normal(x: f64) -> bool {
    let (large, finite) = (x >= f64::MIN_POSITIVE, x <= f64::MAX);
    large & finite
}

/// Splits a number into a power of two and what is left between the roots of 1/2 and 2: the power, and the natural
/// logarithm of the rest, as a sum of which the second part is small.
#[inline(always)]
fn split(x: f64) -> (f64, f64, f64) {
    /// The root of 1/2.
    const LEAST: u64 = 0x3fe6_a09e_667f_3bcd;
    /// Keeps powers above 0.
    const BIAS: u64 = 1024;
    let bits = x.to_bits();
    let power = bits.wrapping_sub(LEAST).wrapping_add(BIAS << MANTISSA) >> MANTISSA;
    let rest = f64::from_bits(bits.wrapping_sub(power << MANTISSA).wrapping_add(BIAS << MANTISSA));
    // A whole number in the last bits of 2 to the 52nd.
    let whole = f64::from_bits(0x4330_0000_0000_0000 | power) - (4_503_599_627_370_496.0 + 1024.0);
    let more = rest - 1.0;
    let tangent = more / (rest + 1.0);
    let square = tangent * tangent;
    let mut series = 0.0;
    let mut divisor = 21.0;
    for _ in 0..10 {
        series = (series + 1.0 / divisor) * square;
        divisor -= 2.0;
    }
    // As fdlibm has it: the first part is exact.
    let half = 0.5 * more * more;
    (whole, more, tangent * (half + 2.0 * series) - half)
}

/// Natural logarithm.
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    let (power, most, least) = split(x);
    power * LN_2.0 + (most + (least + power * LN_2.1))
}

/// Logarithm to base 10.
#[inline(always)]
pub(super) fn log10(x: f64) -> f64 {
    let (power, most, least) = split(x);
    power * LOG10_2.0 + (most * LOG10_E + (least * LOG10_E + power * LOG10_2.1))
}

/// Whether the hyperbolic functions below are good there: nothing cancels, nothing overflows.
#[inline(always)]
pub(super) fn away(x: f64) -> bool {
    let (large, bounded) = (x.abs() >= 1.0, x.abs() <= 700.0);
    large & bounded
}

#[inline(always)]
pub(super) fn cosh(x: f64) -> f64 {
    let power = exp(x.abs());
    0.5 * power + 0.5 / power
}

#[inline(always)]
pub(super) fn sinh(x: f64) -> f64 {
    let power = exp(x.abs());
    (0.5 * power - 0.5 / power).copysign(x)
}

#[inline(always)]
pub(super) fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let power = exp(2.0 * if size < 30.0 { size } else { 30.0 });
    (1.0 - 2.0 / (power + 1.0)).copysign(x)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Largest distance from the library's result, in units in its last place.
    pub(in crate::math) fn units(
        fast: fn(f64) -> f64,
        exact: fn(f64) -> f64,
        inputs: impl Iterator<Item = f64>,
    ) -> f64 {
        let unit = |y: f64| f64::from_bits(y.abs().to_bits() + 1) - y.abs();
        inputs
            .map(|x| (fast(x) - exact(x)).abs() / unit(exact(x)))
            .fold(0.0, |most, x| if x <= most { most } else { x })
    }

    pub(in crate::math) fn spread(from: f64, to: f64) -> impl Iterator<Item = f64> + Clone {
        (0..=100_000).map(move |i| from + (to - from) * f64::from(i) / 100_000.0)
    }

    #[test]
    fn formulas_are_within_four_units_of_the_library() {
        let both = || spread(1.0, 699.0).chain(spread(-699.0, -1.0)).chain(spread(1.0, 40.0));
        assert!(units(exp, libm::exp, spread(-700.0, 700.0).chain(spread(-1.0, 1.0))) < 4.0);
        assert!(units(cosh, libm::cosh, both()) < 4.0);
        assert!(units(sinh, libm::sinh, both()) < 4.0);
        assert!(units(tanh, libm::tanh, both()) < 4.0);
        let powers = || spread(-300.0, 300.0).map(|x| libm::pow(10.0, x));
        assert!(units(ln, libm::log, spread(0.5, 2.0).chain(powers())) < 4.0);
        assert!(units(log10, libm::log10, spread(0.5, 2.0).chain(powers())) < 4.0);
    }

    #[test]
    fn numbers_out_of_range_go_to_the_library() {
        let mut out = [0.0; LANES];
        for x in [0.0, -1.0, f64::INFINITY, f64::NAN, 5e-324] {
            blocks(&[x; LANES], &mut out, normal, ln, f64::ln);
            assert!(out.iter().all(|y| y.to_bits() == x.ln().to_bits() || (y.is_nan() && x.ln().is_nan())));
        }
    }
}
