//! The one place where numbers are made legal for a venue, and where a float may become a decimal.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::{Price, Quantity};

/// Which way to round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Towards negative infinity.
    Down,
    /// Towards positive infinity.
    Up,
    /// To the nearest, halves to even.
    Nearest,
}

impl Rounding {
    fn to_step(self, value: Decimal, step: Decimal) -> Option<Decimal> {
        let steps = value.checked_div(step)?;
        let whole = match self {
            Self::Down => steps.floor(),
            Self::Up => steps.ceil(),
            Self::Nearest => steps.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven),
        };
        let stepped = whole.checked_mul(step)?;
        // A quotient that needs more than 28 digits may have been rounded across the whole number.
        match self {
            Self::Down if stepped > value => stepped.checked_sub(step),
            Self::Up if stepped < value => stepped.checked_add(step),
            _ => Some(stepped),
        }
    }
}

/// Which prices a venue accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRule {
    /// Any positive decimal.
    Any,
    /// A multiple of the tick.
    Tick(Price),
    /// At most `digits` significant figures and `decimals` decimal places; integers are always legal.
    SignificantFigures {
        /// Most significant figures.
        digits: u32,
        /// Most decimal places.
        decimals: u32,
    },
}

impl PriceRule {
    /// The legal price next to `price`, or `None` if rounding leaves no positive price.
    pub fn round(&self, price: Price, rounding: Rounding) -> Option<Price> {
        let value = price.get();
        let rounded = match self {
            Self::Any => return Some(price),
            Self::Tick(tick) => rounding.to_step(value, tick.get())?,
            Self::SignificantFigures { .. } => rounding.to_step(value, self.step(price)?)?,
        };
        Price::new(rounded).ok()
    }

    /// True if `price` needs no rounding.
    pub fn allows(&self, price: Price) -> bool {
        self.round(price, Rounding::Down) == Some(price)
    }

    /// The distance to the neighbouring legal price; `None` where every price is legal.
    pub fn step(&self, near: Price) -> Option<Decimal> {
        match self {
            Self::Any => None,
            Self::Tick(tick) => Some(tick.get()),
            Self::SignificantFigures { digits, decimals } => {
                let value = near.get();
                let magnitude = integer_digits(value);
                let places = (i64::from(*digits) - magnitude).clamp(0, i64::from(*decimals));
                Decimal::try_new(1, u32::try_from(places).unwrap_or(0)).ok()
            }
        }
    }
}

/// Decimal exponent of the first significant digit, plus one: 5 for 12345, 0 for 0.5, -2 for 0.001.
fn integer_digits(value: Decimal) -> i64 {
    let normalized = value.normalize();
    let digits = normalized.mantissa().unsigned_abs().checked_ilog10().unwrap_or(0);
    i64::from(digits) + 1 - i64::from(normalized.scale())
}

/// Which sizes a venue accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeRule {
    /// Any decimal.
    Any,
    /// A multiple of the lot.
    Lot(Quantity),
}

impl SizeRule {
    /// The largest legal magnitude that is not above `quantity`'s, with its sign.
    #[must_use]
    pub fn floor(&self, quantity: Quantity) -> Quantity {
        match self {
            Self::Any => quantity,
            Self::Lot(lot) => {
                let size = Rounding::Down.to_step(quantity.get().abs(), lot.get()).unwrap_or_default();
                let size = if quantity.signum() < 0 { -size } else { size };
                Quantity::new(size).unwrap_or_default()
            }
        }
    }

    /// True if `quantity` needs no rounding.
    pub fn allows(&self, quantity: Quantity) -> bool {
        self.floor(quantity) == quantity
    }
}

/// The decimal nearest to a float at 15 significant digits; `None` unless finite and in range.
pub fn decimal_from_f64(value: f64) -> Option<Decimal> {
    let decimal = Decimal::try_from(value).ok()?;
    // A magnitude that underflows to zero is not a number that anybody meant.
    if decimal.is_zero() && value != 0.0 { None } else { Some(decimal.normalize()) }
}

/// A legal price from a float; `None` unless finite, positive and in range.
pub fn price_from_f64(value: f64, rule: &PriceRule, rounding: Rounding) -> Option<Price> {
    rule.round(Price::new(decimal_from_f64(value)?).ok()?, rounding)
}

/// A legal quantity from a float, its magnitude rounded down; `None` unless finite and in range.
pub fn quantity_from_f64(value: f64, rule: &SizeRule) -> Option<Quantity> {
    Some(rule.floor(Quantity::new(decimal_from_f64(value)?).ok()?))
}
