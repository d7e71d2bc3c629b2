//! The bracket rule: a position never stands without the stop that was asked for, no stop outlives its position.

use qtp_core::{
    Bracket, ClientOrderId, Notice, Order, OrderKind, OrderReport, OrderRequest, OrderRole, OrderSizing,
    OrderStatus, Price, Quantity, Side, TimeInForce, Trigger,
};

use crate::engine::Engine;
use crate::orders::largest_market_order;

impl Engine {
    /// Takes over the protection of the target in force once the position stands on its side.
    pub(crate) fn adopt_bracket(&mut self, index: usize) {
        let control = &mut self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let position = account.portfolio.quantity(&control.instrument);
        if position.is_zero() {
            control.forget_protection();
        } else if let Some(active) = account.targets.get(&control.instrument)
            && active.signal.target.direction() == position.signum()
            && control.bracket != active.signal.bracket
        {
            control.bracket = active.signal.bracket;
            control.stop_rejects = 0;
        }
        self.protect(index);
    }

    /// Brings the resting protection in line with the position: new orders first, then cancels, so that
    /// a resize never leaves a gap. Where what rests locks the coins, the other way round.
    pub(crate) fn protect(&mut self, index: usize) {
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let position = account.portfolio.quantity(&control.instrument);
        let asked = !position.is_zero() && control.bracket != Bracket::NONE;
        let present = control.stop.is_some() || control.target.is_some() || control.naked_since.is_some();
        if !asked && !present {
            return;
        }
        let both = self.capabilities.get(&control.account).is_some_and(|venue| venue.stop_and_target);
        let bracket = if position.is_zero() { Bracket::NONE } else { control.bracket };
        // Where the venue locks the coins for one of the two, the stop is the one that must rest.
        let target = bracket.target.filter(|_| both || bracket.stop.is_none());
        // A stop that was refused too often is not tried again: the position is closing.
        let stop = bracket.stop.filter(|_| control.stop_rejects < self.config.stop_attempts);
        let guarded = self.guarded(index, position);
        let stop = self.place(index, OrderRole::Stop, stop, guarded);
        let target = self.place(index, OrderRole::Target, target, guarded);
        let control = &mut self.controls[index];
        (control.stop, control.target) = (stop, target);
        self.watch_naked(index, guarded);
    }

    /// The part of a position that a protective order can close: all but what is below the smallest order.
    fn guarded(&self, index: usize, position: Quantity) -> Quantity {
        let control = &self.controls[index];
        let Some(instrument) = self.state.instruments.get(&control.instrument) else { return position };
        let most = largest_market_order(instrument, position.abs());
        let price = self.state.market.get(&control.instrument).and_then(|market| market.reference());
        let dust = price.is_some_and(|price| instrument.check_size(most, price, true, true).is_err());
        match Side::of(position) {
            Some(side) if !dust => side.signed(most),
            _ => Quantity::ZERO,
        }
    }

    /// Keeps, places or replaces the protective order of one role for a position. Returns the one that protects now.
    fn place(
        &mut self,
        index: usize,
        role: OrderRole,
        level: Option<Price>,
        position: Quantity,
    ) -> Option<ClientOrderId> {
        let level =
            level.zip(Side::of(-position)).map(|(level, side)| self.legal_level(index, role, (level, side)));
        let control = &self.controls[index];
        let account = self.state.account(&control.account)?;
        let present = if role == OrderRole::Stop { control.stop } else { control.target };
        let order = present.and_then(|id| account.orders.get(&id));
        let fits = order.zip(level).is_some_and(|(order, level)| {
            order.remaining() == position.abs()
                && order.request().side.signed(position.abs()) == -position
                && level_of(order.request()) == Some(level)
                && order.cancel_requested().is_none()
        });
        if fits {
            return present;
        }
        let stale = order.map(|order| order.request().client_order_id);
        let account = control.account.clone();
        if level.is_some() && self.locks(index) && self.free_coins(index, |_| true) {
            return present;
        }
        let placed = level.zip(Side::of(-position)).and_then(|(level, side)| {
            let request = self.protective_order(index, role, level, (side, position.abs()));
            self.send(request, self.state.now)
        });
        if let Some(stale) = stale {
            self.cancel_order(&account, stale);
        }
        placed
    }

