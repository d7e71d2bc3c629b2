//! Everything in memory: for tests, and for backtests whose results are not kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use qtp_core::port::{
    CandleStore, Checkpoint, DecisionStore, EquityPoint, EquityStore, Journal, JournalRecord, StoredDecision,
    TradeStore,
};
use qtp_core::{
    AccountId, Candle, CandleQuery, ClientOrderId, Fill, InstrumentId, Notional, Order, Position, Proposal,
    StoreError, Timeframe, Timestamp, TradeId,
};

use crate::chain::{Chain, Hash};
use crate::codec::StoredRecord;
use crate::error::no_record;
use crate::keys::order_key;

/// A store that ends with this value. Its journal is kept in the stored form, hash chain and all, so that what
/// passes here passes in a database.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use qtp_core::port::Journal as _;
/// let store = qtp_store::MemoryStore::new();
/// assert_eq!(store.last_seq().await?, None);
/// # Ok::<(), qtp_core::StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

type FillKey = (AccountId, InstrumentId, TradeId, String);

#[derive(Debug, Default)]
struct Inner {
    journal: Vec<Entry>,
    chain: Chain,
    /// Newest first, at most two: hash of the record, number, state.
    checkpoints: Vec<(Hash, Checkpoint)>,
    candles: BTreeMap<(InstrumentId, Timeframe), BTreeMap<Timestamp, Candle>>,
    orders: BTreeMap<ClientOrderId, Order>,
    fills: BTreeMap<FillKey, (u64, Fill)>,
    positions: BTreeMap<AccountId, Vec<Position>>,
    decisions: BTreeMap<u64, StoredDecision>,
    proposals: BTreeMap<u64, (Proposal, Option<String>)>,
    equity: BTreeMap<AccountId, BTreeMap<Timestamp, Notional>>,
}

/// A record, and the chain before it.
#[derive(Debug)]
struct Entry {
    before: Chain,
    stored: StoredRecord,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// No call leaves the maps half-changed, so a panic elsewhere does not spoil them.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryStore {
    async fn append(&self, records: &[JournalRecord]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let mut chain = inner.chain;
        let sealed = records.iter().map(|record| {
            let before = chain;
            chain.seal(record).map(|stored| Entry { before, stored })
        });
        let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
        inner.journal.extend(sealed);
        inner.chain = chain;
        Ok(())
    }

    async fn read(&self, from: u64, limit: usize) -> Result<Vec<JournalRecord>, StoreError> {
        let inner = self.inner();
        let start = inner.journal.partition_point(|entry| entry.stored.seq < from);
        let mut chain = inner.journal.get(start).map_or(inner.chain, |entry| entry.before);
        inner.journal.iter().skip(start).take(limit).map(|entry| chain.open(&entry.stored)).collect()
    }

    async fn last_seq(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.inner().chain.last_seq())
    }

    async fn put_checkpoint(&self, seq: u64, state: &str) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let place = inner.journal.binary_search_by_key(&seq, |entry| entry.stored.seq);
        let record = place.ok().and_then(|place| inner.journal.get(place)).ok_or_else(|| no_record(seq))?;
        let entry = (record.stored.hash, Checkpoint { seq, state: state.to_owned() });
        inner.checkpoints.retain(|(_, kept)| kept.seq != seq);
        inner.checkpoints.push(entry);
        inner.checkpoints.sort_unstable_by_key(|(_, kept)| std::cmp::Reverse(kept.seq));
        inner.checkpoints.truncate(2);
        Ok(())
    }

    async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        let inner = self.inner();
        let fits = |(hash, checkpoint): &&(Hash, Checkpoint)| {
            let place = inner.journal.binary_search_by_key(&checkpoint.seq, |entry| entry.stored.seq);
            place.ok().and_then(|place| inner.journal.get(place)).is_some_and(|e| e.stored.hash == *hash)
        };
        Ok(inner.checkpoints.iter().filter(fits).map(|(_, checkpoint)| checkpoint.clone()).collect())
    }
}

