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

    /// The worst prices that are held: the lowest bid and the highest ask.
    pub fn ends(&self) -> (Option<Price>, Option<Price>) {
        let price = |entry: Option<(&Price, &Quantity)>| entry.map(|(price, _)| *price);
        (price(self.bids.first_key_value()), price(self.asks.last_key_value()))
    }

    /// True if the best `depth` levels of each side lie within such ends.
    pub fn lie_within(&self, (lowest, highest): (Option<Price>, Option<Price>), depth: usize) -> bool {
        let last = depth.saturating_sub(1);
        let (bid, ask) = (self.bids.keys().rev().nth(last), self.asks.keys().nth(last));
        lowest.is_none_or(|lowest| bid.is_some_and(|bid| *bid >= lowest))
            && highest.is_none_or(|highest| ask.is_some_and(|ask| *ask <= highest))
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
