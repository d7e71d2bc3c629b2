//! An order as we track it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Fill, IllegalTransition, OrderReport, OrderRequest, OrderSizing, OrderStatus};
use crate::event::Reason;
use crate::id::VenueOrderId;
use crate::money::{Price, Quantity};
use crate::time::Timestamp;

/// When the stages of an order were passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTimes {
    /// A strategy or model decided.
    pub decided: Timestamp,
    /// Approved by an operator or automatically.
    pub approved: Timestamp,
    /// Left the engine.
    pub submitted: Timestamp,
    /// The venue's first answer.
    pub acknowledged: Option<Timestamp>,
    /// Last fill.
    pub filled: Option<Timestamp>,
}

/// One order: the request, its status and what was filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    request: OrderRequest,
    venue_order_id: Option<VenueOrderId>,
    status: OrderStatus,
    quantity: Quantity,
    filled: Quantity,
    #[serde(with = "crate::serde_decimal")]
    filled_value: Decimal,
    times: OrderTimes,
    reason: Option<Reason>,
    unknown_since: Option<Timestamp>,
    cancel_requested: Option<Timestamp>,
    /// How it ended at the venue, while fills that the venue counted are still on their way to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
}

/// An end that its last fills have yet to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ending {
    status: OrderStatus,
    filled: Quantity,
}

impl Order {
    /// A pending order, sent at `times.submitted`.
    pub fn new(request: OrderRequest, times: OrderTimes) -> Self {
        Self {
            quantity: request.quantity,
            request,
            venue_order_id: None,
            status: OrderStatus::Pending,
            filled: Quantity::ZERO,
            filled_value: Decimal::ZERO,
            times,
            reason: None,
            unknown_since: None,
            cancel_requested: None,
            ending: None,
        }
    }

    /// What was asked.
    pub const fn request(&self) -> &OrderRequest {
        &self.request
    }

    /// The venue's id, once known.
    pub const fn venue_order_id(&self) -> Option<&VenueOrderId> {
        self.venue_order_id.as_ref()
    }

    /// Status.
    pub const fn status(&self) -> OrderStatus {
        self.status
    }

    /// Total size: that of the request, or the resolved one of an order sized at its fill.
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// Sum of the fills.
    pub const fn filled(&self) -> Quantity {
        self.filled
    }

    /// Size that may still fill: zero once terminal. Of an order that ended ahead of its last fills, those fills.
    pub fn remaining(&self) -> Quantity {
        match self.ending {
            _ if self.status.is_terminal() => Quantity::ZERO,
            Some(ending) => ending.filled - self.filled,
            None => self.quantity - self.filled,
        }
    }

    /// Average price of the fills.
    pub fn average_price(&self) -> Option<Price> {
        self.filled_value.checked_div(self.filled.get()).and_then(|value| Price::new(value).ok())
    }

    /// Stage times.
    pub const fn times(&self) -> OrderTimes {
        self.times
    }

    /// Why it ended, where the venue or our gate said so.
    pub const fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Since when nobody knows whether the venue has it.
    pub const fn unknown_since(&self) -> Option<Timestamp> {
        self.unknown_since
    }

    /// When we asked to cancel it.
    pub const fn cancel_requested(&self) -> Option<Timestamp> {
        self.cancel_requested
    }

    /// Notes that the answer to the submit was lost.
    pub const fn mark_unknown(&mut self, now: Timestamp) {
        if matches!(self.status, OrderStatus::Pending) && self.unknown_since.is_none() {
            self.unknown_since = Some(now);
        }
    }

    /// Notes that a cancel was sent.
    pub const fn mark_cancel_requested(&mut self, now: Timestamp) {
        self.cancel_requested = Some(now);
    }

