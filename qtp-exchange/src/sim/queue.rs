//! Places in the book's queue.

use qtp_core::{OrderBook, Quantity};

use super::market::{Market, Print};
use super::venue::SimVenue;

impl SimVenue {
    /// What is left of a print for an order behind those that stood before it; `None` without a queue. The print
    /// eats the queue.
    pub(super) fn queue_room(&mut self, index: usize, place: usize, print: &Print) -> Option<Quantity> {
        let order = self.markets.get_mut(index)?.orders.get_mut(place)?;
        let ahead = order.ahead?;
        let limit = order.live_limit()?;
        let traded = print.volume.filter(|_| print.is_tape && !print.improves)?;
        // A print through the limit has eaten the whole level.
        if print.touch(order.side()) != limit {
            order.ahead = Some(Quantity::ZERO);
            return None;
        }
        let eaten = ahead.min(traded);
        order.ahead = Some(ahead - eaten);
        Some(traded - eaten)
    }
}

/// Those who stood before us may leave, but nobody comes before us.
pub(super) fn shorten(market: &mut Market, book: &OrderBook) {
    for order in &mut market.orders {
        if let (Some(ahead), Some(limit)) = (order.ahead, order.live_limit()) {
            order.ahead = Some(ahead.min(book.quantity_at(order.request.side, limit)));
        }
    }
}
