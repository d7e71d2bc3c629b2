//! What a venue says about an order.

use serde::{Deserialize, Serialize};

use super::{OrderStatus, Side};
use crate::event::Reason;
use crate::id::{AccountId, ClientOrderId, InstrumentId, VenueOrderId};
use crate::money::{Price, Quantity};
use crate::time::Timestamp;

/// A venue's statement about one order at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderReport {
    /// Our id; `None` for an order that we did not make.
    pub client_order_id: Option<ClientOrderId>,
    /// The venue's id.
    pub venue_order_id: Option<VenueOrderId>,
    /// Account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Side.
    pub side: Side,
    /// Status.
    pub status: OrderStatus,
    /// Total size: the resolved one for an order that is sized at its fill.
    pub quantity: Quantity,
    /// Sum of the fills so far, as the venue counts.
    pub filled: Quantity,
    /// Limit or trigger price.
    pub price: Option<Price>,
    /// Why it was rejected, cancelled or expired.
    pub reason: Option<Reason>,
}
