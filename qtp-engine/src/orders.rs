//! The order manager: target - position - working orders - orders of unknown outcome.

use qtp_core::{
    AccountState, ActiveTarget, Bracket, ClientOrderId, Instrument, InstrumentId, Order, OrderDraft,
    OrderKind, OrderRequest, OrderRole, OrderSizing, Quantity, Reason, Side, Signal, Target, TimeInForce,
};

use crate::engine::Engine;

impl Engine {
    /// Sizes a signal, makes it the target in force, and sends what is missing.
    pub(crate) fn accept(&mut self, index: usize, signal: Signal) {
        let account_id = self.controls[index].account.clone();
        let Some(account) = self.state.account(&account_id) else { return };
        let estimated = match signal.target {
            Target::Quantity(_) => false,
            Target::Risk { .. } => true,
            Target::EquityShare { .. } => !self.sizes_at_fill(index),
        };
        // What was estimated is sized once: saying it again must not chase the price.
        let kept = if estimated { begun_quantity(account, &signal) } else { None };
        let quantity = match kept {
            Some(quantity) => quantity,
            None => match self.size(index, &signal) {
                Ok(quantity) => quantity,
                Err(reason) => return self.deny(&signal.instrument, reason),
            },
        };
        let owner = self.controls[index].owner;
        let (instrument, set) = (signal.instrument.clone(), self.state.now);
        if let Some(account) = self.state.account_mut(&account_id) {
            account.targets.insert(instrument, ActiveTarget { owner, signal, quantity, set });
        }
        self.settle(index);
        self.adopt_bracket(index);
    }

