//! Signals into accepted targets: at once, or after an operator approved. Exits never wait.

use qtp_core::{
    Bracket, Decimal, InstrumentId, MarketState, Notice, OperatorAction, OrderRole, Price, Proposal, Reason,
    Signal, Target,
};

use crate::config::Approval;
use crate::engine::Engine;

/// Candles in the average true range that drift is measured by.
const DRIFT_CANDLES: usize = 14;

impl Engine {
    pub(crate) fn on_signal(&mut self, owner: usize, mut signal: Signal) {
        let Some(index) = self.owned(owner, &signal.instrument) else { return };
        let control = &self.controls[index];
        let Some(account) = self.state.account(&control.account) else { return };
        let direction = signal.target.direction();
        let position = account.portfolio.quantity(&signal.instrument);
        let reduces = matches!(signal.target, Target::Quantity(quantity)
            if quantity.signum() * position.signum() > 0 && quantity.abs() <= position.abs());
        let exits = direction == 0 || reduces;
        let unsupported = self.unsupported_bracket(index, &signal.bracket);
        if exits && unsupported.is_some() {
            signal.bracket.stop = None;
        }
        let known = account.targets.get(&signal.instrument).is_some_and(|active| {
            active.signal.target == signal.target && active.signal.bracket == signal.bracket
        });
        let unsupported = unsupported.filter(|_| !exits);
        if unsupported.is_none() && (exits || known || self.config.approval == Approval::Auto) {
            self.supersede(owner, &signal.instrument);
            return self.accept(index, signal);
        }
        // Of a flip only the opening waits or is refused: the close is an exit.
        if position.signum() * direction < 0 {
            let flat = Signal { target: Target::FLAT, bracket: Bracket::NONE, ..signal.clone() };
            self.accept(index, flat);
        }
        match unsupported {
            Some(reason) => self.deny(&signal.instrument, reason),
            None => self.propose(owner, signal),
        }
    }

    fn propose(&mut self, owner: usize, signal: Signal) {
        let Some(price) = self.state.market.get(&signal.instrument).and_then(|market| market.reference())
        else {
            return self.deny(&signal.instrument, Reason::new("no_price", "the instrument has no price yet"));
        };
        let standing = self.standing(owner, &signal.instrument).map(|standing| &standing.signal);
        if standing.is_some_and(|old| old.target == signal.target && old.bracket == signal.bracket) {
            return;
        }
        self.supersede(owner, &signal.instrument);
        let slot = &self.slots[owner];
        let proposal = Proposal {
            id: self.next_proposal,
            strategy: slot.id.clone(),
            owner: owner as u16,
            account: slot.account.clone(),
            signal,
            price,
            made: self.state.now,
            expires: self.state.now + self.config.proposal_expiry,
        };
        self.next_proposal += 1;
        self.proposals.insert(proposal.id, proposal.clone());
        self.publish(Notice::Proposed(proposal));
        self.set_engine_timer(self.config.proposal_expiry);
    }

    /// The proposal of a strategy that waits on an instrument.
    fn standing(&self, owner: usize, instrument: &InstrumentId) -> Option<&Proposal> {
        self.proposals.values().find(|p| usize::from(p.owner) == owner && p.signal.instrument == *instrument)
    }

    fn supersede(&mut self, owner: usize, instrument: &InstrumentId) {
        if let Some(id) = self.standing(owner, instrument).map(|standing| standing.id) {
            self.end_proposal(id, Reason::new("superseded", "a newer signal on the same instrument"));
        }
    }

    pub(crate) fn on_operator(&mut self, action: &OperatorAction) {
        match action {
            OperatorAction::Approve(id) => self.approve(*id),
            OperatorAction::Reject(id) => self.end_proposal(*id, Reason::new("rejected", "by an operator")),
            OperatorAction::Close(instrument) => {
                for index in 0..self.controls.len() {
                    if self.controls[index].instrument == *instrument {
                        self.close(index, "closed by an operator");
                    }
                }
            }
            OperatorAction::Flatten => {
                for account in 0..self.state.accounts.len() {
                    self.cancel_entries(account, None);
                }
                for index in 0..self.controls.len() {
                    self.close(index, "flattened by an operator");
                }
            }
            OperatorAction::Halt => self.halt_all(&Reason::new("operator", "halted by an operator")),
            OperatorAction::HaltFor(reason) => self.halt_all(reason),
            OperatorAction::Resume => {
                for account in &mut self.state.accounts {
                    account.risk.resume();
                }
                for slot in &mut self.slots {
                    slot.halted = false;
                }
                self.publish(Notice::Resumed { scope: "engine".to_owned() });
            }
        }
    }

    fn halt_all(&mut self, reason: &Reason) {
        for index in 0..self.state.accounts.len() {
            self.halt_account(index, reason, false);
        }
    }

