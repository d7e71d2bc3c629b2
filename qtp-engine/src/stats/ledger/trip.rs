//! What a round trip is.

use qtp_core::{AccountId, InstrumentId, Notional, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

/// Direction of a round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripSide {
    /// Bought first.
    Long,
    /// Sold first.
    Short,
}

impl TripSide {
    /// `long` or `short`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

/// A closed round trip: flat to flat, or to a flip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// Account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Direction.
    pub side: TripSide,
    /// Largest position while it was open.
    pub quantity: Quantity,
    /// Time of the first fill.
    pub entry_time: Timestamp,
    /// Time of the last fill.
    pub exit_time: Timestamp,
    /// Average price of the fills that opened or added, to 18 significant digits.
    pub entry_price: Price,
    /// Average price of the fills that closed, to 18 significant digits.
    pub exit_price: Price,
    /// Price profit before costs.
    pub gross: Notional,
    /// Fees; above zero is what we paid.
    pub fees: Notional,
    /// Funding; above zero is what we received.
    pub funding: Notional,
    /// `gross - fees + funding`.
    pub net: Notional,
    /// Number of fills; a fill that flips counts in both of its trips.
    pub fills: u32,
    /// First protective stop.
    pub stop: Option<Price>,
    /// Last protective stop.
    pub last_stop: Option<Price>,
    /// Largest adverse move from the average entry, as a share of it; if ranges were given.
    pub adverse: Option<f64>,
    /// Largest favourable move from the average entry, as a share of it; if ranges were given.
    pub favourable: Option<f64>,
}

impl RoundTrip {
    /// True if the trip earned more than its costs.
    pub fn is_win(&self) -> bool {
        self.net.signum() > 0
    }
}

/// A round trip that has not closed: outside the statistics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenTrip {
    /// Account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Direction.
    pub side: TripSide,
    /// Quantity that is open, above zero.
    pub quantity: Quantity,
    /// Time of the first fill.
    pub entry_time: Timestamp,
    /// Average price of the fills that opened or added.
    pub entry_price: Price,
    /// Price profit of what was closed so far, by average cost.
    pub realized: Notional,
    /// Cost of what is open, signed like the position.
    pub cost: Notional,
    /// Fees so far.
    pub fees: Notional,
    /// Funding so far; above zero is what we received.
    pub funding: Notional,
    /// Number of fills so far.
    pub fills: u32,
    /// First protective stop.
    pub stop: Option<Price>,
    /// Last protective stop.
    pub last_stop: Option<Price>,
    /// Base units per contract.
    #[serde(with = "qtp_core::serde_decimal")]
    pub multiplier: qtp_core::Decimal,
}

impl OpenTrip {
    /// Open profit at a price, before exit costs.
    pub fn unrealized(&self, price: Price) -> Notional {
        let value = price.notional(self.quantity).get().saturating_mul(self.multiplier);
        let signed = if self.side == TripSide::Long { value } else { -value };
        Notional::from_decimal(signed) - self.cost
    }

    /// What the trip adds to the equity at a price: `realized + unrealized - fees + funding`.
    pub fn net(&self, price: Price) -> Notional {
        self.realized + self.unrealized(price) - self.fees + self.funding
    }
}
