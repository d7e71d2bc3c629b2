//! Values as an axis shows them.

use crate::stats::format::grouped;

/// More than this many decimals are written with an exponent.
const MOST_DECIMALS: usize = 12;

/// How the values of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// With this many decimals.
    Decimals(usize),
    /// In thousands, millions and so on: `12.4M`.
    Short,
    /// With an exponent: `1.234e-15`.
    Exponent,
}

impl Format {
    /// The format of prices: as many decimals as they have, within reason for their size.
    pub(super) fn of_prices(prices: impl Iterator<Item = f64> + Clone) -> Self {
        let largest = prices.clone().map(f64::abs).fold(0.0, f64::max);
        let order = order(largest);
        if largest >= 1e10 {
            return Self::Short;
        }
        let most = usize::try_from(5 - order).unwrap_or(0).max(2);
        if most > MOST_DECIMALS + 2 {
            return Self::Exponent;
        }
        let needed = |price: f64| {
            (0..most).find(|decimals| {
                let text = format!("{price:.decimals$}");
                text.parse::<f64>().is_ok_and(|rounded| (rounded - price).abs() <= price.abs() * 1e-9)
            })
        };
        Self::Decimals(prices.map(|price| needed(price).unwrap_or(most)).max().unwrap_or(2))
    }

    /// The format for values of this size.
    pub(super) fn of_size(largest: f64) -> Self {
        match order(largest) {
            _ if largest == 0.0 => Self::Decimals(2),
            5.. => Self::Short,
            order @ 0..5 => Self::Decimals(if order == 0 { 3 } else { 2 }),
            order => usize::try_from(3 - order).map_or(Self::Exponent, |decimals| {
                if decimals > MOST_DECIMALS { Self::Exponent } else { Self::Decimals(decimals) }
            }),
        }
    }

    /// The same with at least as many decimals as tell ticks apart.
    pub(super) fn at_least(self, decimals: usize) -> Self {
        match self {
            Self::Decimals(own) if own < decimals && decimals > MOST_DECIMALS => Self::Exponent,
            Self::Decimals(own) => Self::Decimals(own.max(decimals)),
            other => other,
        }
    }

    pub(super) fn text(self, value: f64) -> String {
        if !value.is_finite() {
            return "n/a".to_owned();
        }
        let text = match self {
            Self::Decimals(decimals) => grouped(&format!("{value:.decimals$}")),
            Self::Exponent if value == 0.0 => "0".to_owned(),
            Self::Exponent => format!("{value:.3e}"),
            Self::Short => short(value),
        };
        // The sign of a number is as wide as a digit and is not a hyphen.
        text.replace('-', "\u{2212}")
    }
}

/// `950`, `12.4K`, `3.05M`: three or four digits.
pub(super) fn short(value: f64) -> String {
    let units = [(1e15, ""), (1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")];
    let size = value.abs();
    if size >= 1e15 {
        return format!("{value:.3e}");
    }
    match units.into_iter().find(|(unit, _)| size >= *unit) {
        Some((unit, letter)) => format!("{:.2}{letter}", value / unit),
        None if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        None => format!("{value:.2}"),
    }
}

/// The power of ten at or below a value; by comparison, so that every processor agrees.
fn order(value: f64) -> i32 {
    let (mut value, mut order) = (value.abs(), 0);
    if !(value > 0.0 && value.is_finite()) {
        return 0;
    }
    while value >= 10.0 {
        value /= 10.0;
        order += 1;
    }
    while value < 1.0 {
        value *= 10.0;
        order -= 1;
    }
    order
}

/// About how wide a text is, in units of its font size. Digits as in wide sans-serif fonts.
pub(super) fn width(text: &str) -> f64 {
    let letter = |letter: char| match letter {
        '.' | ',' | ' ' | ':' | 'i' | 'l' | 'j' | '|' | '\'' => 0.3,
        'f' | 't' | 'r' | '(' | ')' | '-' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' => 0.93,
        letter if letter.is_ascii_uppercase() => 0.7,
        _ => 0.61,
    };
    text.chars().map(letter).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(prices: &[f64]) -> Format {
        Format::of_prices(prices.iter().copied())
    }

    #[test]
    fn prices_have_the_decimals_that_they_need() {
        assert_eq!(prices(&[64_250.5, 64_251.0]).text(64_250.5), "64,250.5");
        assert_eq!(prices(&[1.08453]).text(1.08453), "1.08453");
        assert_eq!(prices(&[0.000_012_34]).text(0.000_012_34), "0.00001234");
        assert_eq!(prices(&[100.0, 101.0]), Format::Decimals(0));
        // An adjusted price has more decimals than anybody reads.
        assert_eq!(prices(&[191.123_456_789]).text(191.123_456_789), "191.123");
        assert_eq!(prices(&[3.2e13]).text(3.2e13), "32.00T");
        assert_eq!(prices(&[1.5e-15]).text(1.5e-15), "1.500e\u{2212}15");
    }

    #[test]
    fn values_have_decimals_for_their_size() {
        assert_eq!(Format::of_size(100.0).text(54.087), "54.09");
        assert_eq!(Format::of_size(3.3e8).text(-3.3e8), "\u{2212}330.00M");
        assert_eq!(Format::of_size(0.002_1).text(0.002_1), "0.002100");
        assert_eq!(Format::of_size(0.0).text(0.0), "0.00");
        assert_eq!(Format::of_size(1e-20), Format::Exponent);
        assert_eq!(Format::Decimals(1).at_least(3), Format::Decimals(3));
    }

    #[test]
    fn volumes_are_short() {
        for (volume, text) in
            [(0.0, "0"), (0.5, "0.50"), (950.0, "950"), (12_345.0, "12.35K"), (4.2e7, "42.00M")]
        {
            assert_eq!(short(volume), text);
        }
    }
}
