//! Sine and cosine of parts of a turn, rounded as well as numbers can be.
//!
//! On prices that stand still, the phase is made of nothing but the rounding of these numbers. TA-Lib takes them from the
//! C library, whose last digit is right where that of `libm` is now and then not; so they are computed with twice the
//! digits.

use std::sync::LazyLock;

/// Longest cycle in candles, and one.
pub(crate) const LONGEST: usize = 51;

/// Sine and cosine of `i / n` turns at `[n][i]`, once for all: they depend on nothing else.
pub(super) static TURNS: LazyLock<Vec<[(f64, f64); LONGEST]>> = LazyLock::new(|| {
    let angle = |i: usize, n: usize| (i as f64 * (std::f64::consts::FRAC_PI_4 * 8.0)) / n as f64;
    (0..LONGEST)
        .map(|n| std::array::from_fn(|i| if n == 0 { (0.0, 0.0) } else { turn(angle(i, n)) }))
        .collect()
});

/// A number and what it lacks.
#[derive(Debug, Clone, Copy)]
struct Double(f64, f64);

impl Double {
    /// The sum of two numbers; the first is the larger.
    fn new(large: f64, small: f64) -> Self {
        let sum = large + small;
        Self(sum, small - (sum - large))
    }

    fn plus(self, other: Self) -> Self {
        let sum = self.0 + other.0;
        let part = sum - self.0;
        let lack = (self.0 - (sum - part)) + (other.0 - part);
        Self::new(sum, lack + self.1 + other.1)
    }

    fn times(self, other: Self) -> Self {
        let product = self.0 * other.0;
        let lack = libm::fma(self.0, other.0, -product);
        Self::new(product, lack + (self.0 * other.1 + self.1 * other.0))
    }

    fn over(self, n: f64) -> Self {
        let quotient = self.0 / n;
        Self::new(quotient, (libm::fma(-quotient, n, self.0) + self.1) / n)
    }
}

/// Halvings of an angle until its series is short.
const HALVINGS: i32 = 6;

/// Sine and cosine of an angle of up to a turn.
fn turn(angle: f64) -> (f64, f64) {
    let small = Double(angle / f64::from(1 << HALVINGS), 0.0);
    let (mut sine, mut cosine, mut term) = (Double(0.0, 0.0), Double(1.0, 0.0), Double(1.0, 0.0));
    for k in 1..=20 {
        // 1, x, -x^2 / 2, -x^3 / 6, and so on.
        let sign = if k % 2 == 0 { -1.0 } else { 1.0 };
        term = term.times(small).over(sign * f64::from(k));
        let sum = if k % 2 == 0 { &mut cosine } else { &mut sine };
        *sum = sum.plus(term);
    }
    for _ in 0..HALVINGS {
        let twice = Double(-2.0 * sine.0, -2.0 * sine.1);
        let square = twice.times(sine);
        let product = twice.times(cosine);
        (sine, cosine) = (Double(-product.0, -product.1), Double(1.0, 0.0).plus(square));
    }
    (sine.0, cosine.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_those_of_the_library_but_for_the_last_digit() {
        for n in 1..LONGEST {
            for i in 0..n {
                let angle = (i as f64 * (std::f64::consts::FRAC_PI_4 * 8.0)) / n as f64;
                let (sine, cosine) = TURNS[n][i];
                assert!((sine - libm::sin(angle)).abs() <= f64::EPSILON / 2.0, "{i} of {n}");
                assert!((cosine - libm::cos(angle)).abs() <= f64::EPSILON / 2.0, "{i} of {n}");
            }
        }
    }

    #[test]
    fn last_digit_is_that_of_sines_with_sixty_digits() {
        for (i, n, sine) in [
            (2, 3, -0.866_025_403_784_438_4),
            (7, 19, 0.735_723_910_673_131_8),
            (3, 29, 0.605_174_215_193_765_2),
        ] {
            assert_eq!(TURNS[n][i].0, sine, "{i} of {n}");
        }
    }
}
