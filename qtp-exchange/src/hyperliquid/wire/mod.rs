//! What travels between a client and the venue.

mod action;
mod asset;
mod number;
mod request;

pub use action::{
    Action, Builder, Cancel, CancelByCloid, Grouping, LimitOrder, Modify, Order, OrderRef, OrderType,
    TimeInForce, Tpsl, TriggerOrder,
};
pub use asset::AssetId;
pub use number::{Cloid, Number};
pub use request::Request;
