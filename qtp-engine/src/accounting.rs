//! Reports and executions into orders, positions and counters, then on to order manager and strategies.

use qtp_core::{
    AccountId, Amount, ClientOrderId, Decimal, ExternalCause, Fill, FundingPayment, InstrumentId, Notional,
    OrderReport, OrderRole, OrderStatus, Quantity, Reason, Target, TradeOutcome,
};

use crate::config::ForeignPosition;
use crate::engine::Engine;

impl Engine {
    pub(crate) fn on_fill(&mut self, fill: &Fill) {
        let Some(account_index) = self.index_of(&fill.account) else {
            return self.alert("unknown_account", format!("a fill for account {}", fill.account));
        };
        if !self.state.accounts[account_index].seen_fills.insert(fill) {
            return;
        }
        let before = self.state.accounts[account_index].portfolio.quantity(&fill.instrument);
        let Some(net) = self.book(account_index, fill) else {
            return self.alert("unknown_instrument", format!("a fill of {}", fill.instrument));
        };
        let role = self.count_fill(account_index, fill);
        self.touch(account_index, &fill.instrument);
        let after = self.state.accounts[account_index].portfolio.quantity(&fill.instrument);
        let Ok(index) = self.control_position(&fill.account, &fill.instrument) else {
            return self.on_foreign(account_index, fill);
        };
        let now = self.state.now;
        let control = &mut self.controls[index];
        control.filled = Some(now);
        control.exit_missed = false;
        control.trip += net;
        if !before.is_zero() && before.signum() != after.signum() {
            let won = control.trip > Decimal::ZERO;
            control.trip = Decimal::ZERO;
            let outcome = TradeOutcome { time: now, won };
            self.state.accounts[account_index].risk.on_round_trip(&fill.instrument, outcome);
        }
        if before.signum() * after.signum() < 0 {
            // What protected the old side would close nothing on the new one.
            control.end_naked(now);
            control.forget_protection();
        }
        if fill.external.is_some() {
            self.rest_target(account_index, &fill.instrument, after);
            self.on_foreign(account_index, fill);
        } else if matches!(role, Some(OrderRole::Stop | OrderRole::Target)) {
            self.on_bracket_fill(account_index, &fill.instrument, (before, after));
        }
        self.adopt_bracket(index);
        if self.controls[index].replacing || self.overcommitted(index) {
            self.settle(index);
        }
        let owner = usize::from(self.controls[index].owner);
        self.call(owner, |strategy, context| strategy.on_fill(fill, context));
    }

    /// Books a fill and returns its effect on the round trip, net of fees in the settlement currency.
    fn book(&mut self, account_index: usize, fill: &Fill) -> Option<Decimal> {
        let instrument = self.state.instruments.get(&fill.instrument)?;
        let change = self.state.accounts[account_index].portfolio.apply_fill(fill, instrument);
        let mut net = change.realized.get();
        for fee in std::iter::once(&fill.fee).chain(&fill.builder_fee) {
            net -= if fee.currency == instrument.settle {
                fee.value
            } else if fee.currency == instrument.base {
                Quantity::new(fee.value).map(|q| instrument.notional(fill.price, q).get()).unwrap_or_default()
            } else {
                fee.value * self.state.market.rate(fee.currency).unwrap_or_default()
            };
        }
        Some(net)
    }

    /// Counts a fill on its order. Returns the order's role if it is one of ours.
    fn count_fill(&mut self, account_index: usize, fill: &Fill) -> Option<OrderRole> {
        let id = fill.client_order_id?;
        let now = self.state.now;
        let order = self.state.accounts[account_index].orders.get_mut(&id)?;
        let role = order.request().role;
        let result = order.apply_fill(fill, now);
        if order.status().is_terminal() {
            self.state.accounts[account_index].orders.remove(&id);
        }
        if let Err(error) = result {
            let reason = Reason::new("impossible_fill", error.to_string());
            self.halt_account(account_index, &reason, false);
        }
        Some(role)
    }

