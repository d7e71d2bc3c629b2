//! Traits that two crates must agree on, one file each.

mod as_of;
mod clock;
mod decision_engine;
mod exchange;
mod journal;
mod store;
mod strategy;
mod strategy_lab;
mod stream;

pub use as_of::{AsOf, AsOfView};
pub use clock::{Clock, SimClock, SystemClock};
pub use decision_engine::DecisionEngine;
pub use exchange::{AccountSnapshot, Exchange, Execution, Finding, MarketData, OrderAck, Severity};
pub use journal::{Checkpoint, Journal, JournalRecord, JournalWriter};
pub use store::{CandleStore, DecisionStore, EquityPoint, EquityStore, Store, StoredDecision, TradeStore};
pub use strategy::Strategy;
pub use strategy_lab::{LabError, LabResult, MarketResult, Sample, StrategyLab};
pub use stream::{AccountStream, EventStream, MarketStream, StreamSender};
