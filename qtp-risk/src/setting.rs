//! How limits are written: numbers or decimal text, and `off` for a limit that does not bind.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use qtp_core::money::decimal_from_f64;
use qtp_core::{Decimal, Notional, Ratio};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

const OFF: &str = "off";

/// A type that a configured number can become.
pub(crate) trait Setting: Sized {
    fn from_decimal(value: Decimal) -> Option<Self>;
}

impl Setting for Ratio {
    fn from_decimal(value: Decimal) -> Option<Self> {
        Self::new(value).ok()
    }
}

impl Setting for Notional {
    fn from_decimal(value: Decimal) -> Option<Self> {
        Self::new(value).ok()
    }
}

impl Setting for u32 {
    fn from_decimal(value: Decimal) -> Option<Self> {
        if value.is_integer() { Self::try_from(value).ok() } else { None }
    }
}

impl Setting for u64 {
    fn from_decimal(value: Decimal) -> Option<Self> {
        if value.is_integer() { Self::try_from(value).ok() } else { None }
    }
}

/// A duration in seconds, for the numbers of a reason.
pub(crate) fn seconds(duration: Duration) -> Decimal {
    Decimal::from(duration.as_secs()).saturating_add(Decimal::new(i64::from(duration.subsec_millis()), 3))
}

/// A limit that may be `off`.
pub(crate) mod limit {
    use super::*;

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(OFF),
        }
    }

    pub(crate) fn deserialize<'de, T: Setting, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(Reader { off_allowed: true, of: PhantomData })
    }
}

/// A number that is always in force.
pub(crate) mod number {
    use super::*;

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Setting, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        let value = deserializer.deserialize_any(Reader { off_allowed: false, of: PhantomData })?;
        value.ok_or_else(|| D::Error::custom("a number is needed here"))
    }
}

struct Reader<T> {
    off_allowed: bool,
    of: PhantomData<T>,
}

impl<T: Setting> Reader<T> {
    fn take<E: Error>(&self, value: Option<Decimal>, text: impl fmt::Display) -> Result<Option<T>, E> {
        match value.and_then(T::from_decimal) {
            Some(value) => Ok(Some(value)),
            None => Err(E::custom(format_args!("{text} is not a number that can stand here"))),
        }
    }
}

impl<T: Setting> Visitor<'_> for Reader<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.off_allowed { "a number, or \"off\"" } else { "a number" })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text == OFF && self.off_allowed {
            return Ok(None);
        }
        self.take(Decimal::from_str_exact(text.trim()).ok(), text)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.take(Some(Decimal::from(value)), value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.take(Some(Decimal::from(value)), value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.take(decimal_from_f64(value), value)
    }
}
