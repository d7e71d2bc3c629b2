//! Decimals as 64-bit mantissas.

use qtp_core::{Candle, Decimal};

/// Digits behind the point of a series' mantissas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scales {
    pub(super) price: u32,
    pub(super) volume: u32,
}

/// A candle's mantissas: open, high, low, close, volume.
pub(super) type Mantissas = [i64; 5];

/// `10^n`; `None` if it does not fit.
pub(super) fn power(n: u32) -> Option<i64> {
    10_i64.checked_pow(n)
}

/// The mantissa of `value` at `scale`; `None` unless it is an integer of 64 bits there.
pub(super) fn mantissa(value: Decimal, scale: u32) -> Option<i64> {
    let mantissa = value.mantissa();
    match scale.checked_sub(value.scale()) {
        Some(0) => i64::try_from(mantissa).ok(),
        Some(more) => i64::try_from(mantissa).ok()?.checked_mul(power(more)?),
        None => {
            let factor = 10_i128.checked_pow(value.scale() - scale)?;
            let (value, rest) = (mantissa / factor, mantissa % factor);
            (rest == 0).then(|| i64::try_from(value).ok()).flatten()
        }
    }
}

impl Scales {
    /// The candle's mantissas at these scales.
    pub(super) fn mantissas(self, candle: &Candle) -> Option<Mantissas> {
        Some([
            mantissa(candle.open().get(), self.price)?,
            mantissa(candle.high().get(), self.price)?,
            mantissa(candle.low().get(), self.price)?,
            mantissa(candle.close().get(), self.price)?,
            mantissa(candle.volume().get(), self.volume)?,
        ])
    }

    /// The scales that hold most of `candles` beside what is held already, never smaller than these.
    ///
    /// A scale is raised as far as the candles need it, but not so far that the largest value would no longer
    /// fit; `largest` are the largest mantissas held so far.
    pub(super) fn raised(self, candles: &[Candle], largest: (i64, i64)) -> Self {
        let prices =
            |candle: &Candle| [candle.open(), candle.high(), candle.low(), candle.close()].map(|p| p.get());
        let price = Need::of(self.price, largest.0, candles.iter().flat_map(prices));
        let volume = Need::of(self.volume, largest.1, candles.iter().map(|candle| candle.volume().get()));
        Self { price: price.scale(self.price), volume: volume.scale(self.volume) }
    }
}

/// What a set of values asks of a scale.
struct Need {
    /// Digits behind the point.
    digits: u32,
    /// The largest value, rounded up.
    largest: i128,
}

impl Need {
    fn of(held_scale: u32, held: i64, values: impl Iterator<Item = Decimal>) -> Self {
        let held = i128::from(held) / 10_i128.pow(held_scale.min(28)) + 1;
        let mut need = Self { digits: held_scale, largest: held };
        for value in values {
            let whole = value.mantissa() / 10_i128.pow(value.scale().min(28)) + 1;
            // Trailing zeros need no room; they are looked for only where they would raise the scale.
            let raises = value.scale() > need.digits;
            let digits = if raises { value.normalize().scale() } else { value.scale() };
            if mantissa(value, digits).is_some() {
                need.digits = need.digits.max(digits);
                need.largest = need.largest.max(whole);
            }
        }
        need
    }

    fn scale(&self, held: u32) -> u32 {
        let fits = |scale: &u32| {
            let value = 10_i128.checked_pow(*scale).and_then(|power| self.largest.checked_mul(power));
            value.is_some_and(|value| value <= i128::from(i64::MAX))
        };
        (held..=self.digits).rev().find(fits).unwrap_or(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    #[test]
    fn a_mantissa_is_exact_or_none() {
        assert_eq!(mantissa(dec("1.50"), 2), Some(150));
        assert_eq!(mantissa(dec("1.50"), 1), Some(15));
        assert_eq!(mantissa(dec("1.50"), 0), None);
        assert_eq!(mantissa(dec("-3"), 4), Some(-30_000));
        assert_eq!(mantissa(dec("100000000000000"), 4), Some(1_000_000_000_000_000_000));
        assert_eq!(mantissa(dec("100000000000000"), 5), None);
        assert_eq!(mantissa(dec("0.0000000000000000000000000001"), 28), Some(1));
        assert_eq!(mantissa(Decimal::MAX, 0), None);
        assert_eq!(mantissa(dec("0"), 28), Some(0).filter(|_| power(28).is_some()));
    }

    #[test]
    fn a_scale_rises_only_as_far_as_the_largest_value_allows() {
        let need = |held_scale, held, values: &[&str]| {
            Need::of(held_scale, held, values.iter().map(|text| dec(text))).scale(held_scale)
        };
        assert_eq!(need(0, 0, &["1.25", "3.5000"]), 2);
        assert_eq!(need(3, 0, &["1"]), 3);
        // 64,250 at 18 digits is over 9.2e18: the longest value goes to text, not the others.
        assert_eq!(need(0, 0, &["64250.5", "0.123456789012345678"]), 14);
        assert_eq!(need(2, 6_425_000, &["0.123456789012345678"]), 14);
        assert_eq!(need(0, 0, &["0.1234567890123456789012345678"]), 0);
    }
}
