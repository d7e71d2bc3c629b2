//! Decimal text.

use rust_decimal::Decimal;

/// So many digits never overflow 64 bits.
const SHORT: usize = 19;

/// The decimal that a text is, digit for digit; `None` if it is no number, or has more digits than a decimal holds.
///
/// ```
/// use qtp_core::money::exact;
/// assert_eq!(exact("64250.50").map(|value| value.to_string()).as_deref(), Some("64250.50"));
/// assert!(exact("1e3").is_none());
/// ```
pub fn exact(text: &str) -> Option<Decimal> {
    short(text.as_bytes()).or_else(|| Decimal::from_str_exact(text).ok())
}

/// Few digits with at most one point and a minus, as nearly every number of a market is. A book has 80 of them.
fn short(text: &[u8]) -> Option<Decimal> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > SHORT {
        return None;
    }
    let (mut mantissa, mut point) = (0_u64, None);
    for (place, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa * 10 + u64::from(digit);
        } else if *byte == b'.' && point.is_none() {
            point = Some(place);
        } else {
            return None;
        }
    }
    let scale = point.map_or(0, |point| digits.len() - point - 1);
    let any = digits.len() > usize::from(point.is_some());
    // What has no value has no sign either: that is left to the general parser.
    let plain = any && !(negative && mantissa == 0);
    plain.then(|| Decimal::from_parts(mantissa as u32, (mantissa >> 32) as u32, 0, negative, scale as u32))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_numbers_are_read_as_by_the_general_parser(text in "[-+]{0,2}[0-9_]{0,12}[.]{0,2}[0-9]{0,12}e?") {
            let general = Decimal::from_str_exact(&text).ok().map(|value| value.serialize());
            prop_assert_eq!(exact(&text).map(|value| value.serialize()), general);
        }

        #[test]
        fn any_text_is_read_as_by_the_general_parser(text in ".{0,40}") {
            prop_assert_eq!(exact(&text), Decimal::from_str_exact(&text).ok());
        }
    }

    #[test]
    fn signs_points_and_zeros_stay() {
        for text in [
            "0",
            "-0",
            "0.000",
            "-0.0",
            ".5",
            "5.",
            ".",
            "-",
            "",
            "9999999999999999999",
            "99999999999999999999",
        ] {
            let general = Decimal::from_str_exact(text).ok();
            assert_eq!(
                exact(text).map(|value| value.serialize()),
                general.map(|value| value.serialize()),
                "{text:?}"
            );
        }
    }
}
