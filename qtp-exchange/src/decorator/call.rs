//! One call of a port, as a layer sees it.

use qtp_core::port::EventStream;
use qtp_core::{ClientOrderId, ExchangeError, OrderGroup, OrderRole};

/// What a call does, as far as safety is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// Asks, or sets what may be set twice.
    Read,
    /// Cancels.
    Cancel,
    /// Sends or changes an order. Without its answer nobody knows its effect.
    Submit {
        /// The first order.
        client_order_id: ClientOrderId,
        /// It can only protect or reduce.
        exit: bool,
    },
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Name of the port's method.
    pub operation: &'static str,
    /// What it does.
    pub kind: CallKind,
}

impl Call {
    pub(super) const fn read(operation: &'static str) -> Self {
        Self { operation, kind: CallKind::Read }
    }

    pub(super) fn submit(group: &OrderGroup) -> Self {
        let exit = group.orders().all(|order| order.reduce_only || order.role != OrderRole::Entry);
        let kind = CallKind::Submit { client_order_id: group.first().client_order_id, exit };
        Self { operation: "submit", kind }
    }

    /// True for what must never wait for anything: cancels, protection and closes.
    pub const fn is_exit(&self) -> bool {
        matches!(self.kind, CallKind::Cancel | CallKind::Submit { exit: true, .. })
    }
}

/// What is done around every call of an exchange.
///
/// # Contract
/// A call is made by polling its future and not before; a layer polls it at most once to its end, and never makes a
/// second one. Dropped before its first poll, it was not made; dropped later, its outcome is unknown.
pub trait Layer: Send + Sync {
    /// Around a call.
    fn call<T: Send>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, ExchangeError>> + Send,
    ) -> impl Future<Output = Result<T, ExchangeError>> + Send {
        let _ = call;
        future
    }

    /// Around a stream of market or account events.
    fn stream(&self, stream: EventStream) -> EventStream {
        stream
    }
}
