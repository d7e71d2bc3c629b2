//! An order as the venue holds it.

use qtp_core::{
    OrderKind, OrderReport, OrderRequest, OrderSizing, OrderStatus, Price, Quantity, Reason, Side, Timestamp,
    TrailingOffset, VenueOrderId,
};
use serde::{Deserialize, Serialize};

/// Whether an order can trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// A bracket's child before its entry filled.
    Dormant,
    /// Waits for its trigger.
    Waiting,
    /// Can trade.
    Live,
}

/// One order, working or ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Working {
    /// Arrival order within the venue.
    pub number: u64,
    pub venue_order_id: VenueOrderId,
    pub request: OrderRequest,
    /// Total size; the resolved one once an order that is sized at its fill was sized.
    pub quantity: Quantity,
    pub sized: bool,
    pub filled: Quantity,
    pub status: OrderStatus,
    pub reason: Option<Reason>,
    /// When it reaches the venue.
    pub arrives: Timestamp,
    pub updated: Timestamp,
    pub stage: Stage,
    /// A limit that crossed the market when it came: it takes, until it has met a print.
    pub marketable: bool,
    /// Best price so far, of a trailing stop.
    pub anchor: Option<Price>,
    /// Quantity that stands before it in the book's queue.
    pub ahead: Option<Quantity>,
    /// Open time of the candle whose range was being worked when it came or changed.
    pub came_inside: Option<Timestamp>,
    /// What it took of the candle that opened then.
    pub taken: (Timestamp, Quantity),
    /// When a cancel reaches the venue.
    pub cancel_at: Option<Timestamp>,
    /// Number of the entry that it belongs to.
    pub parent: Option<u64>,
    /// Number of the order that dies when this one fills.
    pub sibling: Option<u64>,
}

impl Working {
    pub(super) fn remaining(&self) -> Quantity {
        self.quantity - self.filled
    }

    pub(super) const fn side(&self) -> Side {
        self.request.side
    }

    /// Children reduce by nature, whatever their flag says.
    pub(super) const fn reduces_only(&self) -> bool {
        self.request.reduce_only || self.parent.is_some()
    }

    pub(super) const fn sized_at_fill(&self) -> bool {
        !self.sized && matches!(self.request.sizing, OrderSizing::EquityShare { .. })
    }

    pub(super) const fn is_stop(&self) -> bool {
        matches!(
            self.request.kind,
            OrderKind::StopMarket { .. } | OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. }
        )
    }

    /// True if it executes at whatever price there is, now.
    pub(super) const fn is_live_market(&self) -> bool {
        matches!(self.stage, Stage::Live) && self.request.kind.is_market()
    }

    /// Limit price of an order that can trade as a limit now.
    pub(super) const fn live_limit(&self) -> Option<Price> {
        match self.stage {
            Stage::Live => self.request.kind.limit(),
            _ => None,
        }
    }

    /// Moves a trailing stop's best price.
    pub(super) fn follow(&mut self, price: Price) {
        if !matches!(self.request.kind, OrderKind::TrailingStop { .. }) {
            return;
        }
        let better = |best: Price| match self.request.side {
            Side::Sell => price > best,
            Side::Buy => price < best,
        };
        if self.anchor.is_none_or(better) {
            self.anchor = Some(price);
        }
    }

    /// Price at which the trigger fires; `None` without one, or before a trailing stop saw a price.
    pub(super) fn trigger_price(&self) -> Option<Price> {
        let OrderKind::TrailingStop { offset, .. } = self.request.kind else {
            return self.request.kind.trigger().map(|trigger| trigger.price);
        };
        let best = self.anchor?.get();
        let distance = match offset {
            TrailingOffset::Price(price) => price.get(),
            TrailingOffset::Ratio(ratio) => best.checked_mul(ratio.get())?,
        };
        let level = match self.request.side {
            Side::Sell => best.checked_sub(distance)?,
            Side::Buy => best.checked_add(distance)?,
        };
        Price::new(level).ok()
    }

    pub(super) fn report(&self) -> OrderReport {
        OrderReport {
            client_order_id: Some(self.request.client_order_id),
            venue_order_id: Some(self.venue_order_id.clone()),
            account: self.request.account.clone(),
            instrument: self.request.instrument.clone(),
            time: self.updated,
            side: self.request.side,
            status: self.status,
            quantity: self.quantity,
            filled: self.filled,
            price: self.request.kind.limit().or_else(|| self.trigger_price()),
            reason: self.reason.clone(),
        }
    }
}
