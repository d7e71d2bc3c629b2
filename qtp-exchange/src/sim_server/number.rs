//! Numbers as the venue writes them.

use qtp_core::Decimal;

/// A decimal as text: no exponent, at least one decimal place, no `-0.0`.
pub(super) fn text(value: Decimal) -> String {
    let value = value.normalize();
    if value.is_zero() {
        "0.0".to_owned()
    } else if value.scale() == 0 {
        format!("{value}.0")
    } else {
        value.to_string()
    }
}

/// A price, rounded to what a client expects at most: 8 decimal places.
pub(super) fn rounded(value: Decimal) -> String {
    text(value.round_dp(8))
}

/// A dollar amount: 6 decimal places.
pub(super) fn usd(value: Decimal) -> String {
    text(value.round_dp(6))
}

/// A well-mixed number from any other (splitmix64): the source of everything random on the tape, so that it depends
/// on seed, coin and time alone.
pub(super) const fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A made-up transaction hash.
pub(super) fn hash(seed: u64) -> String {
    let (a, b, c, d) = (mix(seed), mix(seed ^ 1), mix(seed ^ 2), mix(seed ^ 3));
    format!("0x{a:016x}{b:016x}{c:016x}{d:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_one_decimal_place_and_zero_has_no_sign() {
        let written = |value: &str| text(value.parse().unwrap());
        assert_eq!(written("30135"), "30135.0");
        assert_eq!(written("-0.00"), "0.0");
        assert_eq!(written("1.250"), "1.25");
        assert_eq!(usd("1.23456789".parse().unwrap()), "1.234568");
    }
}
