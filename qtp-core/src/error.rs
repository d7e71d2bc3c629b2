//! One error enum per port, and one for values that cannot be built.

use std::time::Duration;

use thiserror::Error;

use crate::id::{ClientOrderId, InstrumentId, StrategyId};

/// A boxed cause.
pub type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A value from outside that is not what its type promises.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The text is not the written form of the type.
    #[error("{what}: cannot read {text:?}: {expected}")]
    Parse {
        /// The type or field.
        what: &'static str,
        /// What was given, cut to 64 characters.
        text: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// The number lies outside the bounds of the type.
    #[error("{what}: {value} is out of range ({bound})")]
    OutOfRange {
        /// The type or field.
        what: &'static str,
        /// The number as text.
        value: String,
        /// The bound that it breaks.
        bound: &'static str,
    },
}

impl ValueError {
    /// A [`ValueError::Parse`] with the text cut to a bounded length.
    #[cold]
    #[inline(never)]
    pub fn parse(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self::Parse { what, text: text.chars().take(64).collect(), expected }
    }

    /// A [`ValueError::OutOfRange`].
    #[cold]
    #[inline(never)]
    pub fn range(what: &'static str, value: impl ToString, bound: &'static str) -> Self {
        Self::OutOfRange { what, value: value.to_string(), bound }
    }
}

/// What can go wrong between us and a venue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The network or the venue's front end failed; nothing is known to have happened.
    #[error("{operation}: transport failed")]
    Transport {
        /// The call.
        operation: &'static str,
        /// The cause.
        #[source]
        source: Source,
    },
    /// A read took longer than its limit.
    #[error("{operation}: no answer within {limit:?}")]
    Timeout {
        /// The call.
        operation: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The venue asks us to slow down.
    #[error("{operation}: rate limited")]
    RateLimited {
        /// The call.
        operation: &'static str,
        /// The venue's hint.
        retry_after: Option<Duration>,
    },
    /// Key, signature or permission was refused.
    #[error("{operation}: not authorised: {message}")]
    Auth {
        /// The call.
        operation: &'static str,
        /// The venue's words.
        message: String,
    },
    /// The venue refused the request; it had no effect.
    #[error("{operation}: rejected: {reason}")]
    Rejected {
        /// The call.
        operation: &'static str,
        /// Code and message of the venue.
        reason: crate::event::Reason,
    },
    /// The venue or this adapter cannot do what was asked.
    #[error("{operation}: unsupported: {what}")]
    Unsupported {
        /// The call.
        operation: &'static str,
        /// What is missing.
        what: String,
    },
    /// The instrument is not known to this exchange.
    #[error("{operation}: unknown instrument {instrument}")]
    UnknownInstrument {
        /// The call.
        operation: &'static str,
        /// The instrument.
        instrument: InstrumentId,
    },
    /// The answer could not be read.
    #[error("{operation}: cannot read {what}")]
    Decode {
        /// The call.
        operation: &'static str,
        /// The message or field.
        what: String,
        /// The cause.
        #[source]
        source: Source,
    },
    /// A submit whose effect nobody knows yet: look it up, never send it again.
    #[error("outcome of order {client_order_id} is unknown")]
    OutcomeUnknown {
        /// The order.
        client_order_id: ClientOrderId,
        /// The cause.
        #[source]
        source: Source,
    },
    /// The stream ended or its consumer went away.
    #[error("{operation}: stream closed")]
    Closed {
        /// The call.
        operation: &'static str,
    },
}

