//! Functions of angles by vector code, as [`several`](super::several) has it: fdlibm's polynomials without its branches.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4};

use super::several::{ROUND, polynomial};
use crate::sweep::choose;

/// What [`FRAC_PI_2`] lacks of half of pi.
const REST_PI_2: f64 = 6.123_233_995_736_766e-17;
/// Half of pi in three parts, the first two of 33 bits: a whole number below 2 to the 20th times one of them is exact.
const PI_2: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];

/// Whether [`sin`], [`cos`] and [`tan`] are good there.
#[inline(always)]
pub(super) fn near(x: f64) -> bool {
    x.abs() <= 1_048_576.0
}

/// Sine and cosine of the angle to the nearest quarter turn, and how many of those there are in its last bits.
#[inline(always)]
fn turn(x: f64) -> (f64, f64, u64) {
    const SINE: [f64; 6] = [
        -1.666_666_666_666_663_2e-1,
        8.333_333_333_322_49e-3,
        -1.984_126_982_985_795e-4,
        2.755_731_370_707_006_8e-6,
        -2.505_076_025_340_686_3e-8,
        1.589_690_995_211_55e-10,
    ];
    const COSINE: [f64; 6] = [
        4.166_666_666_666_66e-2,
        -1.388_888_888_887_411e-3,
        2.480_158_728_947_673e-5,
        -2.755_731_435_139_066_3e-7,
        2.087_572_321_298_175e-9,
        -1.135_964_755_778_819_5e-11,
    ];
    let rounded = x * FRAC_2_PI + ROUND;
    let quarters = rounded - ROUND;
    let rest = ((x - quarters * PI_2[0]) - quarters * PI_2[1]) - quarters * PI_2[2];
    let square = rest * rest;
    let sine = rest + square * rest * polynomial(&SINE, square);
    let half = 0.5 * square;
    let least = 1.0 - half;
    let cosine = least + ((1.0 - least) - half + square * square * polynomial(&COSINE, square));
    (sine, cosine, rounded.to_bits())
}

/// `x`, negated where the second last bit of `quarters` is set.
#[inline(always)]
fn signed(x: f64, quarters: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ ((quarters & 2) << 62))
}

#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    let (sine, cosine, quarters) = turn(x);
    signed(choose(quarters & 1 == 0, sine, cosine), quarters)
}

#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    let (sine, cosine, quarters) = turn(x);
    signed(choose(quarters & 1 == 0, cosine, sine), quarters.wrapping_add(1))
}

#[inline(always)]
pub(super) fn tan(x: f64) -> f64 {
    let (sine, cosine, quarters) = turn(x);
    let even = quarters & 1 == 0;
    choose(even, sine, -cosine) / choose(even, cosine, sine)
}

/// Arc sine of a size up to 1, or half of what a larger one than 1/2 lacks of a quarter turn; and whether it is the latter.
#[inline(always)]
fn arc(size: f64) -> (f64, bool) {
    const ABOVE: [f64; 6] = [
        1.666_666_666_666_666_6e-1,
        -3.255_658_186_224_009e-1,
        2.012_125_321_348_629_3e-1,
        -4.005_553_450_067_941e-2,
        7.915_349_942_898_145e-4,
        3.479_331_075_960_212e-5,
    ];
    const BELOW: [f64; 5] = [
        1.0,
        -2.403_394_911_734_414,
        2.020_945_760_233_505_7,
        -6.882_839_716_054_533e-1,
        7.703_815_055_590_194e-2,
    ];
    let large = size >= 0.5;
    let square = choose(large, (1.0 - size) * 0.5, size * size);
    let root = choose(large, square.sqrt(), size);
    (root + root * (square * polynomial(&ABOVE, square) / polynomial(&BELOW, square)), large)
}

/// NaN beyond 1.
#[inline(always)]
pub(super) fn asin(x: f64) -> f64 {
    let (arc, large) = arc(x.abs());
    choose(large, FRAC_PI_2 - (2.0 * arc - REST_PI_2), arc).copysign(x)
}

/// NaN beyond 1.
#[inline(always)]
pub(super) fn acos(x: f64) -> f64 {
    let (arc, large) = arc(x.abs());
    let left = FRAC_PI_2 - (choose(large, arc, arc.copysign(x)) - REST_PI_2);
    choose(large, 2.0 * choose(x < 0.0, left, arc), left)
}

#[inline(always)]
pub(super) fn atan(x: f64) -> f64 {
    const SERIES: [f64; 11] = [
        3.333_333_333_333_293e-1,
        -1.999_999_999_987_648_3e-1,
        1.428_571_427_250_346_6e-1,
        -1.111_111_040_546_235_6e-1,
        9.090_887_133_436_507e-2,
        -7.691_876_205_044_83e-2,
        6.661_073_137_387_531e-2,
        -5.833_570_133_790_573e-2,
        4.976_877_994_615_932e-2,
        -3.653_157_274_421_691_6e-2,
        1.628_582_011_536_578_2e-2,
    ];
    /// Tangents of an eighth and of three eighths of half a turn.
    const BOUNDS: [f64; 2] = [0.414_213_562_373_095, 2.414_213_562_373_095];
    let size = x.abs();
    let (middle, large) = (size > BOUNDS[0], size > BOUNDS[1]);
    let above = choose(large, -1.0, choose(middle, size - 1.0, size));
    let tangent = above / choose(large, size, choose(middle, size + 1.0, 1.0));
    let turned = choose(large, FRAC_PI_2, choose(middle, FRAC_PI_4, 0.0));
    let rest = choose(large, REST_PI_2, choose(middle, 0.5 * REST_PI_2, 0.0));
    let square = tangent * tangent;
    (turned - ((tangent * square * polynomial(&SERIES, square) - rest) - tangent)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::several::tests::{spread, units};

    #[test]
    fn formulas_are_within_four_units_of_the_library() {
        let unit = || spread(-1.0, 1.0).chain(spread(-1e-3, 1e-3)).chain(spread(0.49, 0.51));
        assert!(units(asin, libm::asin, unit()) < 4.0);
        assert!(units(acos, libm::acos, unit()) < 4.0);
        let wide = || spread(-3.0, 3.0).chain(spread(-1e6, 1e6)).chain(spread(0.0, 1e-6));
        assert!(units(atan, libm::atan, wide().chain([f64::MAX, f64::INFINITY])) < 4.0);
        // Beside whole numbers of quarter turns, too, where nearly nothing is left of an angle.
        let beside = (0..600_000).flat_map(|i| {
            let quarter = f64::from(i) * FRAC_PI_2;
            [quarter, -quarter, f64::from_bits(quarter.to_bits() + 1)]
        });
        let angles = || wide().chain(beside.clone());
        assert!(units(sin, libm::sin, angles()) < 4.0);
        assert!(units(cos, libm::cos, angles()) < 4.0);
        assert!(units(tan, libm::tan, angles()) < 4.0);
    }

    #[test]
    fn outside_of_the_domain_is_nan() {
        for x in [1.000_1, -2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert!(asin(x).is_nan() && acos(x).is_nan());
        }
        assert!(atan(f64::NAN).is_nan() && !near(f64::NAN) && !near(f64::INFINITY));
    }
}