    /// What a bracket closed is not opened again by itself. A target that is on the other side already is a flip
    /// under way: it stays in force, and so does one that asks for less than what is left.
    fn on_bracket_fill(
        &mut self,
        account_index: usize,
        instrument: &InstrumentId,
        (before, after): (Quantity, Quantity),
    ) {
        let left = if after.signum() == before.signum() { after } else { Quantity::ZERO };
        let target = self.state.accounts[account_index].targets.get(instrument).map(|active| active.quantity);
        if target.is_some_and(|target| target.signum() == before.signum() && target.abs() > left.abs()) {
            self.rest_target(account_index, instrument, left);
        }
    }

    /// The position was changed by its bracket or from outside: what stands now is the target.
    fn rest_target(&mut self, account_index: usize, instrument: &InstrumentId, quantity: Quantity) {
        if let Some(active) = self.state.accounts[account_index].targets.get_mut(instrument) {
            active.quantity = quantity;
            active.signal.target = Target::Quantity(quantity);
        }
    }

    /// An execution that no order of ours asked for.
    fn on_foreign(&mut self, account_index: usize, fill: &Fill) {
        let Some(cause) = fill.external else { return };
        let words = format!("{cause:?}: {} {} of {}", fill.side.as_str(), fill.quantity, fill.instrument);
        let by_hand = matches!(cause, ExternalCause::Manual | ExternalCause::Unknown);
        if by_hand && self.config.foreign_position == ForeignPosition::Halt {
            self.halt_account(account_index, &Reason::new("external_fill", words), false);
        } else {
            self.alert("external_fill", words);
        }
    }

    pub(crate) fn on_report(&mut self, report: &OrderReport) {
        let Some(id) = report.client_order_id else {
            return self
                .alert("foreign_order", format!("an order on {} that is not ours", report.instrument));
        };
        let Some(account_index) = self.index_of(&report.account) else { return };
        let now = self.state.now;
        let Some(order) = self.state.accounts[account_index].orders.get_mut(&id) else { return };
        let role = order.request().role;
        let result = order.apply_report(report, now);
        let (status, was_leaving) = (order.status(), order.cancel_requested().is_some());
        if let Err(error) = result {
            return self.alert("impossible_report", error.to_string());
        }
        if status.is_terminal() {
            self.state.accounts[account_index].orders.remove(&id);
            if matches!(role, OrderRole::Entry | OrderRole::Exit) {
                self.touch(account_index, &report.instrument);
            }
        }
        let Ok(index) = self.control_position(&report.account, &report.instrument) else { return };
        if matches!(role, OrderRole::Stop | OrderRole::Target) {
            self.on_protection_report(index, role, report);
        } else if status.is_terminal() {
            self.controls[index].exit_missed |= role == OrderRole::Exit && !was_leaving;
            self.on_entry_ended(index, report, (status, was_leaving));
            if self.locks(index) {
                // An exit has let go of what is left: it can be protected again.
                self.protect(index);
            }
        }
        let owner = usize::from(self.controls[index].owner);
        self.call(owner, |strategy, context| strategy.on_order(report, context));
    }

    /// An entry or exit ended without filling whole.
    fn on_entry_ended(
        &mut self,
        index: usize,
        report: &OrderReport,
        (status, was_leaving): (OrderStatus, bool),
    ) {
        if status == OrderStatus::Rejected {
            let unnamed = || Reason::new("rejected", "the venue gave no reason");
            let reason = report.reason.clone().unwrap_or_else(unnamed);
            let words =
                format!("{} order {} rejected by the venue: {reason}", report.side.as_str(), report.quantity);
            self.alert("order_rejected", format!("{}: {words}", report.instrument));
        }
        let control = &self.controls[index];
        match status {
            // What a venue refuses is not sent again in the same instant.
            OrderStatus::Rejected | OrderStatus::Canceled if !was_leaving && control.must_close => {
                self.set_engine_timer(self.config.stop_grace)
            }
            OrderStatus::Rejected if !was_leaving => {}
            _ if control.replacing => self.settle(index),
            _ => {}
        }
    }

