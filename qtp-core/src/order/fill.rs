//! Our own executions.

use serde::{Deserialize, Serialize};

use super::Side;
use crate::id::{AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId};
use crate::money::{Amount, Price, Quantity};
use crate::time::Timestamp;

/// Whether we made or took liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// Our order rested.
    Maker,
    /// Our order crossed.
    Taker,
}

/// Why an execution happened that no order of ours asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalCause {
    /// Somebody traded by hand on the account.
    Manual,
    /// The venue liquidated the position.
    Liquidation,
    /// The venue deleveraged the position against a bankrupt one.
    Adl,
    /// Expiry.
    Settlement,
    /// The instrument was delisted.
    Delisting,
    /// Not known.
    Unknown,
}

/// One execution on our account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// The venue's id of the execution.
    pub trade_id: TradeId,
    /// Our order, unless the fill is external.
    pub client_order_id: Option<ClientOrderId>,
    /// The venue's id of the order.
    pub venue_order_id: Option<VenueOrderId>,
    /// Account.
    pub account: AccountId,
    /// Instrument.
    pub instrument: InstrumentId,
    /// The venue's time.
    pub time: Timestamp,
    /// Side.
    pub side: Side,
    /// Price.
    pub price: Price,
    /// Size, above zero.
    pub quantity: Quantity,
    /// The venue's fee; negative is a rebate. In any currency.
    pub fee: Amount,
    /// A fee of whoever built the client, on its own line.
    pub builder_fee: Option<Amount>,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Set if no order of ours caused it.
    pub external: Option<ExternalCause>,
}

impl Fill {
    /// `quantity` with the sign of the side.
    pub fn signed_quantity(&self) -> Quantity {
        self.side.signed(self.quantity)
    }
}
