//! Cancels, changes and leverage.

use qtp_core::{
    CancelRequest, Event, LeverageRequest, ModifyRequest, OrderKind, OrderReport, Ratio, Reason, Timestamp,
};

use super::accept::{Refusal, check_kind};
use super::market::Market;
use super::order::{Stage, Working};
use super::submit::crosses;
use super::trigger::trigger_on_wrong_side;
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

    /// Changes size and prices of a working order in place, and reports it. A refused change is reported too: the
    /// order as it stays, with the reason.
    pub fn modify(&mut self, request: &ModifyRequest, now: Timestamp, out: &mut Out) {
        let Err(reason) = self.try_modify(request, now, out) else { return };
        if let Some(order) = self.working(&request.client_order_id) {
            let report = OrderReport { time: now, reason: Some(reason), ..order.report() };
            out.push((now, Event::OrderReport(report)));
        }
    }

    /// As [`SimVenue::modify`], with the refusal returned instead of reported. A new price or a larger size gives up
    /// the order's place in the queue.
    ///
    /// # Errors
    /// The venue's reason; the order then stays as it was.
    pub fn try_modify(
        &mut self,
        request: &ModifyRequest,
        now: Timestamp,
        out: &mut Out,
    ) -> Result<(), Reason> {
        let arrives = now + self.delays.draw(self.config.latency.order);
        let unknown = || Reason::new("unknown_order", "");
        let queue = self.config.queue;
        let index = self.find(&request.instrument).ok_or_else(unknown)?;
        let market = self.markets.get_mut(index).ok_or_else(unknown)?;
        let place = market.next(0, |order| order.request.client_order_id == request.client_order_id);
        let place = place.ok_or_else(unknown)?;
        let order = market.orders.get(place).ok_or_else(unknown)?;
        let crosses = check_change(request, order, market).map_err(|code| Reason::new(code, ""))?;
        let displayed = market.book.as_ref().filter(|_| queue).zip(request.kind.limit());
        let ahead = displayed.map(|(book, limit)| book.quantity_at(order.side(), limit));
        let inside = market.phase.closing.then_some(market.phase.open_time);
        market.phase.settled = false;
        let order = market.orders.get_mut(place).ok_or_else(unknown)?;
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

    /// Sets the leverage of an instrument, and isolated or cross margin. A refusal changes nothing; no account event
    /// tells of either.
    pub fn set_leverage(&mut self, request: &LeverageRequest, _now: Timestamp, _out: &mut Out) {
        let refused = self.try_set_leverage(request);
        drop(refused);
    }

    /// As [`SimVenue::set_leverage`], with the refusal returned.
    ///
    /// # Errors
    /// The venue's reason: an unknown instrument, a leverage below one or above the instrument's maximum, a switch of
    /// the margin mode while a position is open.
    pub fn try_set_leverage(&mut self, request: &LeverageRequest) -> Result<(), Reason> {
        let refuse = |code: &str| Err(Reason::new(code, ""));
        let Some(index) = self.find(&request.instrument) else { return refuse("unknown_instrument") };
        let Some(market) = self.markets.get_mut(index) else { return refuse("unknown_instrument") };
        let most = market.instrument.margin_tiers.iter().map(|tier| tier.max_leverage).max();
        if request.leverage < Ratio::ONE || most.is_some_and(|most| request.leverage > most) {
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

/// Why a change is refused; else whether the changed order would take on arrival.
fn check_change(request: &ModifyRequest, order: &Working, market: &Market) -> Result<bool, &'static str> {
    let side = order.side();
    if std::mem::discriminant(&order.request.kind) != std::mem::discriminant(&request.kind) {
        return Err("kind_rejected");
    }
    if request.quantity <= order.filled {
        return Err("min_quantity_rejected");
    }
    if !market.instrument.size_rule.allows(request.quantity) {
        return Err("lot_rejected");
    }
    // What enlarges an order would have to pass the margin check of a new one.
    if request.quantity > order.quantity && !order.reduces_only() {
        return Err("modify_enlarges");
    }
    check_kind(&request.kind, &market.instrument).map_err(Refusal::code)?;
    if order.stage == Stage::Waiting && trigger_on_wrong_side(&request.kind, side, None, market) {
        return Err("bad_trigger_px_rejected");
    }
    let limit = if let OrderKind::Limit { price } = request.kind { Some(price) } else { None };
    let crosses = limit.is_some_and(|limit| crosses(market, side, limit));
    if crosses && order.request.post_only { Err("bad_alo_px_rejected") } else { Ok(crosses) }
}
