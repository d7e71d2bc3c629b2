//! A sum of money in a currency.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ValueError;

const CURRENCY_LENGTH: usize = 15;

/// A currency or coin code: 1 to 15 characters of `A-Z a-z 0-9 . _`, compared as written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    bytes: [u8; CURRENCY_LENGTH],
    length: u8,
}

impl Currency {
    /// US dollar.
    pub const USD: Self = Self::ascii(b"USD");
    /// USD Coin.
    pub const USDC: Self = Self::ascii(b"USDC");
    /// Tether.
    pub const USDT: Self = Self::ascii(b"USDT");

    const fn ascii(code: &[u8]) -> Self {
        let mut bytes = [0; CURRENCY_LENGTH];
        let mut index = 0;
        while index < code.len() && index < CURRENCY_LENGTH {
            bytes[index] = code[index];
            index += 1;
        }
        Self { bytes, length: index as u8 }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = ValueError;

    fn from_str(code: &str) -> Result<Self, ValueError> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_';
        if code.is_empty() || code.len() > CURRENCY_LENGTH || !code.bytes().all(legal) {
            return Err(ValueError::parse("currency", code, "1 to 15 letters, digits, dots or underscores"));
        }
        Ok(Self::ascii(code.as_bytes()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::serde_text::deserialize(deserializer)
    }
}

/// Money in one currency: a fee, a payment, a balance. Negative means that we receive (a rebate).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// How much.
    #[serde(with = "crate::serde_decimal")]
    pub value: Decimal,
    /// Of what.
    pub currency: Currency,
}

impl Amount {
    /// An amount.
    pub const fn new(value: Decimal, currency: Currency) -> Self {
        Self { value, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self { value: Decimal::ZERO, currency }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value.normalize(), self.currency)
    }
}
