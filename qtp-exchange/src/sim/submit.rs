//! Orders on their way in.

use qtp_core::{
    Event, OrderGroup, OrderKind, OrderRequest, OrderStatus, Price, Quantity, Reason, Side, Timestamp,
};

use super::accept::{Newcomer, Refusal};
use super::market::Market;
use super::order::{Stage, Working};
use super::report::digits;
use super::trigger::within;
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Takes a group of orders: one report an order, `Open` or `Rejected`. If one order of a group is refused, all
    /// are. Nothing fills in this call.
    pub fn submit(&mut self, group: &OrderGroup, now: Timestamp, out: &mut Out) {
        let arrives = now + self.delays.draw(self.config.latency.order);
        let mut refused = None;
        for (place, order) in group.orders().enumerate() {
            let entry = matches!(group, OrderGroup::Bracket { .. }) && place > 0;
            let newcomer = Newcomer { order, parent: entry.then(|| group.first()), arrives };
            let twice =
                group.orders().take(place).any(|other| other.client_order_id == order.client_order_id);
            let refusal =
                if twice { Err(Refusal::Code("duplicate_client_order_id")) } else { self.accept(&newcomer) };
            if let Err(refusal) = refusal {
                refused = Some((order.client_order_id, refusal));
                break;
            }
        }
        if let Some((culprit, refusal)) = refused {
            for order in group.orders() {
                let own = order.client_order_id == culprit;
                let reason = if own { refusal.reason() } else { Reason::new("group_rejected", "") };
                self.reject(order, reason, arrives, out);
            }
            return;
        }
        self.admit_group(group, arrives, out);
    }

    fn admit_group(&mut self, group: &OrderGroup, arrives: Timestamp, out: &mut Out) {
        let first = self.last_order + 1;
        match group {
            OrderGroup::Single(order) => self.admit(order, (None, None), arrives, out),
            OrderGroup::Bracket { entry, stop, target } => {
                self.admit(entry, (None, None), arrives, out);
                for child in stop.iter().chain(target) {
                    self.admit(child, (Some(first), None), arrives, out);
                }
            }
            OrderGroup::Oco(one, other) => {
                self.admit(one, (None, Some(first + 1)), arrives, out);
                self.admit(other, (None, Some(first)), arrives, out);
            }
        }
    }

    fn admit(
        &mut self,
        request: &OrderRequest,
        (parent, sibling): (Option<u64>, Option<u64>),
        arrives: Timestamp,
        out: &mut Out,
    ) {
        let Some(index) = self.find(&request.instrument) else { return };
        self.last_order += 1;
        let Some(venue_order_id) = digits(self.last_order, |text| text.parse().ok()) else { return };
        let queue = self.config.queue;
        let Some(market) = self.markets.get_mut(index) else { return };
        let limit = if let OrderKind::Limit { price } = request.kind { Some(price) } else { None };
        let marketable = limit.is_some_and(|limit| crosses(market, request.side, limit));
        let displayed = market.book.as_ref().filter(|_| queue).zip(limit);
        let ahead = displayed.map(|(book, limit)| book.quantity_at(request.side, limit));
        let stage = match (parent, request.kind.is_conditional()) {
            (Some(_), _) => Stage::Dormant,
            (None, true) => Stage::Waiting,
            (None, false) => Stage::Live,
        };
        let anchor = if let OrderKind::TrailingStop { source, .. } = request.kind {
            market.source(source)
        } else {
            None
        };
        let order = Working {
            number: self.last_order,
            venue_order_id,
            request: request.clone(),
            quantity: request.quantity,
            sized: false,
            filled: Quantity::ZERO,
            status: OrderStatus::Open,
            reason: None,
            arrives,
            updated: arrives,
            stage,
            marketable,
            anchor,
            ahead: ahead.filter(|_| !marketable),
            came_inside: market.phase.closing.then_some(market.phase.open_time),
            taken: (Timestamp::EPOCH, Quantity::ZERO),
            cancel_at: None,
            parent,
            sibling,
        };
        market.phase.settled = false;
        out.push((arrives, Event::OrderReport(order.report())));
        market.orders.push(order);
    }
}

/// True if a limit order of `side` would take liquidity now. A limit at the last price rests: without a quote nobody
/// knows on which side that price was.
pub(super) fn crosses(market: &Market, side: Side, limit: Price) -> bool {
    let Some(touch) = market.touch(side) else { return false };
    let only_last = market.quote.is_none() && market.book.is_none();
    within(side, touch, limit) && !(only_last && touch == limit)
}
