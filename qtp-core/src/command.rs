//! Everything that an engine can want.

use serde::{Deserialize, Serialize};

use crate::decision::DecisionRequest;
use crate::event::{Reason, TimerId};
use crate::id::{AccountId, ClientOrderId, InstrumentId, StrategyId};
use crate::money::{Price, Quantity};
use crate::order::{CancelRequest, LeverageRequest, ModifyRequest, OrderGroup};
use crate::risk::Approved;
use crate::signal::Signal;
use crate::time::Timestamp;

/// What the engine wants done. A submit carries its approval: an order that skipped the gate does not compile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Command {
    /// Send orders.
    Submit(Approved<OrderGroup>),
    /// Change an order.
    Modify(Approved<ModifyRequest>),
    /// Cancel an order.
    Cancel(CancelRequest),
    /// Set leverage.
    SetLeverage(Approved<LeverageRequest>),
    /// Ask the decision engine.
    RequestDecision(Box<DecisionRequest>),
    /// Send a timer event.
    SetTimer(TimerId),
    /// Tell people. Lossy, and nothing depends on it.
    Publish(Notice),
}

/// A command as plain data: what the journal holds. It cannot be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Intent {
    /// Send orders.
    Submit(OrderGroup),
    /// Change an order.
    Modify(ModifyRequest),
    /// Cancel an order.
    Cancel(CancelRequest),
    /// Set leverage.
    SetLeverage(LeverageRequest),
    /// Ask the decision engine.
    RequestDecision(Box<DecisionRequest>),
    /// Send a timer event.
    SetTimer(TimerId),
    /// Tell people.
    Publish(Notice),
}

impl Command {
    /// True if it has an effect outside: the journal must be safe before it leaves.
    pub const fn leaves(&self) -> bool {
        matches!(
            self,
            Self::Submit(_)
                | Self::Modify(_)
                | Self::Cancel(_)
                | Self::SetLeverage(_)
                | Self::RequestDecision(_)
        )
    }

    /// The plain data.
    pub fn intent(&self) -> Intent {
        match self {
            Self::Submit(group) => Intent::Submit(group.get().clone()),
            Self::Modify(request) => Intent::Modify(request.get().clone()),
            Self::Cancel(request) => Intent::Cancel(request.clone()),
            Self::SetLeverage(request) => Intent::SetLeverage(request.get().clone()),
            Self::RequestDecision(request) => Intent::RequestDecision(request.clone()),
            Self::SetTimer(timer) => Intent::SetTimer(*timer),
            Self::Publish(notice) => Intent::Publish(notice.clone()),
        }
    }
}

impl Intent {
    /// The kind as it stands in the journal.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Submit(_) => "submit",
            Self::Modify(_) => "modify",
            Self::Cancel(_) => "cancel",
            Self::SetLeverage(_) => "set_leverage",
            Self::RequestDecision(_) => "request_decision",
            Self::SetTimer(_) => "set_timer",
            Self::Publish(_) => "publish",
        }
    }
}

/// One intent in the journal's sequence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommandRecord {
    /// Place in the journal's sequence.
    pub seq: u64,
    /// Receive time of the event that caused it.
    pub time: Timestamp,
    /// Sequence number of that event.
    pub caused_by: u64,
    /// What was wanted.
    pub intent: Intent,
}

/// An order that waits for an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Number within the run.
    pub id: u64,
    /// Whose it is.
    pub strategy: StrategyId,
    /// Number of the strategy within its engine.
    pub owner: u16,
    /// Account.
    pub account: AccountId,
    /// The view.
    pub signal: Signal,
    /// Reference price when it was made.
    pub price: Price,
    /// When it was made.
    pub made: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
}

/// Words for the screen, and facts for reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// A strategy says something.
    Said {
        /// Strategy.
        strategy: StrategyId,
        /// Words.
        text: String,
    },
    /// Sizing computed a quantity.
    Sized {
        /// Instrument.
        instrument: InstrumentId,
        /// What the risk share alone would allow.
        wanted: Quantity,
        /// What is asked for after the caps.
        quantity: Quantity,
        /// The cap that bound, if one did.
        capped_by: Option<Reason>,
    },
    /// A rule shrank an order.
    Reduced {
        /// Order.
        client_order_id: ClientOrderId,
        /// Instrument.
        instrument: InstrumentId,
        /// Size asked for.
        from: Quantity,
        /// Size approved.
        to: Quantity,
        /// Which rule.
        reason: Reason,
    },
    /// The gate refused an order.
    Denied {
        /// Instrument.
        instrument: InstrumentId,
        /// Signed size.
        quantity: Quantity,
        /// Which rule.
        reason: Reason,
    },
    /// A decision was not followed.
    Void {
        /// Instrument.
        instrument: InstrumentId,
        /// Why.
        reason: Reason,
    },
    /// An order waits for an operator.
    Proposed(Proposal),
    /// A proposal ended.
    ProposalEnded {
        /// Number.
        id: u64,
        /// Approved, rejected, expired or drifted.
        outcome: Reason,
    },
    /// New risk is stopped.
    Halted {
        /// What was halted: `engine` or a strategy.
        scope: String,
        /// Why.
        reason: Reason,
    },
    /// New risk is allowed again.
    Resumed {
        /// What was resumed.
        scope: String,
    },
    /// A protective stop rests at the venue.
    StopResting {
        /// Instrument.
        instrument: InstrumentId,
        /// Stop price.
        stop: Price,
        /// Milliseconds since the fill that it protects.
        delay_ms: u64,
    },
    /// Something that needs a look.
    Alert(Reason),
}
