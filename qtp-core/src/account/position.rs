//! One net position.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::InstrumentId;
use crate::money::{Notional, Price, Quantity};

/// Decimal places of the cost that a partial close moves: with them 28 digits hold any cost below 10^12, so that the
/// sums which it enters are exact.
const MOVED_PLACES: u32 = 16;

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
        price.notional(self.quantity).times(self.multiplier)
    }

    /// Open profit at a price, before exit costs.
    pub fn unrealized(&self, price: Price) -> Notional {
        Notional::from_decimal(self.value(price).get().saturating_sub(self.cost))
    }

    /// Moves the position by a signed quantity at a price.
    ///
    /// A partial close moves its share of the cost, so that realised profit plus remaining cost is exact.
    pub fn apply(&mut self, change: Quantity, price: Price) -> PositionChange {
        let value = |quantity: Quantity| price.notional(quantity).times(self.multiplier).get();
        if self.quantity.signum() * change.signum() >= 0 {
            self.cost = self.cost.saturating_add(value(change));
            self.quantity += change;
            return PositionChange { closed: Quantity::ZERO, opened: change.abs(), realized: Notional::ZERO };
        }
        let closed = change.abs().min(self.quantity.abs());
        let signed_closed = if change.signum() < 0 { -closed } else { closed };
        let opened = change - signed_closed;
        let whole = closed == self.quantity.abs();
        let moved = if whole { self.cost } else { self.cost_of(closed) };
        let realized = Notional::from_decimal((-value(signed_closed)).saturating_sub(moved));
        let opened_cost = value(opened);
        self.cost = self.cost.saturating_sub(moved).saturating_add(opened_cost);
        self.quantity += change;
        PositionChange { closed, opened: opened.abs(), realized }
    }

    /// The share of the cost that belongs to a part of the position.
    fn cost_of(&self, part: Quantity) -> Decimal {
        let (part, held) = (part.get(), self.quantity.get().abs());
        let share = self.cost.checked_mul(part).and_then(|product| product.checked_div(held));
        let share = share.or_else(|| self.cost.checked_div(held)?.checked_mul(part));
        share.unwrap_or(self.cost).round_dp(MOVED_PLACES)
    }
}
