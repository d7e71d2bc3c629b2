//! Trading actions. The order of fields is the order in which they are hashed.

use serde::{Deserialize, Serialize};

use super::{AssetId, Cloid, Number};
use crate::hyperliquid::sign::Address;

/// What a signed request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// New orders.
    Order {
        /// The orders.
        orders: Vec<Order>,
        /// Whether they belong together.
        grouping: Grouping,
        /// Who built the client, for a fee.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        builder: Option<Builder>,
    },
    /// Cancels by the venue's id.
    Cancel {
        /// The orders.
        cancels: Vec<Cancel>,
    },
    /// Cancels by our id.
    CancelByCloid {
        /// The orders.
        cancels: Vec<CancelByCloid>,
    },
    /// Replaces one order.
    Modify {
        /// Which one.
        oid: OrderRef,
        /// By what.
        order: Order,
    },
    /// Replaces orders.
    BatchModify {
        /// Which ones and by what.
        modifies: Vec<Modify>,
    },
    /// Leverage and margin mode of an asset.
    UpdateLeverage {
        /// Asset.
        asset: AssetId,
        /// Cross instead of isolated.
        is_cross: bool,
        /// Leverage.
        leverage: u32,
    },
    /// Moves margin to an isolated position, or away from it.
    UpdateIsolatedMargin {
        /// Asset.
        asset: AssetId,
        /// Always true in one-way mode.
        is_buy: bool,
        /// Millionths of a dollar; negative takes away.
        ntli: i64,
    },
    /// Cancels everything at an instant, protective orders too; never, without a time.
    ScheduleCancel {
        /// Milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        time: Option<u64>,
    },
}

/// One new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Asset.
    #[serde(rename = "a")]
    pub asset: AssetId,
    /// Buy.
    #[serde(rename = "b")]
    pub is_buy: bool,
    /// Worst price.
    #[serde(rename = "p")]
    pub price: Number,
    /// Size; 0 with `positionTpsl` is the whole position.
    #[serde(rename = "s")]
    pub size: Number,
    /// Only reduce.
    #[serde(rename = "r")]
    pub reduce_only: bool,
    /// Kind.
    #[serde(rename = "t")]
    pub kind: OrderType,
    /// Client order id.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub cloid: Option<Cloid>,
}

/// Kind of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderType {
    /// Live at once.
    Limit(LimitOrder),
    /// Live once the mark reaches a price.
    Trigger(TriggerOrder),
}

/// A limit order's lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitOrder {
    /// Lifetime.
    pub tif: TimeInForce,
}

/// How long a limit order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Until cancelled.
    Gtc,
    /// What does not fill at once is cancelled.
    Ioc,
    /// Only rests.
    Alo,
    /// As `Ioc`; the venue's own front end says so.
    FrontendMarket,
}

/// When a conditional order becomes live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerOrder {
    /// At the market instead of at the order's price.
    pub is_market: bool,
    /// Mark price that fires it.
    pub trigger_px: Number,
    /// Direction.
    pub tpsl: Tpsl,
}

/// Which way a trigger lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tpsl {
    /// In our favour.
    Tp,
    /// Against us.
    Sl,
}

/// Whether the orders of a request belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Grouping {
    /// They do not.
    Na,
    /// The first one is the parent: the others live once it is filled whole, and die with it.
    NormalTpsl,
    /// They are tied to the position.
    PositionTpsl,
}

/// Who built the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    /// Address.
    pub b: Address,
    /// Fee in tenths of a basis point.
    pub f: u32,
}

/// An order to cancel, by the venue's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// Asset.
    #[serde(rename = "a")]
    pub asset: AssetId,
    /// Id.
    #[serde(rename = "o")]
    pub oid: u64,
}

/// An order to cancel, by our id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelByCloid {
    /// Asset.
    pub asset: AssetId,
    /// Id.
    pub cloid: Cloid,
}

/// An order to replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modify {
    /// Which one.
    pub oid: OrderRef,
    /// By what.
    pub order: Order,
}

/// An order by either id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrderRef {
    /// The venue's.
    Oid(u64),
    /// Ours.
    Cloid(Cloid),
}
