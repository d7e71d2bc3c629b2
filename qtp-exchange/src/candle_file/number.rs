//! Decimal text to an exact decimal and the nearest float, without going through either's parser.

use memchr::memchr;
use qtp_core::Decimal;

use super::error::{Problem, excerpt};

/// Powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];
/// Whole numbers below this are exact in a float.
const EXACT: u128 = 1 << 53;
/// A decimal's mantissa has 96 bits.
const MANTISSA_MAX: u128 = (1 << 96) - 1;
const SCALE_MAX: i64 = 28;
/// So many digits never overflow 64 bits.
const FAST_DIGITS: usize = 19;

/// `mantissa / 10^scale`, with its sign. Never a negative zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) mantissa: u128,
    pub(super) scale: u32,
    pub(super) negative: bool,
}

impl Number {
    /// Reads `[+-]digits[.digits][e[+-]digits]`; the point may lead or trail.
    ///
    /// # Errors
    /// Unless the text is a finite number that a decimal of 28 digits holds exactly.
    pub(super) fn read(field: &[u8]) -> Result<Self, Problem> {
        let (negative, digits) = match field {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, field),
        };
        general(field, digits, negative)
    }

    /// The exact value.
    #[inline]
    pub(super) const fn decimal(self) -> Decimal {
        let m = self.mantissa;
        Decimal::from_parts(m as u32, (m >> 32) as u32, (m >> 64) as u32, self.negative, self.scale)
    }

    /// True if [`Number::quotient`] is the nearest float.
    #[inline]
    pub(super) const fn is_exact(self) -> bool {
        self.mantissa < EXACT && (self.scale as usize) < TENS.len()
    }

    /// Mantissa by power of ten: where both are exact floats, the one division rounds correctly.
    #[inline]
    pub(super) fn quotient(self) -> f64 {
        let magnitude =
            self.mantissa as u64 as f64 / TENS.get(self.scale as usize).copied().unwrap_or(f64::NAN);
        if self.negative { -magnitude } else { magnitude }
    }

    /// The float nearest to the value; `field` is the text that it was read from.
    pub(super) fn float(self, field: &[u8]) -> f64 {
        if self.is_exact() {
            return self.quotient();
        }
        std::str::from_utf8(field).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    }
}

/// A field on the way through a line: its end, and its value if it is nothing but digits and a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) end: usize,
    pub(super) number: Option<Number>,
}

impl Token {
    /// Reads the field that begins at `start`, up to the next comma: in one pass, because splitting a line first
    /// and reading its numbers then takes half as long again.
    #[inline]
    pub(super) fn scan(line: &[u8], start: usize) -> Self {
        let (mut mantissa, mut point, mut end) = (0_u64, None, line.len());
        for (index, byte) in line.iter().enumerate().skip(start) {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if *byte == b',' {
                end = index;
                break;
            } else if *byte == b'.' && point.is_none() {
                point = Some(index);
            } else {
                let end = memchr(b',', &line[index..]).map_or(line.len(), |comma| index + comma);
                return Self { end, number: None };
            }
        }
        let digits = end - start - usize::from(point.is_some());
        // So many digits cannot have overflowed.
        if digits == 0 || digits > FAST_DIGITS {
            return Self { end, number: None };
        }
        let scale = point.map_or(0, |point| (end - point - 1) as u32);
        Self { end, number: Some(Number { mantissa: mantissa.into(), scale, negative: false }) }
    }
}

/// More digits, a sign, an exponent, or not a number at all.
fn general(field: &[u8], digits: &[u8], negative: bool) -> Result<Number, Problem> {
    let (significand, exponent) = match digits.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&digits[..at], exponent(&digits[at + 1..]).ok_or_else(|| not_a_number(field))?),
        None => (digits, 0),
    };
    let mut mantissa = 0_u128;
    let (mut scale, mut after_point, mut any, mut zeros) = (-exponent, false, false, 0_i64);
    let mut full = false;
    for byte in significand {
        match byte {
            b'0' => zeros += 1,
            b'1'..=b'9' => {
                // Zeros count only once a digit stands behind them: trailing ones need no room.
                full |= !append(&mut mantissa, zeros, byte - b'0');
                zeros = 0;
            }
            b'.' if !after_point => {
                after_point = true;
                continue;
            }
            _ => return Err(not_a_number(field)),
        }
        any = true;
        scale += i64::from(after_point);
    }
    if !any {
        return Err(not_a_number(field));
    }
    if full {
        return Err(Problem::TooManyDigits { text: excerpt(field) });
    }
    fit(field, mantissa, scale - zeros, negative)
}

/// Appends `zeros` zeros and a digit; false if the mantissa has no room for them.
fn append(mantissa: &mut u128, zeros: i64, digit: u8) -> bool {
    let power = match u32::try_from(zeros + 1) {
        _ if *mantissa == 0 => Some(1),
        Ok(power) if power <= 29 => 10_u128.checked_pow(power),
        _ => None,
    };
    let next = power.and_then(|power| mantissa.checked_mul(power)?.checked_add(digit.into()));
    match next {
        Some(next) if next <= MANTISSA_MAX => {
            *mantissa = next;
            true
        }
        _ => false,
    }
}

/// Brings the scale into 0 to 28. The mantissa has no trailing zeros.
fn fit(field: &[u8], mantissa: u128, scale: i64, negative: bool) -> Result<Number, Problem> {
    if mantissa == 0 {
        return Ok(Number { mantissa, scale: 0, negative: false });
    }
    if scale > SCALE_MAX {
        return Err(Problem::TooManyDigits { text: excerpt(field) });
    }
    if let Ok(scale) = u32::try_from(scale) {
        return Ok(Number { mantissa, scale, negative });
    }
    let power = u32::try_from(-scale).ok().filter(|power| *power <= 28).map(|power| 10_u128.pow(power));
    match power.and_then(|power| mantissa.checked_mul(power)).filter(|mantissa| *mantissa <= MANTISSA_MAX) {
        Some(mantissa) => Ok(Number { mantissa, scale: 0, negative }),
        None => Err(Problem::too_large(field)),
    }
}

/// An exponent, saturating: beyond a few dozen it does not fit a decimal anyway.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, byte| (value * 10 + i64::from(byte - b'0')).min(1_000_000));
    Some(if negative { -value } else { value })
}

fn not_a_number(field: &[u8]) -> Problem {
    let text = excerpt(field);
    let word = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if ["nan", "inf", "infinity"].contains(&word.as_str()) {
        Problem::NotFinite { text }
    } else {
        Problem::NotANumber { text }
    }
}

#[cfg(test)]
mod tests;
