//! The SQLite store, on a thread of its own: nothing waits for it but a checkpoint and the end of the run.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::JoinHandle;

use qtp_core::port::{
    DecisionStore as _, EquityPoint, EquityStore as _, Journal as _, JournalRecord, StoredDecision,
    TradeStore as _,
};
use qtp_core::{AccountId, Fill, Order, Position, Proposal, StoreError};
use qtp_store::{FolderJournal, SqliteStore};

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
    /// Everything up to this record has been passed on: say so when it is stored.
    UpTo(u64, SyncSender<()>),
}

impl Write {
    /// The record that must be journaled first.
    const fn record(&self) -> Option<u64> {
        match self {
            Self::Fill(seq, ..) => Some(*seq),
            Self::Decision(decision) => Some(decision.seq),
            Self::UpTo(seq, _) => Some(*seq),
            _ => None,
        }
    }
}

/// The thread that writes.
pub(super) struct StoreThread {
    sender: Option<Sender<Write>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
    /// Up to this record the store holds everything that a run passes on.
    stored: Option<u64>,
}

/// The name under which the store keeps it.
const STORED: &str = "stored_up_to";

impl StoreThread {
    /// Opens the store, brings it up to the journal, which ends at `end`, and starts the thread.
    pub(super) fn start(path: &Path, journal: &Path, end: Option<u64>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = runtime.block_on(SqliteStore::open(path))?;
        runtime.block_on(catch_up(&store, journal))?;
        let stored = runtime.block_on(store.meta(STORED))?.and_then(|seq| seq.parse().ok());
        // A store that is ahead of the journal knows records that are no more.
        let stored = stored.filter(|stored| Some(*stored) <= end);
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || runtime.block_on(write_all(&store, &receiver, end)))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), stored })
    }

    /// Up to which record nothing needs to be passed on again.
    pub(super) const fn stored(&self) -> Option<u64> {
        self.stored
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

/// Copies what a crash kept from the store.
async fn catch_up(store: &SqliteStore, journal: &Path) -> Result<(), Failure> {
    let from = store.last_seq().await?.map_or(0, |last| last + 1);
    let mut batch = Vec::new();
    for record in FolderJournal::read(journal, from)? {
        batch.push(record?);
        if batch.len() == 1_000 {
            store.append(&batch).await?;
            batch.clear();
        }
    }
    Ok(store.append(&batch).await?)
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
        Write::UpTo(seq, done) => {
            store.put_meta(STORED, &seq.to_string()).await?;
            // Who waited may have given up.
            let _ = done.send(());
            Ok(())
        }
    }
}
