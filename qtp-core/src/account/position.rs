//! One net position.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::InstrumentId;
use crate::money::{Notional, Price, Quantity};

/// Net signed quantity and its cost. The average entry is derived, so sums stay exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    instrument: InstrumentId,
    quantity: Quantity,
    #[serde(with = "crate::serde_decimal")]
    cost: Decimal,
    #[serde(with = "crate::serde_decimal")]
    multiplier: Decimal,
}

/// What a fill did to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionChange {
    /// Magnitude that was closed.
    pub closed: Quantity,
    /// Magnitude that was opened.
    pub opened: Quantity,
    /// Profit of the closed part before fees, in the settlement currency.
    pub realized: Notional,
}

impl Position {
    /// A flat position.
    pub const fn flat(instrument: InstrumentId, multiplier: Decimal) -> Self {
        Self { instrument, quantity: Quantity::ZERO, cost: Decimal::ZERO, multiplier }
    }

    /// Instrument.
    pub const fn instrument(&self) -> &InstrumentId {
        &self.instrument
    }

    /// Net quantity: above zero is long.
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// What the open quantity cost: signed like the quantity.
    pub const fn cost(&self) -> Notional {
        Notional::from_decimal(self.cost)
    }

    /// Average entry price; `None` when flat.
    pub fn average_entry(&self) -> Option<Price> {
        let value = self.cost.checked_div(self.quantity.get().checked_mul(self.multiplier)?)?;
        Price::new(value).ok()
    }

    /// Value at a price: signed like the quantity.
    pub fn value(&self, price: Price) -> Notional {
        let value = price.notional(self.quantity).get();
        Notional::from_decimal(if self.multiplier == Decimal::ONE { value } else { value.saturating_mul(self.multiplier) })
    }

    /// Open profit at a price, before exit costs.
    pub fn unrealized(&self, price: Price) -> Notional {
        Notional::from_decimal(self.value(price).get().saturating_sub(self.cost))
    }

    /// Moves the position by a signed quantity at a price.
    ///
    /// A partial close moves its share of the cost, so that realised profit plus remaining cost is exact.
    pub fn apply(&mut self, change: Quantity, price: Price) -> PositionChange {
        let value = |quantity: Quantity| price.notional(quantity).get() * self.multiplier;
        if self.quantity.signum() * change.signum() >= 0 {
            self.cost += value(change);
            self.quantity += change;
            return PositionChange { closed: Quantity::ZERO, opened: change.abs(), realized: Notional::ZERO };
        }
        let closed = change.abs().min(self.quantity.abs());
        let signed_closed = if change.signum() < 0 { -closed } else { closed };
        let opened = change - signed_closed;
        let whole = closed == self.quantity.abs();
        let moved = if whole { self.cost } else { self.cost * closed.get() / self.quantity.get().abs() };
        let realized = Notional::from_decimal(-value(signed_closed) - moved);
        let opened_cost = value(opened);
        self.cost = self.cost - moved + opened_cost;
        self.quantity += change;
        PositionChange { closed, opened: opened.abs(), realized }
    }
}
