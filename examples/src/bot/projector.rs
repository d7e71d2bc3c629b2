//! Facts into the SQLite store, on a thread of its own: nothing waits for it but the end of the run.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use qtp_core::port::{
    DecisionStore as _, EquityPoint, EquityStore as _, Journal as _, JournalRecord, StoredDecision,
    TradeStore as _,
};
use qtp_core::{
    AccountId, ClientOrderId, Command, Event, EventRecord, Fill, Notice, Order, OrderTimes, Position,
    Proposal, StoreError,
};
use qtp_engine::Engine;
use qtp_engine::driver::Observer;
use qtp_store::SqliteStore;

use crate::exit::Failure;

/// One thing to store.
pub(super) enum Write {
    /// Journal records, safe in the file.
    Records(Vec<JournalRecord>),
    /// Orders that changed.
    Orders(Vec<Order>),
    /// A fill and the positions after it.
    Fill(u64, Box<Fill>, AccountId, Vec<Position>),
    /// A decision.
    Decision(Box<StoredDecision>),
    /// A proposal and how it ended.
    Proposal(Box<Proposal>, Option<String>),
    /// Marks of the equity.
    Equity(Vec<EquityPoint>),
    /// A named value.
    Meta(String, String),
}

impl Write {
    /// The record that must be journaled first.
    const fn record(&self) -> Option<u64> {
        match self {
            Self::Fill(seq, ..) => Some(*seq),
            Self::Decision(decision) => Some(decision.seq),
            _ => None,
        }
    }
}

/// The thread that writes.
pub(super) struct StoreThread {
    sender: Option<Sender<Write>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
}

impl StoreThread {
    /// Opens the store, brings it up to the journal file and starts the thread.
    pub(super) fn start(path: &Path, journal: &Path) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = runtime.block_on(SqliteStore::open(path))?;
        let end = runtime.block_on(catch_up(&store, journal))?;
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || runtime.block_on(write_all(&store, &receiver, end)))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(super) fn sender(&self) -> Option<Sender<Write>> {
        self.sender.clone()
    }

    /// Waits until everything is stored. All other senders must be gone.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        drop(self.sender.take());
        let Some(thread) = self.thread.take() else { return Ok(()) };
        match thread.join() {
            Ok(result) => Ok(result?),
            Err(_) => Err("the store's thread panicked".into()),
        }
    }
}

/// Copies what a crash kept from the store. Returns the last record that both have.
async fn catch_up(store: &SqliteStore, journal: &Path) -> Result<Option<u64>, Failure> {
    let last = store.last_seq().await?;
    let (mut end, mut batch) = (None, Vec::new());
    for record in qtp_store::FileJournal::read(journal)? {
        let record = record?;
        end = Some(record.seq());
        if last < end {
            batch.push(record);
        }
        if batch.len() == 1_000 {
            store.append(&batch).await?;
            batch.clear();
        }
    }
    if !batch.is_empty() {
        store.append(&batch).await?;
    }
    Ok(end)
}

/// Writes until all senders are gone. A fill or decision waits for its record: a crash may lose a record that
/// was not synced, and its number then goes to another.
async fn write_all(
    store: &SqliteStore,
    receiver: &Receiver<Write>,
    mut end: Option<u64>,
) -> Result<(), StoreError> {
    let mut waiting = VecDeque::new();
    while let Ok(first) = receiver.recv() {
        // One transaction for the records that wait.
        let (mut records, mut next) = (Vec::new(), Some(first));
        while let Some(write) = next.take() {
            match write {
                Write::Records(more) => records.extend(more),
                other => waiting.push_back(other),
            }
            if records.len() < 2_000 {
                next = receiver.try_recv().ok();
            }
        }
        end = records.last().map(JournalRecord::seq).or(end);
        if !records.is_empty() {
            store.append(&records).await?;
        }
        while waiting.front().is_some_and(|write: &Write| write.record() <= end) {
            if let Some(write) = waiting.pop_front() {
                write_one(store, write).await?;
            }
        }
    }
    for write in waiting {
        write_one(store, write).await?;
    }
    Ok(())
}

async fn write_one(store: &SqliteStore, write: Write) -> Result<(), StoreError> {
    match write {
        Write::Records(records) => store.append(&records).await,
        Write::Orders(orders) => store.put_orders(&orders).await,
        Write::Fill(seq, fill, account, positions) => {
            store.put_fills(&[(seq, *fill)]).await?;
            store.put_positions(&account, &positions).await
        }
        Write::Decision(decision) => store.put_decisions(&[*decision]).await,
        Write::Proposal(proposal, outcome) => store.put_proposal(&proposal, outcome.as_deref()).await,
        Write::Equity(points) => store.put_equity(&points).await,
        Write::Meta(key, value) => store.put_meta(&key, &value).await,
    }
}

/// Watches a run and passes on what the store keeps.
pub(super) struct Projector {
    sender: Sender<Write>,
    account: AccountId,
    orders: BTreeMap<ClientOrderId, Order>,
    proposals: BTreeMap<u64, Proposal>,
    equity: Vec<EquityPoint>,
}

impl Projector {
    pub(super) const fn new(sender: Sender<Write>, account: AccountId) -> Self {
        Self { sender, account, orders: BTreeMap::new(), proposals: BTreeMap::new(), equity: Vec::new() }
    }

    pub(super) fn send(&self, write: Write) {
        // The store's thread reports its own failure at the end of the run.
        let _ = self.sender.send(write);
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
        self.send(Write::Orders(vec![order.clone()]));
        if order.status().is_terminal() {
            self.orders.remove(&id);
        }
    }
}

impl Observer for Projector {
    fn on_event(&mut self, record: &EventRecord, engine: &Engine) {
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
                self.send(Write::Fill(record.seq, Box::new(fill.clone()), account, positions));
            }
            Event::Decision(outcome) => {
                let (seq, time, outcome) = (record.seq, record.receive_time, (**outcome).clone());
                self.send(Write::Decision(Box::new(StoredDecision { seq, time, outcome })));
            }
            Event::Candles(_) => {
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

    fn on_command(&mut self, _seq: u64, command: &Command, engine: &Engine) {
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
                self.send(Write::Proposal(Box::new(proposal.clone()), None));
            }
            Command::Publish(Notice::ProposalEnded { id, outcome }) => {
                if let Some(proposal) = self.proposals.remove(id) {
                    self.send(Write::Proposal(Box::new(proposal), Some(outcome.to_string())));
                }
            }
            _ => {}
        }
    }
}
