//! What a decision engine is asked, and what it answers. The model proposes; code computes the size.

mod call;

use serde::{Deserialize, Serialize};

use crate::account::PnlSplit;
use crate::event::Reason;
use crate::exit_plan::{EntryThesis, ExitPlan};
use crate::id::{AccountId, InstrumentId, StrategyId};
use crate::market::{Candle, OpenInterest, OrderBook};
use crate::money::{Notional, Price, Quantity, Ratio};
use crate::risk::TradeOutcome;
use crate::time::{Timeframe, Timestamp};

pub use call::{DecisionAnswer, ModelCall, Spoken, TokenUsage};

/// A question, with everything that may be used to answer it: an owned picture as of one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionRequest {
    /// Number of the request within its run.
    pub id: u64,
    /// Who asks.
    pub strategy: StrategyId,
    /// Number of the strategy within its engine.
    pub owner: u16,
    /// Account.
    pub account: AccountId,
    /// Last record that the picture contains.
    pub snapshot_seq: u64,
    /// The instant of the picture: nothing in it is later.
    pub as_of: Timestamp,
    /// Equity in the reporting currency.
    pub equity: Option<Notional>,
    /// How the account did so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
    /// One entry an asset.
    pub assets: Vec<AssetView>,
    /// A halt is in force: only exits can be carried out.
    pub halted: bool,
}

/// How an account did, in the reporting currency and without cash flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// Since its beginning, open positions included.
    pub profit: PnlSplit,
    /// Since the day's beginning.
    pub today: Option<Notional>,
    /// Round trips lost in a row, up to now.
    pub losses_in_row: u32,
}

impl DecisionRequest {
    /// One asset.
    pub fn asset(&self, instrument: &InstrumentId) -> Option<&AssetView> {
        self.assets.iter().find(|asset| asset.instrument == *instrument)
    }
}

/// One asset in the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetView {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Mark, else last price.
    pub price: Price,
    /// Net position.
    pub position: Quantity,
    /// Average entry of the position.
    pub entry: Option<Price>,
    /// Stop that protects the position.
    pub stop: Option<Price>,
    /// Profit target of the position.
    pub target: Option<Price>,
    /// Open profit before exit costs.
    pub unrealized: Option<Notional>,
    /// Orders that would change the position, signed sum.
    pub working: Quantity,
    /// Last funding rate.
    pub funding: Option<Ratio>,
    /// Last open interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_interest: Option<OpenInterest>,
    /// How the last round trip ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_trade: Option<TradeOutcome>,
    /// Why the position was opened and when it is to be left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thesis: Option<Box<EntryThesis>>,
    /// Last order book. Not journaled: the books are there already.
    #[serde(skip)]
    pub book: Option<OrderBook>,
    /// Closed candles by timeframe, oldest first. Not journaled: the candles are there already.
    #[serde(skip)]
    pub candles: Vec<(Timeframe, Vec<Candle>)>,
}

impl AssetView {
    /// Closed candles of a timeframe, oldest first; empty if there are none.
    pub fn candles(&self, timeframe: Timeframe) -> &[Candle] {
        self.candles.iter().find(|(t, _)| *t == timeframe).map_or(&[], |(_, candles)| candles)
    }
}

/// What a model wants done with an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionAction {
    /// Be long; closes or flips a short.
    Buy,
    /// Be short; closes or flips a long.
    Sell,
    /// Be flat.
    Close,
    /// Halve the position.
    Reduce,
    /// Change nothing, but exits may tighten.
    Hold,
}

/// Advice on one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeDecision {
    /// Instrument.
    pub instrument: InstrumentId,
    /// What to do.
    pub action: DecisionAction,
    /// From 0 to 1.
    pub conviction: Ratio,
    /// Cap on the notional, never the size.
    pub allocation: Option<Notional>,
    /// Stop price.
    pub stop: Option<Price>,
    /// Target price.
    pub target: Option<Price>,
    /// When to leave, in words.
    pub exit_plan: String,
    /// When to leave, as rules that code follows at every closed candle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<ExitPlan>,
    /// Why.
    pub rationale: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Name of the engine that answered.
    pub engine: String,
    /// Model, where there is one.
    pub model: Option<String>,
    /// How it came to its advice.
    pub reasoning: String,
    /// The prompt that was sent, where there was one.
    pub prompt: Option<String>,
    /// At most one entry an asset.
    pub trades: Vec<TradeDecision>,
}

/// An answer, or why there is none: then the engine holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionResult {
    /// An answer.
    Decided(Decision),
    /// No answer; hold.
    Hold(Reason),
}

/// An answer on its way into the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionOutcome {
    /// The request.
    pub request: u64,
    /// Who asked: number of the strategy within its engine.
    pub owner: u16,
    /// Account.
    pub account: AccountId,
    /// Last record that the answer could know of.
    pub snapshot_seq: u64,
    /// The instant of that record.
    pub as_of: Timestamp,
    /// The answer.
    pub result: DecisionResult,
    /// Calls of models that led to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ModelCall>,
    /// What checks found on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Reason>,
}
