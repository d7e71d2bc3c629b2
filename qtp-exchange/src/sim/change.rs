//! Cancels, changes and leverage.

use qtp_core::{CancelRequest, Event, LeverageRequest, ModifyRequest, OrderKind, Reason, Timestamp};

use super::accept::check_kind;
use super::order::Stage;
use super::submit::rests_at_touch;
use super::trigger::{trigger_on_wrong_side, within};
use super::venue::{Out, SimVenue};

impl SimVenue {
    /// Cancels a working order: with order latency, when the request arrives. An order that is gone, or was never
    /// here, is not an error and emits nothing.
    pub fn cancel(&mut self, request: &CancelRequest, now: Timestamp, out: &mut Out) {
        let arrives = now + self.delays.draw(self.config.latency.order);
        let Some(index) = self.find(&request.instrument) else { return };
        let Some(market) = self.markets.get_mut(index) else { return };
        let Some(place) = market.next(0, |order| order.request.client_order_id == request.client_order_id)
        else {
            return;
        };
        if arrives <= now {
            return self.cancel_at((index, place), "canceled", now, out);
        }
        if let Some(order) = market.orders.get_mut(place) {
            order.cancel_at = Some(order.cancel_at.map_or(arrives, |earlier| earlier.min(arrives)));
        }
    }

    /// Changes size and prices of a working order in place, and reports it. A new price or a larger size gives up
    /// its place in the queue.
    ///
    /// # Errors
    /// The venue's reason; the order then stays as it was.
    pub fn modify(&mut self, request: &ModifyRequest, now: Timestamp, out: &mut Out) -> Result<(), Reason> {
        let refuse = |code: &str| Err(Reason::new(code, ""));
        let arrives = now + self.delays.draw(self.config.latency.order);
        let Some(index) = self.find(&request.instrument) else { return refuse("unknown_instrument") };
        let queue = self.config.queue;
        let Some(market) = self.markets.get_mut(index) else { return refuse("unknown_instrument") };
        let Some(place) = market.next(0, |order| order.request.client_order_id == request.client_order_id)
        else {
            return refuse("unknown_order");
        };
        let Some(order) = market.orders.get(place) else { return refuse("unknown_order") };
        let (side, filled, waits) = (order.side(), order.filled, order.stage == Stage::Waiting);
        if std::mem::discriminant(&order.request.kind) != std::mem::discriminant(&request.kind) {
            return refuse("kind_rejected");
        }
        if request.quantity <= filled {
            return refuse("min_quantity_rejected");
        }
        if !market.instrument.size_rule.allows(request.quantity) {
            return refuse("lot_rejected");
        }
        // What enlarges an order would have to pass the margin check of a new one.
        if request.quantity > order.quantity && !order.reduces_only() {
            return refuse("modify_enlarges");
        }
        check_kind(&request.kind, &market.instrument).map_err(|refusal| refusal.reason())?;
        if waits && trigger_on_wrong_side(&request.kind, side, None, market) {
            return refuse("bad_trigger_px_rejected");
        }
        let limit = if let OrderKind::Limit { price } = request.kind { Some(price) } else { None };
        let crosses = limit.zip(market.touch(side)).is_some_and(|(limit, touch)| {
            within(side, touch, limit) && !rests_at_touch(market, limit, touch)
        });
        if crosses && order.request.post_only {
            return refuse("bad_alo_px_rejected");
        }
        let ahead = market
            .book
            .as_ref()
            .filter(|_| queue)
            .zip(limit)
            .map(|(book, limit)| book.quantity_at(side, limit));
        let inside = market.phase.closing.then_some(market.phase.open_time);
        market.phase.settled = false;
        let Some(order) = market.orders.get_mut(place) else { return refuse("unknown_order") };
        if order.request.kind != request.kind || request.quantity > order.quantity {
            (order.ahead, order.marketable, order.came_inside) = (ahead, crosses, inside);
        }
        order.request.kind = request.kind;
        order.request.quantity = request.quantity;
        order.quantity = request.quantity;
        order.updated = arrives;
        out.push((arrives, Event::OrderReport(order.report())));
        Ok(())
    }

    /// Sets the leverage of an instrument, and isolated or cross margin.
    ///
    /// # Errors
    /// The venue's reason: an unknown instrument, a leverage below one or above the instrument's maximum, a switch of
    /// the margin mode while a position is open.
    pub fn set_leverage(&mut self, request: &LeverageRequest) -> Result<(), Reason> {
        let refuse = |code: &str| Err(Reason::new(code, ""));
        let Some(index) = self.find(&request.instrument) else { return refuse("unknown_instrument") };
        let Some(market) = self.markets.get_mut(index) else { return refuse("unknown_instrument") };
        let most = market.instrument.margin_tiers.iter().map(|tier| tier.max_leverage).max();
        if request.leverage < qtp_core::Ratio::ONE || most.is_some_and(|most| request.leverage > most) {
            return refuse("leverage_rejected");
        }
        if request.isolated != market.isolated && !market.position.is_zero() {
            return refuse("margin_mode_rejected");
        }
        market.leverage = request.leverage;
        market.isolated = request.isolated;
        Ok(())
    }
}
