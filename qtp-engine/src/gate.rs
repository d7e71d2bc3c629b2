//! Everything that leaves goes through here: the risk gate, then the list of working orders.

use qtp_core::{
    AccountKind, AccountState, ClientOrderId, Command, Currency, Decimal, Denied, InstrumentId, Notice,
    Notional, Order, OrderRequest, OrderRole, OrderSizing, OrderTimes, Price, Quantity, Reason, Review,
    RiskContext,
};

use crate::config::OnBreach;
use crate::engine::Engine;

impl Engine {
    /// Reviews an order and sends what passed. Returns its id if something left.
    pub(crate) fn send(
        &mut self,
        request: OrderRequest,
        decided: qtp_core::Timestamp,
    ) -> Option<ClientOrderId> {
        let account_index = self.account_index(&request)?;
        let (instrument, asked) = (request.instrument.clone(), request.signed_quantity());
        let (id, account_id) = (request.client_order_id, request.account.clone());
        let review = match self.gate.review_exit(&request) {
            Some(review) => review,
            None => match self.review(account_index, request) {
                Ok(review) => review,
                Err(denied) => {
                    if denied.halt {
                        self.breach(account_index, &denied.reason);
                    }
                    self.deny_quantity(&instrument, asked, denied.reason);
                    return None;
                }
            },
        };
        let breach = review.halt;
        let approved = review.order.get().first().clone();
        let protective = matches!(approved.role, OrderRole::Stop | OrderRole::Target);
        for reason in review.reduced {
            let (from, to) = (asked.abs(), approved.quantity);
            self.publish(Notice::Reduced {
                client_order_id: id,
                instrument: instrument.clone(),
                from,
                to,
                reason,
            });
        }
        let now = self.state.now;
        let times = OrderTimes { decided, approved: now, submitted: now, acknowledged: None, filled: None };
        if let Some(account) = self.state.account_mut(&account_id) {
            account.risk.on_order(now);
            account.orders.insert(id, Order::new(approved, times));
        }
        if !protective {
            self.touch(account_index, &instrument);
        }
        self.push(Command::Submit(review.order));
        if let Some(reason) = &breach {
            // Only now: what closes because of it must see the order that left.
            self.breach(account_index, reason);
        }
        Some(id)
    }

    fn review(&self, account_index: usize, request: OrderRequest) -> Result<Review, Denied> {
        let owner = usize::from(request.client_order_id.strategy());
        if self.slots.get(owner).is_some_and(|slot| slot.halted) {
            return self.only_close(account_index, request, ("strategy_halted", "its strategy is halted"));
        }
        if self.slots_left(account_index) == 0 {
            return self.only_close(account_index, request, ("open_orders", "no slot is left but for exits"));
        }
        match self.risk_context(account_index, &request) {
            Some(context) => self.gate.review(request, &context),
            None => {
                let reason = ("no_price", "a price or conversion rate is not known");
                self.only_close(account_index, request, reason)
            }
        }
    }

    /// Nothing may be added, for a reason that no rule knows of. What the order closes leaves.
    #[cold]
    #[inline(never)]
    fn only_close(
        &self,
        account_index: usize,
        mut request: OrderRequest,
        (code, words): (&str, &str),
    ) -> Result<Review, Denied> {
        let reason = Reason::new(code, words);
        let position = self.state.accounts[account_index].portfolio.quantity(&request.instrument);
        if position.signum() * request.signed_quantity().signum() < 0 {
            request.quantity = request.quantity.min(position.abs());
            (request.reduce_only, request.role) = (true, OrderRole::Exit);
            (request.sizing, request.protective_stop) = (OrderSizing::Fixed, None);
            if let Some(mut review) = self.gate.review_exit(&request) {
                review.reduced.push(reason);
                return Ok(review);
            }
        }
        Err(Denied { reason, halt: false })
    }

    /// Refuses a signal before it became an order.
    #[cold]
    #[inline(never)]
    pub(crate) fn deny(&mut self, instrument: &InstrumentId, reason: Reason) {
        self.deny_quantity(instrument, Quantity::ZERO, reason);
    }

    #[cold]
    #[inline(never)]
    fn deny_quantity(&mut self, instrument: &InstrumentId, quantity: Quantity, reason: Reason) {
        self.publish(Notice::Denied { instrument: instrument.clone(), quantity, reason });
    }

    /// A rule asked to stop all new risk.
    #[cold]
    #[inline(never)]
    fn breach(&mut self, account_index: usize, reason: &Reason) {
        if self.state.accounts[account_index].risk.halted().is_some() {
            return;
        }
        self.halt_account(account_index, reason, true);
        if self.config.on_breach == OnBreach::Flatten {
            let account = self.state.accounts[account_index].portfolio.account().clone();
            for index in 0..self.controls.len() {
                if self.controls[index].account == account {
                    self.close(index, "flattened: a limit was breached");
                }
            }
        }
    }

