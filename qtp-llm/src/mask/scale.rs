//! What an instrument and an instant become, from a seed alone: the same in every decision of every run.

use qtp_core::money::{Notional, Price, Quantity};
use qtp_core::{Decimal, InstrumentId, Timestamp, ValueError};
use sha2::{Digest, Sha256};

use crate::settings::MaskSettings;

const WEEK_NANOS: i64 = 7 * 86_400 * 1_000_000_000;
/// Times are moved back by 4 to 16 years of whole weeks: the day of the week and the hour stay.
const WEEKS: (i64, i64) = (208, 624);
/// Prices are multiplied by `2^a * 5^b`: both it and its reciprocal have few decimals, so that a price comes back exact.
const TWOS: (i64, i64) = (-3, 5);
const FIVES: (i64, i64) = (-1, 2);

/// The factor of one instrument and its reciprocal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    factor: Decimal,
    reciprocal: Decimal,
}

impl Scale {
    pub(super) fn of(instrument: &InstrumentId, settings: &MaskSettings) -> Self {
        if !settings.prices {
            return Self { factor: Decimal::ONE, reciprocal: Decimal::ONE };
        }
        let draw = |name: &str, (low, high): (i64, i64)| {
            low + (hash(settings.seed, name, instrument.as_str()) % ((high - low + 1) as u64)) as i64
        };
        let (mut twos, fives) = (draw("twos", TWOS), draw("fives", FIVES));
        if (twos, fives) == (0, 0) {
            // One would hide nothing.
            twos = 3;
        }
        let (two, five) = (Decimal::TWO, Decimal::from(5));
        let power =
            |base: Decimal, times: i64| (0..times.abs()).fold(Decimal::ONE, |product, _| product * base);
        let fraction = |base: Decimal, inverse: Decimal, times: i64| {
            if times >= 0 { power(base, times) } else { power(inverse, times) }
        };
        let (half, fifth) = (Decimal::new(5, 1), Decimal::new(2, 1));
        Self {
            factor: fraction(two, half, twos) * fraction(five, fifth, fives),
            reciprocal: fraction(two, half, -twos) * fraction(five, fifth, -fives),
        }
    }

    pub(super) const fn factor(&self) -> Decimal {
        self.factor
    }

    pub(super) const fn reciprocal(&self) -> Decimal {
        self.reciprocal
    }

    pub(super) fn price(&self, price: Price) -> Result<Price, ValueError> {
        Price::new(price.get() * self.factor)
    }

    pub(super) fn price_back(&self, price: Price) -> Result<Price, ValueError> {
        Price::new(price.get() * self.reciprocal)
    }

    /// A quantity of base units: what it is worth stays.
    pub(super) fn quantity(&self, quantity: Quantity) -> Result<Quantity, ValueError> {
        Quantity::new(quantity.get() * self.reciprocal)
    }

    /// Money stays what it is.
    pub(super) const fn money(&self, value: Notional) -> Notional {
        value
    }
}

/// An instrument's other name: four letters that say nothing, in the same currency and of the same kind.
pub(super) fn name(instrument: &InstrumentId, settings: &MaskSettings) -> Result<InstrumentId, ValueError> {
    if !settings.names {
        return Ok(instrument.clone());
    }
    let mut rest = hash(settings.seed, "name", instrument.as_str());
    let mut letters = String::from("X");
    for _ in 0..4 {
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    let kind = instrument.symbol().split_once('-').map_or(String::new(), |(_, kind)| format!("-{kind}"));
    // A delivery date is a date.
    let kind = if kind.bytes().filter(u8::is_ascii_digit).count() >= 6 { "-USD".to_owned() } else { kind };
    format!("{letters}{kind}@market").parse()
}

/// How far times are moved back.
pub(super) fn shift(settings: &MaskSettings) -> i64 {
    if !settings.dates {
        return 0;
    }
    let span = (WEEKS.1 - WEEKS.0) as u64;
    (WEEKS.0 + (hash(settings.seed, "weeks", "") % span) as i64) * WEEK_NANOS
}

pub(super) fn moved(time: Timestamp, shift: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_sub(shift))
}

fn hash(seed: u64, what: &str, text: &str) -> u64 {
    let digest = Sha256::digest(format!("{seed}/{what}/{text}").as_bytes());
    digest.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}
