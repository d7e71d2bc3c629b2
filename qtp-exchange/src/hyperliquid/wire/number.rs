//! Numbers and ids as the venue writes them.

use std::fmt;

use qtp_core::money::exact;
use qtp_core::{ClientOrderId, Decimal, ValueError};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most decimal places of a price or size.
const DECIMALS: u32 = 8;

/// A price or size: written without exponent, trailing zeros or `-0`, at most 8 decimal places.
///
/// ```
/// use qtp_exchange::hyperliquid::wire::Number;
/// assert_eq!(Number::new("2000.10".parse()?)?.to_string(), "2000.1");
/// assert!(Number::new("0.000000001".parse()?).is_err(), "nothing is rounded away");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(Decimal);

impl Number {
    /// A number that can be written.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if it has more than 8 decimal places.
    pub fn new(value: Decimal) -> Result<Self, ValueError> {
        let value = value.normalize();
        if value.scale() > DECIMALS {
            return Err(ValueError::range("number", value, "at most 8 decimal places"));
        }
        Ok(Self(value))
    }

    /// The exact decimal.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.normalize(), f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    /// Reads any decimal text, also one that a venue would refuse.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("a decimal number", |text: &str| exact(text).map(Self)))
    }
}

/// A client order id as the venue writes it: `0x` and 32 hex digits. It holds ours whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cloid(pub ClientOrderId);

impl fmt::Display for Cloid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", self.0)
    }
}

impl Serialize for Cloid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cloid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("0x and 32 hex digits", |text: &str| text.parse().ok().map(Self)))
    }
}

/// Reads a text without copying it.
pub(super) struct Text<F>(pub(super) &'static str, pub(super) F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            E::custom(format_args!("{shown:?} is not {}", self.0))
        })
    }
}
