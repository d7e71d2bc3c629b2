//! Times as files write them.

use qtp_core::Timestamp;

use super::error::{Problem, excerpt};
use super::number::Number;

/// The unit of a Unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;
/// First instant of 2201, in nanoseconds.
const END: i64 = days_from_civil(2201, 1, 1) * DAY * NANOS_PER_SECOND;
const TEXT_FORMS: &str = "RFC 3339 or YYYY-MM-DD[ HH:MM[:SS]]";
const ALL_FORMS: &str = "Unix s, ms, us or ns, RFC 3339 or YYYY-MM-DD[ HH:MM[:SS]]";

impl TimeUnit {
    /// Coarsest first.
    const ALL: [Self; 4] = [Self::S, Self::Ms, Self::Us, Self::Ns];

    /// Nanoseconds of one unit.
    const fn nanos(self) -> i64 {
        match self {
            Self::S => NANOS_PER_SECOND,
            Self::Ms => 1_000_000,
            Self::Us => 1_000,
            Self::Ns => 1,
        }
    }

    /// The instant that a number of this unit names, if it lies in 1970 to 2200. A fraction counts if it is a
    /// whole number of nanoseconds.
    #[inline]
    pub(super) fn time(self, number: Number) -> Option<Timestamp> {
        if number.negative {
            return None;
        }
        if number.scale == 0 {
            let value = i64::try_from(number.mantissa).ok()?;
            return in_range(value.checked_mul(self.nanos())?);
        }
        let scaled = number.mantissa.checked_mul(self.nanos().unsigned_abs().into())?;
        let divisor = 10_u128.checked_pow(number.scale)?;
        if scaled % divisor != 0 {
            return None;
        }
        in_range(i64::try_from(scaled / divisor).ok()?)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::S => "Unix seconds",
            Self::Ms => "Unix milliseconds",
            Self::Us => "Unix microseconds",
            Self::Ns => "Unix nanoseconds",
        }
    }
}

impl std::str::FromStr for TimeUnit {
    type Err = qtp_core::ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "s" => Ok(Self::S),
            "ms" => Ok(Self::Ms),
            "us" => Ok(Self::Us),
            "ns" => Ok(Self::Ns),
            _ => Err(qtp_core::ValueError::parse("time unit", text, "s, ms, us or ns")),
        }
    }
}

/// How the first row of a file writes its time; all others must write it so too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeForm {
    Unix(TimeUnit),
    Text,
}

impl TimeForm {
    /// Decides on the first row. `unit` overrides what the size of a number tells.
    pub(super) fn of_first(field: &[u8], unit: Option<TimeUnit>) -> Result<Self, Problem> {
        if field.get(4) == Some(&b'-') {
            return Ok(Self::Text);
        }
        let Ok(number) = Number::read(field) else {
            return Err(Problem::NotATime { text: excerpt(field), expected: ALL_FORMS });
        };
        if let Some(unit) = unit {
            return Ok(Self::Unix(unit));
        }
        if is_compact_date(field) {
            return Err(Problem::CompactDate { text: excerpt(field) });
        }
        // The coarsest unit that does not overshoot: 1.7e9 is seconds, 1.7e12 milliseconds.
        let fits = |unit: &TimeUnit| unit.time(number).is_some();
        TimeUnit::ALL
            .into_iter()
            .find(fits)
            .map(Self::Unix)
            .ok_or_else(|| Problem::TimeOutOfRange { text: excerpt(field), unit: "Unix s, ms, us or ns" })
    }

    /// Reads a time.
    pub(super) fn read(self, field: &[u8]) -> Result<Timestamp, Problem> {
        match self {
            Self::Unix(unit) => {
                let number = Number::read(field)
                    .map_err(|_| Problem::NotATime { text: excerpt(field), expected: unit.name() })?;
                unit.time(number)
                    .ok_or_else(|| Problem::TimeOutOfRange { text: excerpt(field), unit: unit.name() })
            }
            Self::Text => {
                let nanos = text(field)
                    .ok_or_else(|| Problem::NotATime { text: excerpt(field), expected: TEXT_FORMS })?;
                in_range(nanos)
                    .ok_or_else(|| Problem::TimeOutOfRange { text: excerpt(field), unit: "a date" })
            }
        }
    }
}

#[inline]
fn in_range(nanos: i64) -> Option<Timestamp> {
    (0..END).contains(&nanos).then_some(Timestamp::from_nanos(nanos))
}

/// Eight digits that are a date: as seconds they would all lie in 1970 to 1973.
fn is_compact_date(field: &[u8]) -> bool {
    if field.len() != 8 {
        return false;
    }
    let parts = (digits(&field[..4]), digits(&field[4..6]), digits(&field[6..]));
    matches!(parts, (Some(year), Some(month), Some(day))
        if (1900..=2200).contains(&year) && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day))
}

/// `YYYY-MM-DD`, then optionally `T` or a space and `HH:MM[:SS[.frac]]`, then optionally `Z` or `+HH:MM`.
fn text(field: &[u8]) -> Option<i64> {
    let (date, rest) = field.split_at_checked(10)?;
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let (year, month, day) = (digits(y)?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * DAY;
    if rest.is_empty() {
        return midnight.checked_mul(NANOS_PER_SECOND);
    }
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, rest @ ..] = rest else { return None };
    let (hour, minute) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (digits(&[*s1, *s2])?, rest),
        _ => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    let seconds = midnight + hour * 3600 + minute * 60 + second - offset(zone)?;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(fraction)
}

/// One to nine digits as nanoseconds, and what stands behind them.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, rest) = text.split_at_checked(count)?;
    let scale = 9_u32.checked_sub(u32::try_from(count).ok().filter(|count| *count > 0)?)?;
    Some((digits(head)? * 10_i64.pow(scale), rest))
}

/// Seconds east of UTC; no zone at all means UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            (*sign, digits(&[*h1, *h2])?, digits(&[*m1, *m2])?)
        }
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// A short run of digits.
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, for years from 0. The year counts from March, so that
/// the leap day stands at its end.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let year = if month > 2 { year } else { year - 1 };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * shifted + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests;
