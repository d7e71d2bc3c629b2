//! The last fills and ended orders, bounded.

use std::collections::{BTreeMap, VecDeque};

use qtp_core::{ClientOrderId, Fill, Timestamp};
use serde::{Deserialize, Serialize};

use super::order::Working;

/// What the venue still remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct History {
    capacity: usize,
    fills: VecDeque<Fill>,
    ended: VecDeque<Working>,
    /// Number of ended orders that were dropped from the front of `ended`.
    dropped: u64,
    places: BTreeMap<ClientOrderId, u64>,
}

impl History {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    pub(super) fn add_fill(&mut self, fill: Fill) {
        if self.fills.len() >= self.capacity {
            self.fills.pop_front();
        }
        self.fills.push_back(fill);
    }

    pub(super) fn last_fill(&self) -> Option<&Fill> {
        self.fills.back()
    }

    pub(super) fn add_ended(&mut self, order: Working) {
        if self.ended.len() >= self.capacity
            && let Some(oldest) = self.ended.pop_front()
        {
            self.places.remove(&oldest.request.client_order_id);
            self.dropped += 1;
        }
        let place = self.dropped + self.ended.len() as u64;
        self.places.insert(order.request.client_order_id, place);
        self.ended.push_back(order);
    }

    pub(super) fn ended(&self, id: &ClientOrderId) -> Option<&Working> {
        let place = self.places.get(id)?.checked_sub(self.dropped)?;
        self.ended.get(usize::try_from(place).ok()?)
    }

    pub(super) fn fills_since(&self, time: Timestamp) -> Vec<Fill> {
        self.fills.iter().filter(|fill| fill.time >= time).cloned().collect()
    }
}
