//! Numbers as people read them: one rounding for the terminal, the page and the sentence.

use qtp_core::Timestamp;

/// An amount with thousands separators and two decimals; more decimals for one below a cent.
///
/// ```
/// use qtp_engine::stats::format::money;
/// assert_eq!(money(-1234567.891), "-1,234,567.89");
/// assert_eq!(money(0.00345), "0.0034");
/// assert_eq!(money(-0.0), "0.00");
/// ```
pub fn money(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value != 0.0 && value.abs() < 0.01 {
        return significant(value, 2);
    }
    grouped(&format!("{value:.2}"))
}

/// As [`money`], with a sign in front of a profit too.
pub fn signed_money(value: f64) -> String {
    if value > 0.0 { format!("+{}", money(value)) } else { money(value) }
}

/// A share as a percentage with two decimals and its sign: `0.1234` is `+12.34 %`.
pub fn signed_percent(share: f64) -> String {
    if share > 0.0 { format!("+{}", percent(share)) } else { percent(share) }
}

/// A share as a percentage with two decimals.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "n/a".to_owned();
    }
    format!("{} %", grouped(&format!("{:.2}", share * 100.0)))
}

/// A ratio with two decimals.
pub fn ratio(value: f64) -> String {
    if value.is_finite() { grouped(&format!("{value:.2}")) } else { "n/a".to_owned() }
}

/// A count with thousands separators.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A price or a quantity: up to six significant decimals, without trailing zeros.
///
/// ```
/// use qtp_engine::stats::format::number;
/// assert_eq!(number(64250.5), "64,250.5");
/// assert_eq!(number(0.000012345678), "0.0000123457");
/// ```
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    if value != 0.0 && value.abs() < 1.0 {
        return trimmed(&significant(value, 6)).to_owned();
    }
    let decimals = if value.abs() >= 1000.0 { 2 } else { 4 };
    grouped(trimmed(&format!("{value:.decimals$}")))
}

/// `2024-04-16 01:00:00`, the seconds only where there are any. UTC.
pub fn date_time(time: Timestamp) -> String {
    let clock = time.time_of_day();
    let clock = clock.strip_suffix(":00").unwrap_or(&clock);
    format!("{} {clock}", date(time))
}

/// `2024-04-16`, UTC.
pub fn date(time: Timestamp) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// A span as its two largest units: `3d 4h`, `5h 20m`, `42s`.
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

fn significant(value: f64, digits: usize) -> String {
    let mut decimals = digits;
    let mut scale = value.abs();
    while scale < 0.1 && decimals < 18 {
        scale *= 10.0;
        decimals += 1;
    }
    let text = format!("{value:.decimals$}");
    without_negative_zero(&text).to_owned()
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn without_negative_zero(text: &str) -> &str {
    let zero = text.strip_prefix('-').filter(|rest| rest.bytes().all(|b| b == b'0' || b == b'.'));
    zero.unwrap_or(text)
}

pub(crate) fn grouped(text: &str) -> String {
    let text = without_negative_zero(text);
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, decimals) = rest.split_once('.').map_or((rest, None), |(whole, d)| (whole, Some(d)));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(decimals) = decimals {
        out.push('.');
        out.push_str(decimals);
    }
    out
}
