//! The order state machine.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::ClientOrderId;
use crate::money::Quantity;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Sent or about to be sent; the venue has not answered.
    Pending,
    /// Working at the venue.
    Open,
    /// Working, with part filled.
    PartiallyFilled,
    /// Filled whole.
    Filled,
    /// Cancelled, by us or by the venue.
    Canceled,
    /// Its lifetime ended.
    Expired,
    /// Our gate refused it; the venue never saw it.
    Denied,
    /// The venue refused it.
    Rejected,
}

impl OrderStatus {
    /// True if nothing can happen to the order any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Expired | Self::Denied | Self::Rejected)
    }

    /// True if the state machine has an edge from here to `next`. Staying is no edge.
    pub const fn can_become(self, next: Self) -> bool {
        match self {
            Self::Pending => !matches!(next, Self::Pending),
            Self::Open => {
                matches!(next, Self::PartiallyFilled | Self::Filled | Self::Canceled | Self::Expired)
            }
            Self::PartiallyFilled => matches!(next, Self::Filled | Self::Canceled | Self::Expired),
            _ => false,
        }
    }

    /// `snake_case` name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
        }
    }
}

/// A report or fill that contradicts what is known of the order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IllegalTransition {
    /// The state machine has no such edge.
    #[error("order {order}: {from:?} cannot become {to:?}")]
    Edge {
        /// The order.
        order: ClientOrderId,
        /// Current status.
        from: OrderStatus,
        /// Reported status.
        to: OrderStatus,
    },
    /// More was executed than was ordered.
    #[error("order {order}: filled {filled} of {quantity}")]
    Overfill {
        /// The order.
        order: ClientOrderId,
        /// Size of the order.
        quantity: Quantity,
        /// Sum of its fills.
        filled: Quantity,
    },
}