impl ExchangeError {
    /// True when the same read may be tried again. Never true for an unknown submit.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Timeout { .. } | Self::RateLimited { .. })
    }

    /// The venue's hint of when to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Why a decision engine gave no decision. The engine then holds.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecisionError {
    /// The model or its transport failed.
    #[error("decision engine {engine}: call failed")]
    Call {
        /// The engine's name.
        engine: String,
        /// True when another try may succeed.
        retryable: bool,
        /// The cause.
        #[source]
        source: Source,
    },
    /// No answer within the limit.
    #[error("decision engine {engine}: no answer within {limit:?}")]
    Timeout {
        /// The engine's name.
        engine: String,
        /// The limit.
        limit: Duration,
    },
    /// The provider asks us to slow down.
    #[error("decision engine {engine}: rate limited")]
    RateLimited {
        /// The engine's name.
        engine: String,
        /// The provider's hint.
        retry_after: Option<Duration>,
    },
    /// The answer broke the contract.
    #[error("decision engine {engine}: invalid output: {problem}")]
    Invalid {
        /// The engine's name.
        engine: String,
        /// What was wrong, with the field.
        problem: String,
    },
    /// A replay had no recorded answer for this request.
    #[error("decision engine {engine}: no recording for request {key}")]
    NotRecorded {
        /// The engine's name.
        engine: String,
        /// Key of the request.
        key: String,
    },
    /// A budget is used up.
    #[error("decision engine {engine}: budget used up: {budget}")]
    Budget {
        /// The engine's name.
        engine: String,
        /// Which budget.
        budget: String,
    },
}

impl DecisionError {
    /// True when another try may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Call { retryable, .. } => *retryable,
            Self::Timeout { .. } | Self::RateLimited { .. } => true,
            _ => false,
        }
    }

    /// The provider's hint of when to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Stable short code, for events and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Call { .. } => "call_failed",
            Self::Timeout { .. } => "timeout",
            Self::RateLimited { .. } => "rate_limited",
            Self::Invalid { .. } => "invalid_output",
            Self::NotRecorded { .. } => "not_recorded",
            Self::Budget { .. } => "budget",
        }
    }
}

/// What can go wrong in a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The back end failed.
    #[error("store: {operation} failed")]
    Backend {
        /// The call.
        operation: &'static str,
        /// True when another try may succeed (a lock, a lost connection).
        retryable: bool,
        /// The cause.
        #[source]
        source: Source,
    },
    /// A stored record is not what was written.
    #[error("journal record {seq} is damaged: {problem}")]
    Corrupt {
        /// Sequence number of the first damaged record.
        seq: u64,
        /// What does not fit.
        problem: String,
    },
    /// Records must be appended in sequence order.
    #[error("journal: got record {got}, the last one is {last}")]
    OutOfOrder {
        /// Sequence number that was offered.
        got: u64,
        /// Last sequence number stored.
        last: u64,
    },
    /// Written by a version that this one cannot read.
    #[error("journal: schema version {version} is not supported (this build reads up to {supported})")]
    Version {
        /// Version found.
        version: u32,
        /// Highest version readable.
        supported: u32,
    },
    /// A value could not be encoded or decoded.
    #[error("store: cannot {operation} {what}")]
    Codec {
        /// Encode or decode.
        operation: &'static str,
        /// The value.
        what: String,
        /// The cause.
        #[source]
        source: Source,
    },
}

impl StoreError {
    /// True when the same call may be tried again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Backend { retryable: true, .. })
    }

    /// A store gives no hint of when to try again.
    pub fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// A strategy gave up. The engine halts it; its exits stay allowed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StrategyError {
    /// The strategy cannot be built from these parameters.
    #[error("strategy {strategy}: parameter {parameter}: {problem}")]
    Parameter {
        /// The strategy.
        strategy: StrategyId,
        /// The parameter.
        parameter: String,
        /// What is wrong.
        problem: String,
    },
    /// The strategy met a state that it does not trade in.
    #[error("strategy {strategy}: {problem}")]
    State {
        /// The strategy.
        strategy: StrategyId,
        /// What is wrong.
        problem: String,
    },
    /// A saved state does not fit this strategy.
    #[error("strategy {strategy}: cannot restore its state")]
    Restore {
        /// The strategy.
        strategy: StrategyId,
        /// The cause.
        #[source]
        source: Source,
    },
}

impl StrategyError {
    /// A strategy error is never cured by asking again.
    pub fn is_retryable(&self) -> bool {
        false
    }
}
