//! How orders wake and end.

use qtp_core::{Event, OrderKind, OrderStatus, Reason, TimeInForce, Timestamp};

use super::config::ChildrenRule;
use super::fill::closing_part;
use super::order::{Stage, Working};
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Ends the order at a place with a report.
    fn end(&mut self, at: (usize, usize), status: OrderStatus, code: &str, time: Timestamp, out: &mut Out) {
        let Some(market) = self.markets.get_mut(at.0) else { return };
        if at.1 >= market.orders.len() {
            return;
        }
        let mut order = market.orders.remove(at.1);
        market.phase.settled = false;
        order.status = status;
        order.reason = Some(Reason::new(code, ""));
        order.updated = time;
        out.push((time, Event::OrderReport(order.report())));
        let number = order.number;
        self.history.add_ended(order);
        // Children that sleep die with their entry; those that woke belong to the position.
        while let Some(child) = self.markets.get(at.0).and_then(|market| {
            market.next(0, |order| order.parent == Some(number) && order.stage == Stage::Dormant)
        }) {
            self.end((at.0, child), OrderStatus::Canceled, "parent_canceled", time, out);
        }
    }

    pub(super) fn cancel_at(&mut self, at: (usize, usize), code: &str, time: Timestamp, out: &mut Out) {
        self.end(at, OrderStatus::Canceled, code, time, out);
    }

    pub(super) fn cancel_number(
        &mut self,
        index: usize,
        number: u64,
        code: &str,
        time: Timestamp,
        out: &mut Out,
    ) {
        if let Some(place) = self.markets.get(index).and_then(|market| market.index_of(number)) {
            self.cancel_at((index, place), code, time, out);
        }
    }

    /// Moves a filled order to the history. Its last fill said so.
    pub(super) fn retire(&mut self, at: (usize, usize)) {
        let Some(market) = self.markets.get_mut(at.0) else { return };
        if at.1 < market.orders.len() {
            let order = market.orders.remove(at.1);
            self.history.add_ended(order);
        }
    }

    /// Wakes the children of an entry that filled.
    pub(super) fn wake_children(&mut self, index: usize, parent: u64, whole: bool, time: Timestamp) {
        if !whole && self.config.children == ChildrenRule::NormalTpsl {
            return;
        }
        let Some(market) = self.markets.get_mut(index) else { return };
        let inside = market.phase.closing.then_some(market.phase.open_time);
        let last = market.last;
        for child in market.orders.iter_mut().filter(|order| order.parent == Some(parent)) {
            if child.stage != Stage::Dormant {
                continue;
            }
            child.stage = if child.request.kind.is_conditional() { Stage::Waiting } else { Stage::Live };
            child.came_inside = inside;
            child.arrives = child.arrives.max(time);
            if matches!(child.request.kind, OrderKind::TrailingStop { .. }) {
                child.anchor = last;
            }
        }
    }

    /// Cancels reduce-only orders that can no longer reduce.
    pub(super) fn drop_idle_reducers(&mut self, index: usize, time: Timestamp, out: &mut Out) {
        loop {
            let Some(market) = self.markets.get(index) else { return };
            if market.orders.is_empty() {
                return;
            }
            let position = market.position;
            let idle = |order: &Working| {
                order.reduces_only()
                    && order.stage != Stage::Dormant
                    && closing_part(order.side(), order.remaining(), position).is_zero()
            };
            let Some(place) = market.next(0, idle) else { return };
            self.cancel_at((index, place), "reduce_only_canceled", time, out);
        }
    }

    /// Carries out cancels that have arrived and ends lifetimes.
    pub(super) fn expire(&mut self, index: usize, now: Timestamp, out: &mut Out) {
        loop {
            let Some(market) = self.markets.get(index) else { return };
            let due = |order: &Working| due_at(order).is_some_and(|(time, _)| time <= now);
            let Some(place) = market.next(0, due) else { return };
            let Some((time, status)) = market.orders.get(place).and_then(due_at) else { return };
            let code = if status == OrderStatus::Expired { "expired" } else { "canceled" };
            self.end((index, place), status, code, time, out);
        }
    }
}

/// When and how an order ends by itself.
fn due_at(order: &Working) -> Option<(Timestamp, OrderStatus)> {
    let cancel = order.cancel_at.map(|time| (time, OrderStatus::Canceled));
    let end = match order.request.time_in_force {
        TimeInForce::Gtd(time) => Some((time, OrderStatus::Expired)),
        _ => None,
    };
    match (cancel, end) {
        (Some(cancel), Some(end)) => Some(if end.0 < cancel.0 { end } else { cancel }),
        (cancel, end) => cancel.or(end),
    }
}
