//! What is kept beside the journal, for people and reports.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Journal;
use crate::account::Position;
use crate::command::Proposal;
use crate::decision::DecisionOutcome;
use crate::error::StoreError;
use crate::id::AccountId;
use crate::market::{Candle, CandleQuery};
use crate::money::Notional;
use crate::order::{Fill, Order};
use crate::time::Timestamp;

/// Candles.
///
/// # Contract
/// `put_candles` replaces a candle of the same instrument, timeframe and open time, all or none;
/// `get_candles` gives back exactly the decimals that were put.
#[async_trait]
pub trait CandleStore: Send + Sync {
    /// Stores candles, in any order.
    async fn put_candles(&self, candles: &[Candle]) -> Result<(), StoreError>;

    /// Reads candles, ascending.
    async fn get_candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, StoreError>;
}

/// Orders, fills, positions.
///
/// # Contract
/// Every put is idempotent: orders by client order id, fills by (account, instrument, trade id, order).
#[async_trait]
pub trait TradeStore: Send + Sync {
    /// Stores the present state of orders.
    async fn put_orders(&self, orders: &[Order]) -> Result<(), StoreError>;

    /// All orders, by client order id.
    async fn orders(&self) -> Result<Vec<Order>, StoreError>;

    /// Stores fills; `seq` is that of the journal record.
    async fn put_fills(&self, fills: &[(u64, Fill)]) -> Result<(), StoreError>;

    /// All fills, by journal sequence.
    async fn fills(&self) -> Result<Vec<(u64, Fill)>, StoreError>;

    /// Stores the present positions of an account.
    async fn put_positions(&self, account: &AccountId, positions: &[Position]) -> Result<(), StoreError>;

    /// Present positions of an account.
    async fn positions(&self, account: &AccountId) -> Result<Vec<Position>, StoreError>;
}

/// One decision with everything behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredDecision {
    /// Journal sequence of the answer.
    pub seq: u64,
    /// When it reached the engine.
    pub time: Timestamp,
    /// The answer, with prompt and reasoning.
    pub outcome: DecisionOutcome,
}

/// Decisions and proposals.
///
/// # Contract
/// Every put is idempotent: decisions by sequence, proposals by id.
#[async_trait]
pub trait DecisionStore: Send + Sync {
    /// Stores decisions.
    async fn put_decisions(&self, decisions: &[StoredDecision]) -> Result<(), StoreError>;

    /// All decisions, by sequence.
    async fn decisions(&self) -> Result<Vec<StoredDecision>, StoreError>;

    /// Stores a proposal and how it ended, once it has.
    async fn put_proposal(&self, proposal: &Proposal, outcome: Option<&str>) -> Result<(), StoreError>;

    /// All proposals with their outcome, by id.
    async fn proposals(&self) -> Result<Vec<(Proposal, Option<String>)>, StoreError>;
}

/// Equity of an account at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// Instant.
    pub time: Timestamp,
    /// Account.
    pub account: AccountId,
    /// Equity in the reporting currency.
    pub equity: Notional,
}

/// The equity curve.
///
/// # Contract
/// A put replaces the point of the same account and instant.
#[async_trait]
pub trait EquityStore: Send + Sync {
    /// Stores points.
    async fn put_equity(&self, points: &[EquityPoint]) -> Result<(), StoreError>;

    /// The curve of an account, ascending.
    async fn equity(&self, account: &AccountId) -> Result<Vec<EquityPoint>, StoreError>;
}

/// All stores in one. Implement the parts; this comes by itself.
pub trait Store: Journal + CandleStore + TradeStore + DecisionStore + EquityStore {}

impl<T: Journal + CandleStore + TradeStore + DecisionStore + EquityStore + ?Sized> Store for T {}
