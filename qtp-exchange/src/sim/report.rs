//! Ids and reports.

use qtp_core::{Event, OrderReport, OrderRequest, OrderStatus, Reason, Timestamp};

use super::venue::{Out, SimVenue};

/// Calls `read` with the decimal digits of a number, without an allocation.
pub(super) fn digits<T>(mut number: u64, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut buffer = [b'0'; 20];
    let mut start = buffer.len();
    loop {
        start -= 1;
        *buffer.get_mut(start)? = b'0' + u8::try_from(number % 10).ok()?;
        number /= 10;
        if number == 0 {
            return read(std::str::from_utf8(buffer.get(start..)?).ok()?);
        }
    }
}

impl SimVenue {
    /// Refuses an order that never worked.
    #[cold]
    #[inline(never)]
    pub(super) fn reject(&mut self, order: &OrderRequest, reason: Reason, time: Timestamp, out: &mut Out) {
        let report = OrderReport {
            client_order_id: Some(order.client_order_id),
            venue_order_id: None,
            account: order.account.clone(),
            instrument: order.instrument.clone(),
            time,
            side: order.side,
            status: OrderStatus::Rejected,
            quantity: order.quantity,
            filled: qtp_core::Quantity::ZERO,
            price: order.kind.limit(),
            reason: Some(reason),
        };
        out.push((time, Event::OrderReport(report)));
    }
}