    /// Cancels the protection that holds the coins of a position. True while an order that `counts` holds some: who wants
    /// to sell them waits for its end.
    pub(crate) fn free_coins(&mut self, index: usize, counts: impl Fn(&Order) -> bool) -> bool {
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return false };
        let closing = Side::of(-account.portfolio.quantity(&control.instrument));
        let holders =
            || account.orders_on(&control.instrument).filter(|order| Some(order.request().side) == closing);
        let held = holders().any(counts);
        let protective =
            holders().filter(|order| matches!(order.request().role, OrderRole::Stop | OrderRole::Target));
        let protective: Vec<ClientOrderId> =
            protective.map(|order| order.request().client_order_id).collect();
        let account = control.account.clone();
        for id in protective {
            self.cancel_order(&account, id);
        }
        held
    }

    /// A stop is rounded towards the position, a target away from it: never a worse promise than asked for.
    fn legal_level(&self, index: usize, role: OrderRole, (level, side): (Price, Side)) -> Price {
        let rules = self.state.instruments.get(&self.controls[index].instrument);
        let up = matches!((role, side), (OrderRole::Stop, Side::Sell) | (OrderRole::Target, Side::Sell));
        let rounding = if up { qtp_core::Rounding::Up } else { qtp_core::Rounding::Down };
        rules.and_then(|rules| rules.round_price(level, rounding)).unwrap_or(level)
    }

    fn protective_order(
        &mut self,
        index: usize,
        role: OrderRole,
        level: Price,
        (side, quantity): (Side, Quantity),
    ) -> OrderRequest {
        let source = self.config.trigger_source;
        let kind = match role {
            OrderRole::Stop => OrderKind::StopMarket { trigger: Trigger { price: level, source } },
            _ => OrderKind::Limit { price: level },
        };
        OrderRequest {
            client_order_id: self.next_order_id(index),
            account: self.controls[index].account.clone(),
            instrument: self.controls[index].instrument.clone(),
            side,
            quantity,
            kind,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: true,
            sizing: OrderSizing::Fixed,
            role,
            valid_until: None,
            protective_stop: None,
            decision_price: None,
        }
    }

    /// Starts or ends the naked time of a position.
    fn watch_naked(&mut self, index: usize, position: Quantity) {
        let now = self.state.now;
        let grace = self.config.stop_grace;
        let control = &mut self.controls[index];
        let asked = control.bracket.stop.is_some() && !position.is_zero();
        let resting = control.stop.and_then(|id| {
            let account = self.state.accounts.iter().find(|a| *a.portfolio.account() == control.account)?;
            account.orders.get(&id).filter(|order| order.status() != OrderStatus::Pending)
        });
        if !asked || resting.is_some() {
            control.end_naked(now);
        } else if control.naked_since.is_none() {
            control.naked_since = Some(now);
            self.set_engine_timer(grace);
        }
    }

    /// Where a working order of a control triggers.
    fn trigger_of(&self, index: usize, id: ClientOrderId) -> Option<Price> {
        let account = &self.controls[index].account;
        let account = self.state.accounts.iter().find(|known| known.portfolio.account() == account)?;
        account.orders.get(&id)?.request().kind.trigger().map(|trigger| trigger.price)
    }

    /// A protective order that held coins is gone: an exit that waited for them leaves, or they are protected again.
    pub(crate) fn on_coins_freed(&mut self, index: usize, id: Option<ClientOrderId>) {
        let control = &mut self.controls[index];
        for place in [&mut control.stop, &mut control.target] {
            if *place == id {
                *place = None;
            }
        }
        if control.replacing {
            self.settle(index);
        }
        self.protect(index);
    }

    /// A protective order was accepted, refused or taken away by the venue.
    pub(crate) fn on_protection_report(&mut self, index: usize, role: OrderRole, report: &OrderReport) {
        if self.locks(index) && matches!(report.status, OrderStatus::Canceled | OrderStatus::Expired) {
            return self.on_coins_freed(index, report.client_order_id);
        }
        let control = &mut self.controls[index];
        let ours =
            report.client_order_id.is_some_and(|id| control.stop == Some(id) || control.target == Some(id));
        if !ours {
            return;
        }
        match report.status {
            OrderStatus::Open if role == OrderRole::Stop => {
                let filled = control.filled.unwrap_or(self.state.now);
                let delay = u64::try_from(self.state.now.since(filled).as_millis()).unwrap_or(u64::MAX);
                let was_naked = control.naked_since.is_some();
                control.stop_rejects = 0;
                control.end_naked(self.state.now);
                // As it was asked for: not every venue repeats the trigger in its reports.
                let id = control.stop;
                if let (true, Some(stop)) = (was_naked, id.and_then(|id| self.trigger_of(index, id))) {
                    let instrument = report.instrument.clone();
                    self.publish(Notice::StopResting { instrument, stop, delay_ms: delay });
                }
            }
            OrderStatus::Rejected if role == OrderRole::Stop => {
                control.stop = None;
                control.stop_rejects += 1;
                if control.stop_rejects >= self.config.stop_attempts {
                    self.alert("stop_rejected", format!("{}: closing instead", report.instrument));
                    self.controls[index].must_close = true;
                    self.close(index, "the venue refused the protective stop");
                } else {
                    self.protect(index);
                }
            }
            OrderStatus::Rejected => control.target = None,
            OrderStatus::Canceled | OrderStatus::Expired => {
                if role == OrderRole::Stop {
                    control.stop = None;
                } else {
                    control.target = None;
                }
                self.protect(index);
            }
            _ => {}
        }
    }

    /// Closes positions whose stop did not come to rest within the grace, and lapses old proposals.
    pub(crate) fn on_engine_timer(&mut self) {
        self.expire_proposals();
        let (now, grace) = (self.state.now, self.config.stop_grace);
        for index in 0..self.controls.len() {
            let naked = self.controls[index].naked_since.is_some_and(|since| now.since(since) >= grace);
            if self.controls[index].must_close {
                self.settle(index);
            } else if naked {
                self.controls[index].must_close = true;
                let instrument = self.controls[index].instrument.clone();
                self.alert("naked_position", format!("{instrument}: no stop rests after {grace:?}: closing"));
                self.close(index, "no protective stop came to rest in time");
            }
        }
    }
}

/// The price that a protective order guards.
const fn level_of(request: &OrderRequest) -> Option<Price> {
    match request.kind.trigger() {
        Some(trigger) => Some(trigger.price),
        None => request.kind.limit(),
    }
}