    fn approve(&mut self, id: u64) {
        let Some(proposal) = self.proposals.get(&id).cloned() else {
            return self.alert("unknown_proposal", format!("there is no proposal {id}"));
        };
        if proposal.expires <= self.state.now {
            return self.end_proposal(id, Reason::new("expired", "approved too late"));
        }
        let instrument = &proposal.signal.instrument;
        let price = self.state.market.get(instrument).and_then(|market| market.reference());
        let drifted = price.is_none_or(|price| {
            drift_limit(&self.state.market, instrument, self.config.max_drift_atr.get())
                .is_some_and(|limit| (price.get() - proposal.price.get()).abs() > limit)
        });
        let problem = price
            .and_then(|price| proposal.signal.bracket.problem(proposal.signal.target.direction(), price));
        if drifted {
            let now = price.map_or_else(|| "unknown".to_owned(), |price| price.to_string());
            let words = format!("price was {} and is {now}", proposal.price);
            return self.end_proposal(id, Reason::new("drifted", words));
        }
        if let Some(problem) = problem {
            return self.end_proposal(id, Reason::new("bracket_void", problem));
        }
        self.end_proposal(id, Reason::new("approved", "by an operator"));
        if let Some(index) = self.owned(usize::from(proposal.owner), instrument) {
            self.accept(index, proposal.signal);
        }
    }

    pub(crate) fn end_proposal(&mut self, id: u64, outcome: Reason) {
        if self.proposals.remove(&id).is_some() {
            self.publish(Notice::ProposalEnded { id, outcome });
        }
    }

    pub(crate) fn expire_proposals(&mut self) {
        let now = self.state.now;
        let lapsed: Vec<u64> = self.proposals.values().filter(|p| p.expires <= now).map(|p| p.id).collect();
        for id in lapsed {
            self.end_proposal(id, Reason::new("expired", "nobody approved it in time"));
        }
    }

    /// New protection for the present position.
    pub(crate) fn on_exits(&mut self, owner: usize, instrument: &InstrumentId, bracket: Bracket) {
        let Some(index) = self.owned(owner, instrument) else { return };
        let control = &mut self.controls[index];
        let Some(account) = self.state.account_mut(&control.account) else { return };
        if account.portfolio.quantity(instrument).is_zero() {
            return;
        }
        if control.bracket != bracket {
            control.bracket = bracket;
            control.stop_rejects = 0;
        }
        if let Some(active) = account.targets.get_mut(instrument) {
            active.signal.bracket = bracket;
        }
        self.protect(index);
    }

    /// The control of an instrument, if the strategy owns it.
    pub(crate) fn owned(&mut self, owner: usize, instrument: &InstrumentId) -> Option<usize> {
        let slot = self.slots.get(owner)?;
        let index = self.control_position(&slot.account, instrument).ok();
        let owned = index.filter(|index| usize::from(self.controls[*index].owner) == owner);
        if owned.is_none() {
            let words = format!("strategy {} does not own {instrument}", self.slots[owner].id);
            self.alert("not_owned", words);
        }
        owned
    }

    /// Stops new risk on an account and cancels what would still add some.
    pub(crate) fn halt_account(&mut self, account: usize, reason: &Reason, until_next_day: bool) {
        let state = &mut self.state.accounts[account];
        state.risk.halt(reason.clone(), until_next_day);
        self.cancel_entries(account, None);
        self.publish(Notice::Halted { scope: "engine".to_owned(), reason: reason.clone() });
    }

    /// Cancels what would still add risk on an account: all of it, or one strategy's.
    pub(crate) fn cancel_entries(&mut self, account: usize, owner: Option<u16>) {
        let state = &self.state.accounts[account];
        let id = state.portfolio.account().clone();
        let adds = state.orders.values().map(qtp_core::Order::request).filter(|order| !order.reduce_only);
        let of_owner =
            adds.filter(|order| owner.is_none_or(|owner| order.client_order_id.strategy() == owner));
        let entries: Vec<_> = of_owner
            .map(|order| {
                let position = state.portfolio.quantity(&order.instrument);
                let closes = position.signum() * order.signed_quantity().signum() < 0;
                (order.client_order_id, order.instrument.clone(), closes && order.role == OrderRole::Entry)
            })
            .collect();
        for (order, instrument, closes) in entries {
            if let (true, Ok(index)) = (closes, self.control_position(&id, &instrument)) {
                // The close leg of a flip leaves once the flip is gone.
                self.controls[index].replacing = true;
            }
            self.cancel_order(&id, order);
        }
    }
}

/// The most that a price may move between a view and its order; `None` without enough candles.
pub(crate) fn drift_limit(
    market: &MarketState,
    instrument: &InstrumentId,
    atr_multiple: Decimal,
) -> Option<Decimal> {
    let series = market.get(instrument)?.all_series().iter().find(|s| s.candles().len() > DRIFT_CANDLES)?;
    let candles = series.candles();
    let first = candles.len() - DRIFT_CANDLES;
    let range = |index: usize| {
        let (candle, close) = (candles.get(index)?, candles.get(index.checked_sub(1)?)?.close());
        let high: Price = candle.high().max(close);
        Some(high.get() - candle.low().min(close).get())
    };
    let sum: Decimal = (first..candles.len()).filter_map(range).sum();
    sum.checked_mul(atr_multiple)?.checked_div(Decimal::from(DRIFT_CANDLES))
}