    /// Takes in a report. A stale report (older than what is known) changes nothing. An end that counts fills which
    /// did not come yet waits for them: until then they may still change the position.
    ///
    /// # Errors
    /// [`IllegalTransition::Edge`] if a terminal order is reported in another terminal status.
    pub fn apply_report(&mut self, report: &OrderReport, now: Timestamp) -> Result<(), IllegalTransition> {
        self.unknown_since = None;
        self.times.acknowledged.get_or_insert(now);
        if self.venue_order_id.is_none() {
            self.venue_order_id.clone_from(&report.venue_order_id);
        }
        if matches!(self.request.sizing, OrderSizing::EquityShare { .. }) && report.quantity.signum() > 0 {
            self.quantity = report.quantity;
            // Its fills may have come before the size that they complete.
            let filled = self.filled.signum() > 0 && self.filled >= self.quantity;
            if filled && self.status.can_become(OrderStatus::Filled) {
                self.status = OrderStatus::Filled;
            }
        }
        let next = match report.status {
            // Fills alone decide how much is filled: a report may run ahead of its fills.
            OrderStatus::PartiallyFilled | OrderStatus::Filled | OrderStatus::Pending => return Ok(()),
            OrderStatus::Open if self.status != OrderStatus::Pending => return Ok(()),
            // Taken first and refused then, as an IOC order that finds no price: what was working has ended.
            OrderStatus::Rejected
                if matches!(self.status, OrderStatus::Open | OrderStatus::PartiallyFilled) =>
            {
                OrderStatus::Canceled
            }
            status => status,
        };
        if next == self.status {
            return Ok(());
        }
        let ended = matches!(next, OrderStatus::Canceled | OrderStatus::Expired);
        if ended
            && !self.status.is_terminal()
            && report.filled > self.filled
            && report.filled <= self.quantity
        {
            self.ending = Some(Ending { status: next, filled: report.filled });
            self.cancel_requested.get_or_insert(now);
            self.reason.clone_from(&report.reason);
            return Ok(());
        }
        if !self.status.can_become(next) {
            let order = self.request.client_order_id;
            return Err(IllegalTransition::Edge { order, from: self.status, to: next });
        }
        self.status = next;
        self.reason.clone_from(&report.reason);
        Ok(())
    }

    /// Takes in a fill. A fill may precede the acknowledgement, and may follow a cancel that crossed it.
    ///
    /// # Errors
    /// [`IllegalTransition::Overfill`] if the fills sum to more than the order; [`IllegalTransition::Edge`]
    /// if the order was denied or rejected. The fill is counted either way: it happened.
    pub fn apply_fill(&mut self, fill: &Fill, now: Timestamp) -> Result<(), IllegalTransition> {
        let order = self.request.client_order_id;
        self.unknown_since = None;
        self.times.filled = Some(now);
        self.times.acknowledged.get_or_insert(now);
        self.filled += fill.quantity;
        self.filled_value = self.filled_value.saturating_add(fill.price.notional(fill.quantity).get());
        let next = match self.ending {
            _ if self.filled >= self.quantity => OrderStatus::Filled,
            Some(ending) if self.filled >= ending.filled => ending.status,
            _ => OrderStatus::PartiallyFilled,
        };
        let from = self.status;
        match from {
            OrderStatus::Pending | OrderStatus::Open | OrderStatus::PartiallyFilled => self.status = next,
            OrderStatus::Canceled | OrderStatus::Expired | OrderStatus::Filled => {}
            OrderStatus::Denied | OrderStatus::Rejected => {
                return Err(IllegalTransition::Edge { order, from, to: next });
            }
        }
        if self.filled > self.quantity {
            return Err(IllegalTransition::Overfill { order, quantity: self.quantity, filled: self.filled });
        }
        Ok(())
    }

    /// Ends an order that never reached the venue, or that the venue does not know.
    ///
    /// # Errors
    /// [`IllegalTransition::Edge`] if the state machine has no such edge.
    pub fn end(&mut self, status: OrderStatus, reason: Reason) -> Result<(), IllegalTransition> {
        if !status.is_terminal() || !self.status.can_become(status) {
            return Err(IllegalTransition::Edge {
                order: self.request.client_order_id,
                from: self.status,
                to: status,
            });
        }
        self.unknown_since = None;
        self.status = status;
        self.reason = Some(reason);
        Ok(())
    }
}