    pub(crate) fn on_outcome_unknown(&mut self, account: &AccountId, id: ClientOrderId) {
        let now = self.state.now;
        let order = self.state.account_mut(account).and_then(|account| account.orders.get_mut(&id));
        if let Some(order) = order {
            order.mark_unknown(now);
            let instrument = order.request().instrument.clone();
            self.alert("outcome_unknown", format!("{instrument}: the answer to order {id} was lost"));
        }
    }

    pub(crate) fn on_order_absent(&mut self, account: &AccountId, id: ClientOrderId) {
        let Some(account_index) = self.index_of(account) else { return };
        let Some(order) = self.state.accounts[account_index].orders.remove(&id) else { return };
        let request = order.request().clone();
        self.touch(account_index, &request.instrument);
        let Ok(index) = self.control_position(account, &request.instrument) else { return };
        // What an exit should have closed still stands.
        self.controls[index].replacing |= request.role == OrderRole::Exit;
        if self.locks(index) {
            return self.on_coins_freed(index, Some(id));
        }
        match request.role {
            OrderRole::Stop if self.controls[index].stop == Some(id) => {
                self.controls[index].stop = None;
                self.protect(index);
            }
            OrderRole::Target if self.controls[index].target == Some(id) => {
                self.controls[index].target = None;
                self.protect(index);
            }
            OrderRole::Entry | OrderRole::Exit if self.controls[index].replacing => self.settle(index),
            _ => {}
        }
    }

    pub(crate) fn on_funding(&mut self, payment: &FundingPayment) {
        let Some(account_index) = self.index_of(&payment.account) else { return };
        self.state.accounts[account_index].portfolio.apply_funding(payment);
        if let Ok(index) = self.control_position(&payment.account, &payment.instrument) {
            self.controls[index].trip += payment.amount.value;
        }
    }

    pub(crate) fn on_cash_flow(&mut self, account: &AccountId, amount: Amount) {
        let Some(account_index) = self.index_of(account) else { return };
        let account = &mut self.state.accounts[account_index];
        account.portfolio.apply_cash_flow(amount);
        let rate = if amount.currency == account.portfolio.reporting_currency() {
            Some(Decimal::ONE)
        } else {
            self.state.market.rate(amount.currency)
        };
        if let Some(rate) = rate {
            account.risk.on_cash_flow(Notional::from_decimal(amount.value * rate));
        }
    }

    /// The venue's position is not ours and no fill explains it.
    pub(crate) fn on_position_adjustment(
        &mut self,
        account: &AccountId,
        instrument: &InstrumentId,
        quantity: Quantity,
    ) {
        let Some(account_index) = self.index_of(account) else { return };
        let ours = self.state.accounts[account_index].portfolio.quantity(instrument);
        let price = self.state.market.get(instrument).and_then(|market| market.reference());
        if let (Some(price), Some(rules)) = (price, self.state.instruments.get(instrument)) {
            let account = &mut self.state.accounts[account_index];
            account.portfolio.adjust(rules, quantity - ours, price);
        }
        self.touch(account_index, instrument);
        self.rest_target(account_index, instrument, quantity);
        let words = format!("{instrument}: the venue has {quantity}, we had {ours}");
        match self.config.foreign_position {
            ForeignPosition::Halt => {
                self.halt_account(account_index, &Reason::new("position_adjustment", words), false);
            }
            ForeignPosition::Adopt | ForeignPosition::Ignore => self.alert("position_adjustment", words),
        }
        if let Ok(index) = self.control_position(account, instrument) {
            self.adopt_bracket(index);
        }
    }

    fn index_of(&self, account: &AccountId) -> Option<usize> {
        self.state.accounts.iter().position(|state| state.portfolio.account() == account)
    }
}
