//! What a run passes on to its store: orders, fills, positions, decisions, proposals and equity.

use std::collections::BTreeMap;
use std::sync::mpsc::{Sender, sync_channel};
use std::time::Duration;

use qtp_core::port::{EquityPoint, StoredDecision};
use qtp_core::{AccountId, ClientOrderId, Command, Event, EventRecord, Notice, Order, OrderTimes, Proposal};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;
use serde::{Deserialize, Serialize};

use super::store::Write;

/// Watches a run and passes on what the store keeps.
pub(super) struct Projector {
    sender: Sender<Write>,
    account: AccountId,
    orders: BTreeMap<ClientOrderId, Order>,
    proposals: BTreeMap<u64, Proposal>,
    equity: Vec<EquityPoint>,
    /// The record that was seen last.
    seen: u64,
    /// Up to here the store has everything.
    stored: Option<u64>,
}

/// Orders and proposals that are not at their end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectorState {
    orders: Vec<Order>,
    proposals: Vec<Proposal>,
}

/// How long a checkpoint waits for the store.
const PATIENCE: Duration = Duration::from_secs(60);

impl Projector {
    /// A projector into a store that has everything up to a record.
    pub(super) fn new(sender: Sender<Write>, account: AccountId, stored: Option<u64>) -> Self {
        let (orders, proposals, equity) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { sender, account, orders, proposals, equity, seen: 0, stored }
    }

    /// The state for a checkpoint, once the store has everything before it; `None` if the store has ended.
    pub(super) fn save(&mut self) -> Option<ProjectorState> {
        self.flush();
        let (done, wait) = sync_channel(1);
        self.sender.send(Write::UpTo(self.seen, done)).ok()?;
        wait.recv_timeout(PATIENCE).ok()?;
        let (orders, proposals) = (self.orders.values().cloned(), self.proposals.values().cloned());
        Some(ProjectorState { orders: orders.collect(), proposals: proposals.collect() })
    }

    pub(super) fn restore(&mut self, saved: ProjectorState) {
        self.orders =
            saved.orders.into_iter().map(|order| (order.request().client_order_id, order)).collect();
        self.proposals = saved.proposals.into_iter().map(|proposal| (proposal.id, proposal)).collect();
    }

    pub(super) fn send(&self, write: Write) {
        // The store's thread reports its own failure at the end of the run.
        let _ = self.sender.send(write);
    }

    /// Passes on what the store does not have.
    fn pass_on(&self, write: Write) {
        if self.is_new() {
            self.send(write);
        }
    }

    fn is_new(&self) -> bool {
        Some(self.seen) > self.stored
    }

    /// Sends the marks that are still waiting.
    pub(super) fn flush(&mut self) {
        if !self.equity.is_empty() {
            let points = std::mem::take(&mut self.equity);
            self.send(Write::Equity(points));
        }
    }

    fn order_changed(&mut self, id: ClientOrderId) {
        let Some(order) = self.orders.get(&id) else { return };
        self.pass_on(Write::Orders(vec![order.clone()]));
        if order.status().is_terminal() {
            self.orders.remove(&id);
        }
    }
}

impl Observer for Projector {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
        self.seen = record.seq;
        match &record.event {
            Event::OrderReport(report) => {
                let Some(id) = report.client_order_id else { return };
                if let Some(order) = self.orders.get_mut(&id) {
                    // The engine raises an alert where a report contradicts its order.
                    let _ = order.apply_report(report, record.receive_time);
                }
                self.order_changed(id);
            }
            Event::Fill(fill) => {
                if let Some(id) = fill.client_order_id {
                    if let Some(order) = self.orders.get_mut(&id) {
                        let _ = order.apply_fill(fill, record.receive_time);
                    }
                    self.order_changed(id);
                }
                let account = engine.state().account(&fill.account);
                let positions = account.map(|account| account.portfolio.open_positions().cloned().collect());
                let (account, positions) = (fill.account.clone(), positions.unwrap_or_default());
                self.pass_on(Write::Fill(record.seq, Box::new(fill.clone()), account, positions));
            }
            Event::Decision(outcome) => {
                let (seq, time, outcome) = (record.seq, record.receive_time, (**outcome).clone());
                self.pass_on(Write::Decision(Box::new(StoredDecision { seq, time, outcome })));
            }
            Event::Candles(_) if self.is_new() => {
                if let Some(equity) = engine.equity(&self.account) {
                    let (time, account) = (record.receive_time, self.account.clone());
                    self.equity.push(EquityPoint { time, account, equity });
                }
                if self.equity.len() >= 1_000 {
                    self.flush();
                }
            }
            _ => {}
        }
    }

    fn on_command(&mut self, seq: u64, command: &Command, engine: &Engine) {
        self.seen = seq;
        match command {
            Command::Submit(group) => {
                let now = engine.state().now;
                let times = OrderTimes {
                    decided: now,
                    approved: now,
                    submitted: now,
                    acknowledged: None,
                    filled: None,
                };
                for request in group.get().orders() {
                    self.orders.insert(request.client_order_id, Order::new(request.clone(), times));
                    self.order_changed(request.client_order_id);
                }
            }
            Command::Publish(Notice::Proposed(proposal)) => {
                self.proposals.insert(proposal.id, proposal.clone());
                self.pass_on(Write::Proposal(Box::new(proposal.clone()), None));
            }
            Command::Publish(Notice::ProposalEnded { id, outcome }) => {
                if let Some(proposal) = self.proposals.remove(id) {
                    self.pass_on(Write::Proposal(Box::new(proposal), Some(outcome.to_string())));
                }
            }
            _ => {}
        }
    }
}
