#![doc = include_str!("../README.md")]

pub mod account;
mod command;
mod context;
mod decision;
mod error;
mod event;
mod exit_plan;
mod expression;
mod id;
mod instrument;
mod interned;
pub mod market;
pub mod money;
mod nearest;
pub mod order;
pub mod port;
pub mod risk;
pub mod serde_decimal;
pub mod serde_text;
mod signal;
mod state;
mod strategy_file;
mod time;

/// A map that is kept as a sorted vector: an account has a handful of entries, and finding one is on the way of every
/// order.
pub use litemap::LiteMap as SortedMap;

pub use account::{AccountKind, FundingPayment, PnlSplit, Portfolio, Position, PositionChange};
pub use command::{Command, CommandRecord, Intent, Notice, Proposal};
pub use context::{Context, NextOrder};
pub use decision::{
    AssetView, Decision, DecisionAction, DecisionAnswer, DecisionOutcome, DecisionRequest, DecisionResult,
    ModelCall, Performance, Spoken, TokenUsage, TradeDecision,
};
pub use error::{DecisionError, ExchangeError, Source, StoreError, StrategyError, ValueError};
pub use event::{
    CandleBatch, DataRef, Event, EventRecord, OpeningBalance, OperatorAction, Reason, RunResumed, RunStarted,
    SCHEMA_VERSION, TimerId,
};
pub use exit_plan::{EntryThesis, ExitPlan, MAX_INVALIDATIONS};
pub use expression::{
    DocumentProblem, Expression, ExpressionKind, MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_NAME,
    MAX_EXPRESSION_PARTS, MAX_PREVIOUS, Operation,
};
pub use id::{AccountId, ClientOrderId, InstrumentId, RunId, StrategyId, TradeId, Venue, VenueOrderId};
pub use instrument::{Illegal, Instrument, InstrumentKind, InstrumentStatus, MarginTier, VenueCapabilities};
pub use market::{
    Adjustment, BookLevel, Candle, CandleParts, CandleQuery, CandleSeries, FundingRate, Gap,
    InstrumentMarket, MarkPrice, MarketState, MarketTopic, Ohlcv, OpenInterest, OrderBook, Quote, Trade,
};
pub use money::{Amount, Currency, Decimal, Notional, Price, PriceRule, Quantity, Ratio, Rounding, SizeRule};
pub use nearest::nearest;
pub use order::{
    CancelRequest, ExternalCause, Fill, IllegalTransition, LeverageRequest, Liquidity, ModifyRequest, Order,
    OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, OrderSizing, OrderStatus, OrderTimes, Side,
    TimeInForce, TrailingOffset, Trigger, TriggerSource,
};
pub use risk::{
    Approved, Denied, Review, RiskContext, RiskGate, RiskReason, RiskRule, RiskState, TradeOutcome, Verdict,
};
pub use signal::{Bracket, DecidedAt, OrderDraft, Signal, StateBlob, StrategyOutput, Target, Warmup};
pub use state::{AccountState, ActiveTarget, TradingState};
pub use strategy_file::{
    Entry, Exit, Filters, Hours, Level, PositionSize, STRATEGY_FILE_VERSION, StrategyFile, StrategyFileError,
    Weekday, Within,
};
pub use time::{Timeframe, Timestamp};