#[async_trait]
impl CandleStore for MemoryStore {
    async fn put_candles(&self, candles: &[Candle]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        for run in candles.chunk_by(|a, b| a.timeframe() == b.timeframe() && a.instrument() == b.instrument())
        {
            let Some(first) = run.first() else { continue };
            let series = inner.candles.entry((first.instrument().clone(), first.timeframe())).or_default();
            series.extend(run.iter().map(|candle| (candle.open_time(), candle.clone())));
        }
        Ok(())
    }

    async fn get_candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, StoreError> {
        let inner = self.inner();
        let Some(series) = inner.candles.get(&(query.instrument.clone(), query.timeframe)) else {
            return Ok(Vec::new());
        };
        // An empty or backward range is no range of a map.
        if query.start >= query.end {
            return Ok(Vec::new());
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut latest: Vec<_> = series
            .range(query.start..query.end)
            .rev()
            .take(limit)
            .map(|(_, candle)| candle.clone())
            .collect();
        latest.reverse();
        Ok(latest)
    }
}

#[async_trait]
impl TradeStore for MemoryStore {
    async fn put_orders(&self, orders: &[Order]) -> Result<(), StoreError> {
        let entries = orders.iter().map(|order| (order.request().client_order_id, order.clone()));
        self.inner().orders.extend(entries);
        Ok(())
    }

    async fn orders(&self) -> Result<Vec<Order>, StoreError> {
        Ok(self.inner().orders.values().cloned().collect())
    }

    async fn put_fills(&self, fills: &[(u64, Fill)]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        for (seq, fill) in fills {
            let key = (fill.account.clone(), fill.instrument.clone(), fill.trade_id.clone(), order_key(fill));
            inner.fills.entry(key).or_insert_with(|| (*seq, fill.clone()));
        }
        Ok(())
    }

    async fn fills(&self) -> Result<Vec<(u64, Fill)>, StoreError> {
        let mut fills: Vec<_> = self.inner().fills.values().cloned().collect();
        fills.sort_by_key(|(seq, _)| *seq);
        Ok(fills)
    }

    async fn put_positions(&self, account: &AccountId, positions: &[Position]) -> Result<(), StoreError> {
        let by_instrument: BTreeMap<_, _> =
            positions.iter().map(|position| (position.instrument(), position.clone())).collect();
        self.inner().positions.insert(account.clone(), by_instrument.into_values().collect());
        Ok(())
    }

    async fn positions(&self, account: &AccountId) -> Result<Vec<Position>, StoreError> {
        Ok(self.inner().positions.get(account).cloned().unwrap_or_default())
    }
}

#[async_trait]
impl DecisionStore for MemoryStore {
    async fn put_decisions(&self, decisions: &[StoredDecision]) -> Result<(), StoreError> {
        self.inner().decisions.extend(decisions.iter().map(|decision| (decision.seq, decision.clone())));
        Ok(())
    }

    async fn decisions(&self) -> Result<Vec<StoredDecision>, StoreError> {
        Ok(self.inner().decisions.values().cloned().collect())
    }

    async fn put_proposal(&self, proposal: &Proposal, outcome: Option<&str>) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let known = inner.proposals.get(&proposal.id).and_then(|(_, outcome)| outcome.clone());
        let outcome = outcome.map(str::to_owned).or(known);
        inner.proposals.insert(proposal.id, (proposal.clone(), outcome));
        Ok(())
    }

    async fn proposals(&self) -> Result<Vec<(Proposal, Option<String>)>, StoreError> {
        Ok(self.inner().proposals.values().cloned().collect())
    }
}

#[async_trait]
impl EquityStore for MemoryStore {
    async fn put_equity(&self, points: &[EquityPoint]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        for point in points {
            inner.equity.entry(point.account.clone()).or_default().insert(point.time, point.equity);
        }
        Ok(())
    }

    async fn equity(&self, account: &AccountId) -> Result<Vec<EquityPoint>, StoreError> {
        let inner = self.inner();
        let curve = inner.equity.get(account).into_iter().flatten();
        Ok(curve
            .map(|(time, equity)| EquityPoint { time: *time, account: account.clone(), equity: *equity })
            .collect())
    }
}
