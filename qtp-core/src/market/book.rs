//! Order book.

use serde::{Deserialize, Serialize};

use crate::id::InstrumentId;
use crate::money::{Price, Quantity};
use crate::order::Side;
use crate::time::Timestamp;

/// One price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLevel {
    /// Price.
    pub price: Price,
    /// Total quantity at the price.
    pub quantity: Quantity,
}

/// A full picture of the best levels at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderBook {
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Bids, highest first.
    pub bids: Vec<BookLevel>,
    /// Asks, lowest first.
    pub asks: Vec<BookLevel>,
}

impl OrderBook {
    /// The levels that an order of `side` would take from, best first.
    pub fn opposite(&self, side: Side) -> &[BookLevel] {
        match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        }
    }

    /// The levels where an order of `side` would rest, best first.
    pub fn own(&self, side: Side) -> &[BookLevel] {
        self.opposite(side.opposite())
    }

    /// Quantity resting on `side` at exactly `price`.
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.own(side)
            .iter()
            .find(|level| level.price == price)
            .map_or(Quantity::ZERO, |level| level.quantity)
    }
}