    /// Sends what is missing between the target in force and position plus working orders.
    pub(crate) fn settle(&mut self, index: usize) {
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let Some(active) = account.targets.get(&control.instrument) else { return };
        let position = account.portfolio.quantity(&control.instrument);
        let working = account.working(&control.instrument);
        let leaving = control.must_close && !position.is_zero();
        let (target, sizing) = match active.signal.target {
            _ if leaving => (Quantity::ZERO, OrderSizing::Fixed),
            Target::EquityShare { share, whole_units } if self.sizes_at_fill(index) => {
                (active.quantity, OrderSizing::EquityShare { share: share.abs(), whole_units })
            }
            _ => (active.quantity, OrderSizing::Fixed),
        };
        let committed = position + working;
        let delta = match sizing {
            OrderSizing::Fixed => target - committed,
            // Sized at the fill: only the direction can be compared beforehand.
            OrderSizing::EquityShare { .. } if committed.signum() == target.signum() => return,
            OrderSizing::EquityShare { .. } => target - committed,
        };
        let Some(side) = Side::of(delta) else {
            // The target in force has its turn once the position is gone.
            self.controls[index].replacing |= leaving;
            return;
        };
        let opposing: Vec<ClientOrderId> = account
            .orders_on(&control.instrument)
            .filter(|order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit))
            .filter(|order| order.request().side != side)
            .map(|order| order.request().client_order_id)
            .collect();
        let unknown = account.has_unknown(&control.instrument);
        let flips =
            position.signum() * delta.signum() < 0 && delta.abs() > closable(account, &control.instrument);
        let can_flip = self.capabilities.get(&control.account).is_some_and(|venue| venue.flip_in_one_order);
        if !opposing.is_empty() || unknown || leaving || (flips && !can_flip) {
            let account = control.account.clone();
            self.controls[index].replacing = true;
            for order in opposing {
                self.cancel_order(&account, order);
            }
            return self.close_towards(index, target);
        }
        self.controls[index].replacing = false;
        if self.send_target(index, delta, sizing) && sizing == OrderSizing::Fixed {
            self.accept_reduction(index);
        }
    }

    /// True if position and working orders together go beyond the target in force: a stop and a flip that
    /// crossed, or a fill that came after its cancel.
    pub(crate) fn overcommitted(&self, index: usize) -> bool {
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return false };
        let Some(active) = account.targets.get(&control.instrument) else { return false };
        if matches!(active.signal.target, Target::EquityShare { .. }) && self.sizes_at_fill(index) {
            return false;
        }
        let committed =
            account.portfolio.quantity(&control.instrument) + account.working(&control.instrument);
        (active.quantity - committed).signum() * committed.signum() < 0
    }

    /// Sends only the part that brings the position nearer to the target without adding risk.
    #[cold]
    #[inline(never)]
    fn close_towards(&mut self, index: usize, target: Quantity) {
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let position = account.portfolio.quantity(&control.instrument);
        let kept = match position.signum() * target.signum() {
            1 => {
                if position.signum() > 0 {
                    position.min(target)
                } else {
                    position.max(target)
                }
            }
            _ => Quantity::ZERO,
        };
        let closing: Quantity = account
            .orders_on(&control.instrument)
            .filter(|order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit))
            .map(|order| order.request().side.signed(order.remaining()))
            .filter(|quantity| quantity.signum() * position.signum() < 0)
            .sum();
        let delta = kept - position - closing;
        if delta.signum() * position.signum() < 0 {
            self.send_target(index, delta, OrderSizing::Fixed);
        }
    }

    /// Returns whether an order left.
    fn send_target(&mut self, index: usize, delta: Quantity, sizing: OrderSizing) -> bool {
        let control = &self.controls[index];
        let Some(side) = Side::of(delta) else { return false };
        let Some(account) = self.state.account(&control.account) else { return false };
        let Some(instrument) = self.state.instruments.get(&control.instrument) else { return false };
        let position = account.portfolio.quantity(&control.instrument);
        let closable = closable(account, &control.instrument);
        let only_closes = position.signum() * delta.signum() < 0 && delta.abs() <= closable;
        let quantity = match sizing {
            // What is left of a large exit follows its first fill.
            OrderSizing::Fixed if only_closes => largest_market_order(instrument, delta.abs()),
            OrderSizing::Fixed => instrument.size_rule.floor(delta.abs()),
            OrderSizing::EquityShare { .. } => delta.abs(),
        };
        let price = self.state.market.get(&control.instrument).and_then(|market| market.reference());
        if let (Some(price), OrderSizing::Fixed) = (price, sizing) {
            if quantity.is_zero() {
                return false;
            }
            if let Err(illegal) = instrument.check_size(quantity, price, true, only_closes) {
                let words = format!("quantity={quantity} price={price}");
                let id = control.instrument.clone();
                self.deny(&id, Reason::new(illegal.code(), words));
                return false;
            }
        }
        // What may not exist holds nothing back: at worst the venue refuses.
        let known = |order: &Order| order.unknown_since().is_none();
        if only_closes && self.locks(index) && self.free_coins(index, known) {
            self.controls[index].replacing = true;
            return false;
        }
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return false };
        let active = account.targets.get(&control.instrument);
        let decided = active.and_then(|active| active.signal.decided);
        let stop = active.and_then(|active| active.signal.bracket.stop).filter(|_| !only_closes);
        let blind = only_closes && control.exit_missed;
        let request = OrderRequest {
            client_order_id: self.next_order_id(index),
            account: self.controls[index].account.clone(),
            instrument: self.controls[index].instrument.clone(),
            side,
            quantity,
            kind: OrderKind::Market,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only: only_closes,
            sizing,
            role: if only_closes { OrderRole::Exit } else { OrderRole::Entry },
            valid_until: self.config.order_validity.map(|validity| self.state.now + validity),
            protective_stop: stop,
            // What must get out and found no price asks the venue for the present one.
            decision_price: if blind { None } else { decided.map(|decided| decided.price).or(price) },
        };
        let time = decided.map_or(self.state.now, |decided| decided.time);
        self.send(request, time).is_some()
    }

    /// What the gate left of an order is the target now: fills must not chase what was refused.
    fn accept_reduction(&mut self, index: usize) {
        let control = &self.controls[index];
        let Some(account) = self.state.account_mut(&control.account) else { return };
        let committed =
            account.portfolio.quantity(&control.instrument) + account.working(&control.instrument);
        if let Some(active) = account.targets.get_mut(&control.instrument)
            && (active.quantity - committed).signum() * active.quantity.signum() > 0
        {
            active.quantity = committed;
        }
    }

    /// Closes the position of an instrument at the market.
    pub(crate) fn close(&mut self, index: usize, reason: &str) {
        let control = &self.controls[index];
        let signal = Signal {
            instrument: control.instrument.clone(),
            target: Target::FLAT,
            bracket: Bracket::NONE,
            reason: reason.to_owned(),
            decided: None,
        };
        self.accept(index, signal);
    }

    /// An order that a strategy manages itself.
    pub(crate) fn on_draft(&mut self, owner: usize, id: ClientOrderId, draft: OrderDraft) {
        let Some(index) = self.owned(owner, &draft.instrument) else { return };
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let crosses = account.orders_on(&draft.instrument).any(|order| {
            let other = order.request();
            match (draft.kind.limit(), other.kind.limit()) {
                (Some(ours), Some(theirs)) if other.side != draft.side => match draft.side {
                    Side::Buy => ours >= theirs,
                    Side::Sell => ours <= theirs,
                },
                _ => false,
            }
        });
        if let Some(reason) = self.unsupported_draft(index, &draft) {
            return self.deny(&draft.instrument, reason);
        }
        if crosses {
            return self
                .deny(&draft.instrument, Reason::new("self_cross", "an own order rests on the other side"));
        }
        let request = OrderRequest {
            client_order_id: id,
            account: control.account.clone(),
            instrument: draft.instrument,
            side: draft.side,
            quantity: draft.quantity,
            kind: draft.kind,
            time_in_force: draft.time_in_force,
            post_only: draft.post_only,
            reduce_only: draft.reduce_only,
            sizing: OrderSizing::Fixed,
            role: draft.role,
            valid_until: self.config.order_validity.map(|validity| self.state.now + validity),
            protective_stop: None,
            decision_price: None,
        };
        self.send(request, self.state.now);
    }

    pub(crate) fn cancel_own(&mut self, owner: usize, id: ClientOrderId) {
        if usize::from(id.strategy()) == owner && id.run() == self.run_id {
            let account = self.slots[owner].account.clone();
            self.cancel_order(&account, id);
        }
    }

    /// True if the venue of an instrument resolves a share of equity itself.
    fn sizes_at_fill(&self, index: usize) -> bool {
        let account = &self.controls[index].account;
        self.capabilities.get(account).is_some_and(|venue| venue.equity_sized_orders)
    }

    pub(crate) fn next_order_id(&mut self, index: usize) -> ClientOrderId {
        let owner = self.controls[index].owner;
        let slot = &mut self.slots[usize::from(owner)];
        let id = ClientOrderId::new(self.run_id, owner, slot.sequence);
        slot.sequence += 1;
        id
    }
}

/// The quantity that a target came to when it was said before, if position and orders have gone its way since.
fn begun_quantity(account: &AccountState, signal: &Signal) -> Option<Quantity> {
    let active = account.targets.get(&signal.instrument)?;
    let committed = account.portfolio.quantity(&signal.instrument) + account.working(&signal.instrument);
    let begun = committed.signum() * signal.target.direction() > 0;
    (begun && active.signal.target == signal.target).then_some(active.quantity)
}

/// What a new order can still close of a position: its magnitude without what working orders close already.
fn closable(account: &AccountState, instrument: &InstrumentId) -> Quantity {
    let position = account.portfolio.quantity(instrument);
    let Some(side) = Side::of(-position) else { return Quantity::ZERO };
    let left = position + account.working_on(instrument, side);
    if left.signum() == position.signum() { left.abs() } else { Quantity::ZERO }
}

/// The largest legal size of one market order that is not above `quantity`.
pub(crate) fn largest_market_order(instrument: &Instrument, quantity: Quantity) -> Quantity {
    let most = instrument.max_market_quantity.or(instrument.max_quantity);
    instrument.size_rule.floor(most.map_or(quantity, |most| quantity.min(most)))
}
