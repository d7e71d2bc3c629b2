//! What a strategy can say.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Reason;
use crate::exit_plan::EntryThesis;
use crate::id::{ClientOrderId, InstrumentId};
use crate::market::MarketTopic;
use crate::money::{Notional, Price, Quantity, Ratio};
use crate::order::{OrderKind, OrderRole, Side, TimeInForce};
use crate::time::{Timeframe, Timestamp};

/// How large a position should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Signed quantity; zero is flat.
    Quantity(Quantity),
    /// A share of the equity at the fill times leverage, fees included; the sign is the direction.
    EquityShare {
        /// Signed share.
        share: Ratio,
        /// Round down to whole units.
        whole_units: bool,
    },
    /// As much as loses `risk` (a share of equity) between the reference price and the bracket's stop.
    Risk {
        /// Direction.
        side: Side,
        /// Share of equity to lose at the stop.
        risk: Ratio,
        /// Most notional.
        cap: Option<Notional>,
        /// Signed quantity that it comes on top of: zero, or a position that is added to.
        #[serde(default)]
        base: Quantity,
    },
}

impl Target {
    /// Flat.
    pub const FLAT: Self = Self::Quantity(Quantity::ZERO);

    /// -1 short, 0 flat, 1 long.
    pub fn direction(&self) -> i8 {
        match self {
            Self::Quantity(quantity) => quantity.signum(),
            Self::EquityShare { share, .. } => share.signum(),
            Self::Risk { side: Side::Buy, .. } => 1,
            Self::Risk { side: Side::Sell, .. } => -1,
        }
    }
}

/// Protection of a position: placed on the first fill, resized with every fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// Protective stop.
    pub stop: Option<Price>,
    /// Profit target.
    pub target: Option<Price>,
}

impl Bracket {
    /// No protection.
    pub const NONE: Self = Self { stop: None, target: None };

    /// The first problem of this bracket for a position in `direction` entered near `price`.
    pub fn problem(&self, direction: i8, price: Price) -> Option<&'static str> {
        let beyond = |level: Price, side: i8| if side > 0 { level > price } else { level < price };
        if self.stop.is_some_and(|stop| !beyond(stop, -direction)) {
            return Some("the stop is not on the losing side of the price");
        }
        if self.target.is_some_and(|target| !beyond(target, direction)) {
            return Some("the target is not on the winning side of the price");
        }
        None
    }
}

/// A strategy's view of one instrument. Saying the same twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Instrument.
    pub instrument: InstrumentId,
    /// How large the position should be.
    pub target: Target,
    /// Its protection.
    pub bracket: Bracket,
    /// Why, in words; may be empty.
    pub reason: String,
    /// Record behind the view, if it is older than now: of a model's snapshot.
    pub decided: Option<DecidedAt>,
}

/// When and at which price a view was formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidedAt {
    /// Instant.
    pub time: Timestamp,
    /// Reference price then.
    pub price: Price,
}

/// An order that a strategy manages itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderDraft {
    /// Instrument.
    pub instrument: InstrumentId,
    /// Side.
    pub side: Side,
    /// Size, above zero.
    pub quantity: Quantity,
    /// Kind and prices.
    pub kind: OrderKind,
    /// Lifetime.
    pub time_in_force: TimeInForce,
    /// Refuse to take liquidity.
    pub post_only: bool,
    /// Refuse to add to a position.
    pub reduce_only: bool,
    /// Purpose.
    pub role: OrderRole,
}

/// What came out of one call of a strategy.
#[derive(Debug, Clone, PartialEq)]
pub enum StrategyOutput {
    /// A view.
    Signal(Signal),
    /// Only the exits of the present position.
    Exits {
        /// Instrument.
        instrument: InstrumentId,
        /// New protection.
        bracket: Bracket,
    },
    /// An order of its own, under the id that the strategy was given.
    Submit(ClientOrderId, OrderDraft),
    /// Cancel one of its own orders.
    Cancel(ClientOrderId),
    /// Call `on_timer` later.
    Timer {
        /// Chosen by the strategy.
        id: u64,
        /// When.
        at: Timestamp,
    },
    /// Ask the decision engine about these instruments.
    RequestDecision {
        /// Instruments.
        instruments: Vec<InstrumentId>,
        /// Why the positions of some of them were opened.
        theses: Vec<(InstrumentId, EntryThesis)>,
    },
    /// A decision on an instrument is not followed.
    Void {
        /// Instrument.
        instrument: InstrumentId,
        /// Why.
        reason: Reason,
    },
    /// Words for the screen.
    Say(String),
}

/// History that a strategy needs before its first view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Warmup {
    /// Closed candles per candle topic.
    pub candles: usize,
}

impl Warmup {
    /// None.
    pub const NONE: Self = Self { candles: 0 };

    /// So many closed candles per candle topic.
    pub const fn candles(candles: usize) -> Self {
        Self { candles }
    }

    /// The time that they span for a topic.
    pub fn span(&self, topic: &MarketTopic) -> Duration {
        let timeframe = match topic {
            MarketTopic::Candles(_, timeframe) => *timeframe,
            _ => Timeframe::M1,
        };
        timeframe.as_duration().saturating_mul(u32::try_from(self.candles).unwrap_or(u32::MAX))
    }
}

/// A strategy's own state, as JSON text that only it can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StateBlob(pub String);
