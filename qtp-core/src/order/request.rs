//! What we ask of a venue. Plain data: only an approved group can be sent.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ClientOrderId, InstrumentId};
use crate::money::{Price, Quantity, Ratio};
use crate::time::Timestamp;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// The side that moves a position by a signed quantity; `None` for zero.
    pub fn of(quantity: Quantity) -> Option<Self> {
        match quantity.signum() {
            1 => Some(Self::Buy),
            -1 => Some(Self::Sell),
            _ => None,
        }
    }

    /// `quantity` with the sign of this side.
    pub fn signed(self, quantity: Quantity) -> Quantity {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }

    /// `buy` or `sell`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// The price that a conditional order watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerSource {
    /// Last traded price.
    Last,
    /// Mark price. The default for perpetuals.
    Mark,
    /// Index price.
    Index,
}

/// When a conditional order becomes live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The price.
    pub price: Price,
    /// Which price reaches it.
    pub source: TriggerSource,
}

/// How far a trailing stop stays behind the best price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrailingOffset {
    /// In quote currency.
    Price(Price),
    /// As a share of the best price.
    Ratio(Ratio),
}

/// The kind of an order, with its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// At the best price there is.
    Market,
    /// At `price` or better.
    Limit {
        /// Worst price.
        price: Price,
    },
    /// A market order once the price moves against us to the trigger.
    StopMarket {
        /// Trigger.
        trigger: Trigger,
    },
    /// A limit order once the price moves against us to the trigger. May stay unfilled after a gap.
    StopLimit {
        /// Trigger.
        trigger: Trigger,
        /// Worst price.
        price: Price,
    },
    /// A market order once the price moves in our favour to the trigger.
    TakeProfitMarket {
        /// Trigger.
        trigger: Trigger,
    },
    /// A limit order once the price moves in our favour to the trigger.
    TakeProfitLimit {
        /// Trigger.
        trigger: Trigger,
        /// Worst price.
        price: Price,
    },
    /// A stop that follows the best price at a distance.
    TrailingStop {
        /// Distance.
        offset: TrailingOffset,
        /// Which price it follows.
        source: TriggerSource,
    },
}

impl OrderKind {
    /// True if the order waits for a trigger.
    pub const fn is_conditional(&self) -> bool {
        !matches!(self, Self::Market | Self::Limit { .. })
    }

    /// True if it executes at whatever price there is.
    pub const fn is_market(&self) -> bool {
        !matches!(self, Self::Limit { .. } | Self::StopLimit { .. } | Self::TakeProfitLimit { .. })
    }

    /// The worst price, where there is one.
    pub const fn limit(&self) -> Option<Price> {
        match self {
            Self::Limit { price } | Self::StopLimit { price, .. } | Self::TakeProfitLimit { price, .. } => {
                Some(*price)
            }
            _ => None,
        }
    }

    /// The trigger, where it is fixed.
    pub const fn trigger(&self) -> Option<Trigger> {
        match self {
            Self::StopMarket { trigger }
            | Self::StopLimit { trigger, .. }
            | Self::TakeProfitMarket { trigger }
            | Self::TakeProfitLimit { trigger, .. } => Some(*trigger),
            _ => None,
        }
    }
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until cancelled.
    Gtc,
    /// What does not fill at once is cancelled.
    Ioc,
    /// Fills whole at once, or not at all.
    Fok,
    /// Until an instant.
    Gtd(Timestamp),
}

/// What an order is for. Risk and the order manager treat protection differently from new risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRole {
    /// Moves a position to its target.
    Entry,
    /// Closes a position outside its bracket.
    Exit,
    /// Protective stop of a bracket.
    Stop,
    /// Profit target of a bracket.
    Target,
}

/// When the size of an order is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSizing {
    /// `quantity` is the size.
    Fixed,
    /// The venue closes any opposite position, then opens for this share of the equity it then has,
    /// fees included; `quantity` is an estimate. Only venues with `equity_sized_orders` take it.
    EquityShare {
        /// Share of equity, times leverage. Above zero.
        share: Ratio,
        /// Round the opened size down to whole units.
        whole_units: bool,
    },
}

/// One order that we ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// For which account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Side.
    pub side: Side,
    /// Size, above zero, in base units or contracts.
    pub quantity: Quantity,
    /// Kind and prices.
    pub kind: OrderKind,
    /// Lifetime.
    pub time_in_force: TimeInForce,
    /// Refuse to take liquidity.
    pub post_only: bool,
    /// Refuse to add to a position.
    pub reduce_only: bool,
    /// When the size is known.
    pub sizing: OrderSizing,
    /// Purpose.
    pub role: OrderRole,
    /// The venue must ignore the request after this instant.
    pub valid_until: Option<Timestamp>,
    /// The protective stop that will follow an entry; risk rules use it.
    pub protective_stop: Option<Price>,
    /// The reference price when the order was decided.
    pub decision_price: Option<Price>,
}

impl OrderRequest {
    /// `quantity` with the sign of the side.
    pub fn signed_quantity(&self) -> Quantity {
        self.side.signed(self.quantity)
    }
}

/// Orders that are sent as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderGroup {
    /// One order.
    Single(OrderRequest),
    /// An entry with its protection, for venues with native brackets.
    Bracket {
        /// Entry.
        entry: OrderRequest,
        /// Stop.
        stop: Option<Box<OrderRequest>>,
        /// Target.
        target: Option<Box<OrderRequest>>,
    },
    /// Two orders of which at most one fills.
    Oco(OrderRequest, Box<OrderRequest>),
}

impl OrderGroup {
    /// The orders, the entry first.
    pub fn orders(&self) -> impl Iterator<Item = &OrderRequest> {
        let (first, second, third) = match self {
            Self::Single(order) => (order, None, None),
            Self::Bracket { entry, stop, target } => (entry, stop.as_deref(), target.as_deref()),
            Self::Oco(first, second) => (first, Some(&**second), None),
        };
        std::iter::once(first).chain(second).chain(third)
    }

    /// The first order.
    pub const fn first(&self) -> &OrderRequest {
        match self {
            Self::Single(order) | Self::Bracket { entry: order, .. } | Self::Oco(order, _) => order,
        }
    }
}

/// Asks to cancel one of our orders. Cancelling an order that is gone is not an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRequest {
    /// The order.
    pub client_order_id: ClientOrderId,
    /// Its account.
    pub account: AccountId,
    /// Its instrument.
    pub instrument: InstrumentId,
}

/// Asks to change a working order in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModifyRequest {
    /// The order.
    pub client_order_id: ClientOrderId,
    /// Its account.
    pub account: AccountId,
    /// Its instrument.
    pub instrument: InstrumentId,
    /// New total size.
    pub quantity: Quantity,
    /// New prices; the kind may not change.
    pub kind: OrderKind,
}

/// Asks to set the leverage of an instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeverageRequest {
    /// For which account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Leverage, at least 1.
    pub leverage: Ratio,
    /// Isolated instead of cross margin.
    pub isolated: bool,
}
