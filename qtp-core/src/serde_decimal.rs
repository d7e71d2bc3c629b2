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

/// Serde for totals by currency: canonical text both ways.
pub(crate) mod by_currency {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::SortedMap;
    use crate::money::Currency;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(with = "crate::serde_decimal")] Decimal);

    pub(crate) fn serialize<S: Serializer>(
        totals: &SortedMap<Currency, Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(totals.iter().map(|(currency, value)| (currency, Text(*value))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SortedMap<Currency, Decimal>, D::Error> {
        let totals = SortedMap::<Currency, Text>::deserialize(deserializer)?;
        Ok(totals.into_iter().map(|(currency, Text(value))| (currency, value)).collect())
    }
}
