//! Everything that an engine can learn.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::{AccountKind, FundingPayment};
use crate::decision::DecisionOutcome;
use crate::id::{AccountId, ClientOrderId, InstrumentId, RunId};
use crate::instrument::InstrumentStatus;
use crate::market::{
    Candle, FundingRate, Gap, MarkPrice, MarketTopic, OpenInterest, OrderBook, Quote, Trade,
};
use crate::money::{Amount, Quantity};
use crate::order::{Fill, OrderReport};
use crate::time::Timestamp;

/// Version of the stored form of events and commands. Kinds and fields are only added.
pub const SCHEMA_VERSION: u32 = 1;

/// Why something was refused or ended: a stable code to branch on, and words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Stable short code.
    pub code: String,
    /// Words.
    pub message: String,
}

impl Reason {
    /// A reason. Reasons are given where something is out of the ordinary: what builds them is kept off the hot path.
    #[cold]
    #[inline(never)]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            f.write_str(&self.code)
        } else {
            write!(f, "{}: {}", self.code, self.message)
        }
    }
}

/// One fact on its way into the engine. "Now" is the receive time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Place in the journal's sequence.
    pub seq: u64,
    /// The venue's time.
    pub event_time: Timestamp,
    /// Our time: never decreases from record to record.
    pub receive_time: Timestamp,
    /// The fact.
    pub event: Event,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Record 0 of every journal.
    RunStarted(Box<RunStarted>),
    /// A run goes on after a stop or crash.
    RunResumed(RunResumed),
    /// Candles that a backtest reads from a file instead of journaling each.
    DataRef(DataRef),
    /// All candles that closed at one instant, ordered by timeframe, then instrument.
    Candles(CandleBatch),
    /// The venue corrected a closed candle. Stored and counted, never re-run.
    CandleRevised(Candle),
    /// A print on the tape.
    Trade(Trade),
    /// Best bid and ask.
    Quote(Quote),
    /// Order book.
    Book(OrderBook),
    /// Mark price.
    Mark(MarkPrice),
    /// Funding rate.
    FundingRate(FundingRate),
    /// Open interest.
    OpenInterest(OpenInterest),
    /// Data is missing.
    Gap(Gap),
    /// An instrument opened or closed for orders.
    InstrumentStatus {
        /// Instrument.
        instrument: InstrumentId,
        /// New status.
        status: InstrumentStatus,
    },
    /// The venue says something about an order.
    OrderReport(OrderReport),
    /// The answer to a submit was lost.
    OutcomeUnknown {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its account.
        account: AccountId,
    },
    /// A look-up after the order's validity found it nowhere.
    OrderAbsent {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its account.
        account: AccountId,
    },
    /// An execution on our account, our own or external.
    Fill(Fill),
    /// Funding was paid.
    Funding(FundingPayment),
    /// A deposit (above zero) or withdrawal.
    CashFlow {
        /// Account.
        account: AccountId,
        /// How much.
        amount: Amount,
    },
    /// The venue's position differs from ours in two snapshots, and no fill explains it.
    PositionAdjustment {
        /// Account.
        account: AccountId,
        /// Instrument.
        instrument: InstrumentId,
        /// The venue's net quantity.
        quantity: Quantity,
    },
    /// The answer to a decision request.
    Decision(Box<DecisionOutcome>),
    /// A timer that was asked for.
    Timer(TimerId),
    /// An operator acted.
    Operator(OperatorAction),
    /// The connection to a venue or its data changed. Without a topic it is about accounts: until one is healthy
    /// again, nothing may add risk there.
    Connection {
        /// Which account; all of them without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Which stream of market data.
        topic: Option<MarketTopic>,
        /// True if it is up and in sync.
        healthy: bool,
        /// Why.
        reason: Reason,
    },
    /// The run ends in good order.
    Stopped(Reason),
}

impl Event {
    /// The kind as it stands in the journal.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run_started",
            Self::RunResumed(_) => "run_resumed",
            Self::DataRef(_) => "data_ref",
            Self::Candles(_) => "candles",
            Self::CandleRevised(_) => "candle_revised",
            Self::Trade(_) => "trade",
            Self::Quote(_) => "quote",
            Self::Book(_) => "book",
            Self::Mark(_) => "mark",
            Self::FundingRate(_) => "funding_rate",
            Self::OpenInterest(_) => "open_interest",
            Self::Gap(_) => "gap",
            Self::InstrumentStatus { .. } => "instrument_status",
            Self::OrderReport(_) => "order_report",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::OrderAbsent { .. } => "order_absent",
            Self::Fill(_) => "fill",
            Self::Funding(_) => "funding",
            Self::CashFlow { .. } => "cash_flow",
            Self::PositionAdjustment { .. } => "position_adjustment",
            Self::Decision(_) => "decision",
            Self::Timer(_) => "timer",
            Self::Operator(_) => "operator",
            Self::Connection { .. } => "connection",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Record 0: what is needed to build the same engine again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// Version of the program.
    pub version: String,
    /// Run id.
    pub run_id: RunId,
    /// Seed of everything random.
    pub seed: u64,
    /// The whole configuration, without secrets.
    pub configuration: serde_json::Value,
    /// Opening balances.
    pub accounts: BTreeMap<AccountId, OpeningBalance>,
}

/// What an account starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningBalance {
    /// Kind.
    pub kind: AccountKind,
    /// Cash, in the reporting currency.
    pub cash: Amount,
}

/// A restart of the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResumed {
    /// Version of the program.
    pub version: String,
    /// Last record that was found.
    pub last_seq: u64,
}

/// A candle file that stands for its candle records: the gaps in the sequence are its rows, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRef {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Where the file was.
    pub path: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// How many candles it holds.
    pub rows: u64,
}

/// All candles that closed at one instant.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandleBatch {
    /// Ordered by timeframe, then instrument.
    pub candles: Vec<Candle>,
    /// Topics that should have had a candle but did not before the grace ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MarketTopic>,
    /// True for back-filled history: it updates state, and commands made then are discarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warmup: bool,
}

/// A timer of a strategy or of the engine itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerId {
    /// Number of the strategy within its engine; `u16::MAX` for the engine itself.
    pub owner: u16,
    /// Chosen by the owner.
    pub id: u64,
    /// When it was asked to fire.
    pub at: Timestamp,
}

/// What an operator can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorAction {
    /// Let a proposal go on to the risk gate.
    Approve(u64),
    /// Drop a proposal.
    Reject(u64),
    /// Close one position.
    Close(InstrumentId),
    /// Close all positions and cancel all orders.
    Flatten,
    /// Stop new risk; exits stay allowed.
    Halt,
    /// As `Halt`, by a watchdog of the operator, which says why.
    HaltFor(Reason),
    /// End a halt.
    Resume,
}
