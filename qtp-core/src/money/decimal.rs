//! Price, quantity, notional and ratio over an exact decimal.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ValueError;

/// 10^14: no price, quantity or ratio is larger, so that the product of two cannot overflow.
const BOUND: Decimal = Decimal::from_parts(276_447_232, 23_283, 0, false, 0);

/// The same bound as an integer.
const BOUND_MANTISSA: u128 = 100_000_000_000_000;

/// The written form of a decimal in journals, APIs and stores: no exponent, no trailing zeros, no `-0`.
pub fn canonical(value: Decimal) -> String {
    value.normalize().to_string()
}

/// The float nearest to a decimal, the same on every machine and by whichever way the decimal came.
pub fn nearest_f64(value: Decimal) -> f64 {
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    const EXACT: i64 = 1 << 53;
    let exact = i64::try_from(value.mantissa()).ok().filter(|mantissa| (-EXACT..=EXACT).contains(mantissa));
    match (POWERS.get(value.scale() as usize), exact) {
        // Both operands are exact floats, so the one division rounds once: to the nearest.
        (Some(power), Some(mantissa)) => mantissa as f64 / power,
        _ => value.to_string().parse().unwrap_or(f64::NAN),
    }
}

fn bounded(what: &'static str, value: Decimal) -> Result<Decimal, ValueError> {
    // A mantissa within the bound is within it at any scale: the common case needs no rescaling.
    if value.mantissa().unsigned_abs() <= BOUND_MANTISSA || value.abs() <= BOUND {
        Ok(value)
    } else {
        Err(ValueError::range(what, value, "at most 1e14"))
    }
}

macro_rules! newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(Decimal);

        impl $name {
            /// The exact decimal.
            pub const fn get(self) -> Decimal {
                self.0
            }

            /// The nearest float, for statistics and screens. A float never comes back to an order
            /// except through the rounding functions.
            pub fn to_f64(self) -> f64 {
                nearest_f64(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.normalize(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.normalize())
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let value = super::exact(text)
                    .ok_or_else(|| ValueError::parse($what, text, "a decimal number of at most 28 digits"))?;
                Self::new(value)
            }
        }

        impl TryFrom<Decimal> for $name {
            type Error = ValueError;

            fn try_from(value: Decimal) -> Result<Self, ValueError> {
                Self::new(value)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0.normalize())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::serde_text::deserialize(deserializer)
            }
        }
    };
}

macro_rules! signed_arithmetic {
    ($name:ident) => {
        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// Magnitude.
            #[must_use]
            pub fn abs(self) -> Self {
                Self(self.0.abs())
            }

            /// True for zero.
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// -1, 0 or 1.
            pub fn signum(self) -> i8 {
                match (self.0.is_zero(), self.0.is_sign_negative()) {
                    (true, _) => 0,
                    (false, true) => -1,
                    (false, false) => 1,
                }
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                // Half of all sums on the way of an order have a zero in them.
                match (self.0.is_zero(), other.0.is_zero()) {
                    (_, true) => self,
                    (true, false) => other,
                    (false, false) => Self(self.0.saturating_add(other.0)),
                }
            }
        }

        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                if other.0.is_zero() { self } else { Self(self.0.saturating_sub(other.0)) }
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
    };
}

newtype! {
    /// Quote currency per unit of base. Always above zero and at most 1e14.
    ///
    /// ```
    /// use qtp_core::Price;
    /// let price: Price = "64250.50".parse()?;
    /// assert_eq!(price.to_string(), "64250.5");
    /// assert!("0".parse::<Price>().is_err());
    /// # Ok::<(), qtp_core::ValueError>(())
    /// ```
    Price, "price"
}
newtype! {
    /// Units of base (or contracts). Signed where a position is meant; at most 1e14 in magnitude.
    Quantity, "quantity"
}
newtype! {
    /// Price times quantity times multiplier, in the settlement currency. Signed.
    Notional, "notional"
}
newtype! {
    /// A dimensionless factor: 0.01 is one percent. Signed.
    Ratio, "ratio"
}
signed_arithmetic!(Quantity);
signed_arithmetic!(Notional);
signed_arithmetic!(Ratio);

impl Price {
    /// A price from an exact decimal.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] unless `0 < value <= 1e14`.
    #[inline]
    pub fn new(value: Decimal) -> Result<Self, ValueError> {
        if value.is_sign_negative() || value.is_zero() {
            return Err(ValueError::range("price", value, "above 0"));
        }
        bounded("price", value).map(Self)
    }

    /// `price * quantity`, signed like the quantity.
    pub fn notional(self, quantity: Quantity) -> Notional {
        // Sums of quantities may lie above the bound of a single one.
        Notional(self.0.saturating_mul(quantity.0))
    }

    /// This price moved by a ratio: 0.01 is one percent up. `None` if the result is not a price.
    #[must_use]
    pub fn shifted(self, by: Ratio) -> Option<Self> {
        self.0.checked_mul(Decimal::ONE.checked_add(by.0)?).and_then(|value| Self::new(value).ok())
    }
}

impl Quantity {
    /// A quantity from an exact decimal.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if the magnitude is above 1e14.
    pub fn new(value: Decimal) -> Result<Self, ValueError> {
        bounded("quantity", value).map(Self)
    }
}

impl Notional {
    /// A notional from an exact decimal. Unlike its factors it may be as large as a decimal can be.
    ///
    /// # Errors
    /// Never fails today; the signature leaves room for a bound.
    pub fn new(value: Decimal) -> Result<Self, ValueError> {
        Ok(Self(value))
    }

    /// This many times as much: a multiplier or a conversion rate.
    #[must_use]
    pub fn times(self, factor: Decimal) -> Self {
        if factor == Decimal::ONE { self } else { Self(self.0.saturating_mul(factor)) }
    }

    /// A notional from an exact decimal that needs no check.
    pub const fn from_decimal(value: Decimal) -> Self {
        Self(value)
    }
}

impl Ratio {
    /// A ratio from an exact decimal.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if the magnitude is above 1e14.
    pub fn new(value: Decimal) -> Result<Self, ValueError> {
        bounded("ratio", value).map(Self)
    }

    /// Basis points: 5 bps is 0.0005.
    ///
    /// # Errors
    /// [`ValueError::OutOfRange`] if the magnitude is above 1e14.
    pub fn from_bps(bps: Decimal) -> Result<Self, ValueError> {
        Self::new(bps / Decimal::from(10_000))
    }

    /// One.
    pub const ONE: Self = Self(Decimal::ONE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_is_ten_to_the_fourteenth() {
        assert_eq!(BOUND, Decimal::from(100_000_000_000_000_i64));
    }

    #[test]
    fn canonical_text_has_no_trailing_zeros_exponent_or_negative_zero() {
        assert_eq!(canonical(Decimal::from_str_exact("-0.000").unwrap()), "0");
        assert_eq!(canonical(Decimal::from_str_exact("12.3400").unwrap()), "12.34");
        assert_eq!(canonical(Decimal::from(1_000_000)), "1000000");
    }

    #[test]
    fn values_survive_json() {
        let price: Price = "0.00001234".parse().unwrap();
        let json = serde_json::to_string(&price).unwrap();
        assert_eq!(json, "\"0.00001234\"");
        assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), price);
    }

    #[test]
    fn out_of_range_is_refused() {
        assert!("100000000000001".parse::<Quantity>().is_err());
        assert!("-1".parse::<Price>().is_err());
        assert!("NaN".parse::<Quantity>().is_err());
    }
}
