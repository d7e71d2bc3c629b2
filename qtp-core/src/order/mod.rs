//! Orders: what we ask, what we track, what the venue says, what was executed.

mod fill;
mod report;
mod request;
mod status;
mod tracked;

pub use fill::{ExternalCause, Fill, Liquidity};
pub use report::OrderReport;
pub use request::{
    CancelRequest, LeverageRequest, ModifyRequest, OrderGroup, OrderKind, OrderRequest, OrderRole,
    OrderSizing, Side, TimeInForce, TrailingOffset, Trigger, TriggerSource,
};
pub use status::{IllegalTransition, OrderStatus};
pub use tracked::{Order, OrderTimes};
