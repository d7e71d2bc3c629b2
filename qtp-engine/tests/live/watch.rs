//! What must hold after every record of a run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_core::{Command, Event, EventRecord, Order, OrderRole, OrderStatus, Quantity, Timestamp};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;

use crate::common::*;

/// Counts what must never happen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    pub(crate) problems: Arc<Mutex<Vec<String>>>,
    healthy: bool,
    naked: Option<Timestamp>,
}

impl Watch {
    /// A watch on the same run, from its beginning.
    pub(crate) fn again(&self) -> Self {
        Self { problems: Arc::clone(&self.problems), ..Self::default() }
    }

    fn note(&self, problem: String) {
        self.problems.lock().unwrap().push(problem);
    }

    /// Whatever fills and whatever is refused, what was just sent does not go beyond the target.
    fn within_target(&self, seq: u64, engine: &Engine) {
        let account = &engine.state().accounts[0];
        let position = account.portfolio.quantity(&btc());
        let target = account.targets.get(&btc()).map(|active| active.quantity).unwrap_or_default();
        let moves = |order: &&Order| matches!(order.request().role, OrderRole::Entry | OrderRole::Exit);
        let size = |order: &Order| order.request().side.signed(order.remaining());
        let orders = || account.orders.values().filter(moves);
        let all: Quantity = orders().map(size).sum();
        let adds: Quantity = orders().filter(|order| !order.request().reduce_only).map(size).sum();
        let within = |sum: Quantity| sum.signum() * target.signum() <= 0 || sum.abs() <= target.abs();
        if target.is_zero() || !within(position + adds) || !within(position + all) {
            self.note(format!("command {seq}: {position} and {all} ({adds}) for {target}"));
        }
    }

    fn protected(&mut self, record: &EventRecord, engine: &Engine) {
        let account = &engine.state().accounts[0];
        let position = account.portfolio.quantity(&btc());
        let asked = account.targets.get(&btc()).is_some_and(|active| {
            active.signal.bracket.stop.is_some() && active.quantity.signum() * position.signum() > 0
        });
        let resting = account
            .orders
            .values()
            .any(|order| order.request().role == OrderRole::Stop && order.status() != OrderStatus::Pending);
        let leaving = account.orders.values().map(Order::request).any(|order| {
            let closes = order.signed_quantity().signum() * position.signum() < 0;
            closes && matches!(order.role, OrderRole::Entry | OrderRole::Exit)
        });
        if position.is_zero() || !asked || resting || leaving || !self.healthy {
            self.naked = None;
            return;
        }
        let since = *self.naked.get_or_insert(record.receive_time);
        if record.receive_time.since(since) > Duration::from_secs(4) {
            self.note(format!("record {}: {position} stands naked since {since}", record.seq));
        }
    }
}

impl Observer for Watch {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        if let Event::Connection { topic: None, healthy, .. } = &record.event {
            self.healthy = *healthy;
        }
        if matches!(record.event, Event::RunResumed(_)) {
            // While nobody watches nothing can be protected.
            (self.healthy, self.naked) = (false, None);
        }
        self.protected(record, engine);
    }

    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        let Command::Submit(group) = command else { return };
        if group.get().first().reduce_only {
            return;
        }
        self.within_target(seq, engine);
        if !self.healthy {
            self.note(format!("command {seq}: new risk before the account was compared"));
        }
    }
}
