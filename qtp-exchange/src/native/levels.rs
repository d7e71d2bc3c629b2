//! All levels of a book that is kept by changes.

use std::collections::BTreeMap;

use qtp_core::{BookLevel, InstrumentId, OrderBook, Price, Quantity, Timestamp};

/// Both sides of a book, by price.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

impl Levels {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Sets levels; a quantity of zero removes one, which need not be there.
    pub fn apply(&mut self, bids: &[(Price, Quantity)], asks: &[(Price, Quantity)]) {
        for (side, changes) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for (price, quantity) in changes {
                if quantity.is_zero() {
                    side.remove(price);
                } else {
                    side.insert(*price, *quantity);
                }
            }
        }
    }

    /// Best bid and best ask, where there are any.
    pub fn best(&self) -> (Option<BookLevel>, Option<BookLevel>) {
        (self.bids.last_key_value().map(level), self.asks.first_key_value().map(level))
    }

    /// The best `depth` levels a side.
    pub fn book(&self, instrument: InstrumentId, time: Timestamp, depth: usize) -> OrderBook {
        let bids = self.bids.iter().rev().take(depth).map(level).collect();
        let asks = self.asks.iter().take(depth).map(level).collect();
        OrderBook { instrument, time, bids, asks }
    }
}

fn level((price, quantity): (&Price, &Quantity)) -> BookLevel {
    BookLevel { price: *price, quantity: *quantity }
}