    /// Cancels an order that is still working. Asking twice sends once.
    pub(crate) fn cancel_order(&mut self, account: &qtp_core::AccountId, id: ClientOrderId) {
        let now = self.state.now;
        let Some(order) = self.state.account_mut(account).and_then(|account| account.orders.get_mut(&id))
        else {
            return;
        };
        if order.cancel_requested().is_some() {
            return;
        }
        order.mark_cancel_requested(now);
        let instrument = order.request().instrument.clone();
        self.push(Command::Cancel(qtp_core::CancelRequest {
            client_order_id: id,
            account: account.clone(),
            instrument,
        }));
    }

    /// Notes that the position or an entry order of an instrument changed with this record.
    pub(crate) fn touch(&mut self, account_index: usize, instrument: &InstrumentId) {
        let changed = &mut self.state.accounts[account_index].changed;
        match changed.get_mut(instrument) {
            Some(seq) => *seq = self.state.seq,
            None => {
                changed.insert(instrument.clone(), self.state.seq);
            }
        }
    }

    pub(crate) fn account_index(&self, request: &OrderRequest) -> Option<usize> {
        self.state.accounts.iter().position(|account| *account.portfolio.account() == request.account)
    }

    /// Slots for orders that add risk: a fifth of all is kept for exits.
    fn slots_left(&self, account_index: usize) -> usize {
        let limit = self.config.max_open_orders - self.config.max_open_orders / 5;
        limit.saturating_sub(self.state.accounts[account_index].orders.len())
    }

    /// What the rules may look at; `None` without a price.
    fn risk_context(&self, account_index: usize, request: &OrderRequest) -> Option<RiskContext<'_>> {
        let account = self.state.accounts.get(account_index)?;
        let instrument = self.state.instruments.get(&request.instrument)?;
        let market = self.state.market.get(&request.instrument)?;
        let price = market.reference()?;
        let reporting = account.portfolio.reporting_currency();
        let rate = self.rate(instrument.settle, reporting)?;
        let equity = account.portfolio.equity(&self.state.market, &self.state.instruments);
        let leverage = account.leverage_of(&request.instrument);
        let working = account.working_on(&request.instrument, request.side);
        let (exposure, other_open) = self.exposure(account, &request.instrument)?;
        let mut context = RiskContext {
            now: self.state.now,
            instrument,
            portfolio: &account.portfolio,
            position: account.portfolio.quantity(&request.instrument),
            working,
            adds: Quantity::ZERO,
            price,
            equity,
            exposure,
            rate,
            other_open,
            data_age: self.state.now.since(market.updated()),
            leverage,
            liquidation: None,
            state: &account.risk,
        };
        context.liquidation = self.liquidation(&context, request);
        Some(context)
    }

    /// Value of positions and working entries, and how many other instruments have some; `None` if a price or
    /// rate is not known.
    fn exposure(&self, account: &AccountState, instrument: &InstrumentId) -> Option<(Notional, usize)> {
        let mut exposure = account.portfolio.exposure(&self.state.market, &self.state.instruments)?;
        let reporting = account.portfolio.reporting_currency();
        let mut others: Vec<&InstrumentId> = account
            .portfolio
            .open_positions()
            .map(qtp_core::Position::instrument)
            .filter(|id| *id != instrument)
            .collect();
        for order in account.orders.values().filter(|order| order.request().role == OrderRole::Entry) {
            let id = &order.request().instrument;
            let price = self.state.market.get(id)?.reference()?;
            let rules = self.state.instruments.get(id)?;
            let rate = self.rate(rules.settle, reporting)?;
            let value = rules.notional(price, order.remaining()).get().checked_mul(rate)?;
            exposure += Notional::from_decimal(value);
            if id != instrument && !others.contains(&id) {
                others.push(id);
            }
        }
        Some((exposure, others.len()))
    }

    /// Where the position would be liquidated after the order, on a margin account.
    fn liquidation(&self, context: &RiskContext<'_>, request: &OrderRequest) -> Option<Price> {
        let kind = context.portfolio.kind();
        let equity = match kind {
            AccountKind::CrossMargin => context.equity? - self.other_maintenance(context)?,
            AccountKind::IsolatedMargin => context.equity?,
            AccountKind::Unconstrained | AccountKind::Spot => return None,
        };
        let quantity = context.position + context.working + request.signed_quantity();
        let (instrument, price) = (context.instrument, context.price);
        qtp_core::account::liquidation_price(instrument, kind, equity, quantity, price, context.leverage)
    }

    /// Margin that the other positions of a cross account need to stay: not there to be lost by this one.
    fn other_maintenance(&self, context: &RiskContext<'_>) -> Option<Notional> {
        let mut sum = Notional::ZERO;
        for position in context.portfolio.open_positions() {
            let id = position.instrument();
            if *id == context.instrument.id {
                continue;
            }
            let rules = self.state.instruments.get(id)?;
            let value = position.value(self.state.market.get(id)?.reference()?).abs();
            let maintenance = rules.margin_tier(value).map_or(Decimal::ZERO, |tier| tier.maintenance.get());
            let rate = self.rate(rules.settle, context.portfolio.reporting_currency())?;
            sum += value.times(maintenance).times(rate);
        }
        Some(sum)
    }

    /// Reporting currency per unit of `currency`, if it is known.
    fn rate(&self, currency: Currency, reporting: Currency) -> Option<Decimal> {
        if currency == reporting { Some(Decimal::ONE) } else { self.state.market.rate(currency) }
    }
}
