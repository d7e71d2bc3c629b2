//! Serde for a bare decimal: canonical text both ways.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the canonical text.
///
/// # Errors
/// What the serializer returns.
pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&value.normalize())
}

/// Reads decimal text; numbers are refused, because they may have passed through a float.
///
/// # Errors
/// If the text is not a decimal of at most 28 digits.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    Decimal::from_str_exact(&text).map_err(serde::de::Error::custom)
}
