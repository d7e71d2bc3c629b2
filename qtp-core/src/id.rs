//! Identifiers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use crate::error::ValueError;
use crate::interned::Interned;

const TEXT_MAX: usize = 64;

const TOO_MANY: &str = "one of at most a million different names";

/// How the text of an id is kept. Names recur and are kept once; what a venue numbers is kept in place.
trait Keep: Sized {
    fn keep(text: &str) -> Option<Self>;
}

impl Keep for Interned {
    fn keep(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

impl Keep for SmolStr {
    fn keep(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $text:ty, $what:literal, $check:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($text);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let check: fn(&str) -> bool = $check;
                if text.is_empty() || text.len() > TEXT_MAX || !check(text) {
                    return Err(ValueError::parse($what, text, $expected));
                }
                <$text>::keep(text).map(Self).ok_or_else(|| ValueError::parse($what, text, TOO_MANY))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::serde_text::deserialize(deserializer)
            }
        }
    };
}

fn is_code(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

text_id! {
    /// A place where instruments trade, with `.testnet` behind the test network's. Binance spot and futures are two.
    Venue, Interned, "venue", is_code, "letters, digits, dots, dashes or underscores"
}
text_id! {
    /// One account at one venue.
    AccountId, Interned, "account", is_printable, "1 to 64 printable characters without spaces"
}
text_id! {
    /// The name of a strategy within one engine.
    StrategyId, Interned, "strategy", is_code, "letters, digits, dots, dashes or underscores"
}
text_id! {
    /// The venue's own id of an order.
    VenueOrderId, SmolStr, "venue order id", is_printable, "1 to 64 printable characters without spaces"
}
text_id! {
    /// The venue's id of one execution.
    TradeId, SmolStr, "trade id", is_printable, "1 to 64 printable characters without spaces"
}

/// `BASE-QUOTE[-PERP or -YYYYMMDD]@venue[.testnet]`, for a stock `TICKER@venue`. Split at the last `@`.
///
/// ```
/// use qtp_core::InstrumentId;
/// let id: InstrumentId = "BTC-USDC-PERP@hyperliquid".parse()?;
/// assert_eq!(id.symbol(), "BTC-USDC-PERP");
/// assert_eq!(id.venue_str(), "hyperliquid");
/// # Ok::<(), qtp_core::ValueError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(Interned);

impl InstrumentId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The part before the last `@`.
    pub fn symbol(&self) -> &str {
        self.as_str().rsplit_once('@').map_or("", |(symbol, _)| symbol)
    }

    /// The part behind the last `@`.
    pub fn venue_str(&self) -> &str {
        self.as_str().rsplit_once('@').map_or("", |(_, venue)| venue)
    }

    /// The venue.
    ///
    /// # Errors
    /// Never for an id that was parsed.
    pub fn venue(&self) -> Result<Venue, ValueError> {
        self.venue_str().parse()
    }

    /// What is traded: the symbol's first part.
    pub fn base(&self) -> &str {
        self.symbol().split('-').next().unwrap_or_default()
    }
}

impl FromStr for InstrumentId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let expected = "BASE-QUOTE[-PERP or -YYYYMMDD]@venue or TICKER@venue";
        let error = || ValueError::parse("instrument", text, expected);
        let (symbol, venue) = text.rsplit_once('@').ok_or_else(error)?;
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@".contains(&b);
        if symbol.is_empty() || symbol.len() > TEXT_MAX || !symbol.bytes().all(legal) {
            return Err(error());
        }
        let _: Venue = venue.parse().map_err(|_| error())?;
        Interned::new(text).map(Self).ok_or_else(|| ValueError::parse("instrument", text, TOO_MANY))
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for InstrumentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for InstrumentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::serde_text::deserialize(deserializer)
    }
}

/// One run of an engine: a hash of configuration and data in a backtest, random once for a live run.
/// Written as 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// Our id of an order: run (64 bits), strategy (16), sequence (48). Written as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId(u128);

impl ClientOrderId {
    /// The id of the `sequence`-th order of a strategy in a run; the sequence wraps at 48 bits.
    pub fn new(run: RunId, strategy: u16, sequence: u64) -> Self {
        let sequence = u128::from(sequence & 0xFFFF_FFFF_FFFF);
        Self(u128::from(run.0) << 64 | u128::from(strategy) << 48 | sequence)
    }

    /// From the 128 bits.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// The 128 bits.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The run that made this order.
    pub const fn run(self) -> RunId {
        RunId((self.0 >> 64) as u64)
    }

    /// Number of the strategy within its engine.
    pub const fn strategy(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// Number of the order within its run and strategy.
    pub const fn sequence(self) -> u64 {
        self.0 as u64 & 0xFFFF_FFFF_FFFF
    }
}

macro_rules! hex_id {
    ($name:ident, $what:literal, $digits:literal, $number:ty) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                let error = || ValueError::parse($what, text, concat!($digits, " hex digits"));
                if digits.len().to_string() != $digits || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(error());
                }
                <$number>::from_str_radix(digits, 16).map(Self).map_err(|_| error())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::serde_text::deserialize(deserializer)
            }
        }
    };
}
hex_id!(RunId, "run id", "16", u64);
hex_id!(ClientOrderId, "client order id", "32", u128);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_order_id_keeps_its_three_parts() {
        let id = ClientOrderId::new(RunId(0xDEAD_BEEF), 7, 42);
        assert_eq!((id.run(), id.strategy(), id.sequence()), (RunId(0xDEAD_BEEF), 7, 42));
        assert_eq!(id.to_string().parse::<ClientOrderId>().unwrap(), id);
        assert_eq!(format!("0x{id}").parse::<ClientOrderId>().unwrap(), id);
        assert!("12".parse::<ClientOrderId>().is_err());
        assert!(format!("+{}", &id.to_string()[1..]).parse::<ClientOrderId>().is_err());
    }

    #[test]
    fn instrument_id_splits_at_the_last_at_sign() {
        let id: InstrumentId = "A@B-USDC@hyperliquid.testnet".parse().unwrap();
        assert_eq!((id.symbol(), id.venue_str(), id.base()), ("A@B-USDC", "hyperliquid.testnet", "A@B"));
        assert!("BTC-USDC".parse::<InstrumentId>().is_err());
        assert!("@x".parse::<InstrumentId>().is_err());
        assert!("BTC USD@x".parse::<InstrumentId>().is_err());
    }
}
