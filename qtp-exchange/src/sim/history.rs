//! The last fills and ended orders, bounded.

use std::collections::VecDeque;

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
    /// Place of each ended order, by id. Ids mostly grow, so this grows at its end.
    places: VecDeque<(ClientOrderId, u64)>,
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
            if let Ok(index) = self.find(&oldest.request.client_order_id) {
                self.places.remove(index);
            }
            self.dropped += 1;
        }
        let place = self.dropped + self.ended.len() as u64;
        let id = order.request.client_order_id;
        match self.places.back() {
            Some((last, _)) if *last >= id => match self.find(&id) {
                Ok(index) | Err(index) => self.places.insert(index, (id, place)),
            },
            _ => self.places.push_back((id, place)),
        }
        self.ended.push_back(order);
    }

    pub(super) fn ended(&self, id: &ClientOrderId) -> Option<&Working> {
        let (_, place) = self.places.get(self.find(id).ok()?)?;
        let place = place.checked_sub(self.dropped)?;
        self.ended.get(usize::try_from(place).ok()?)
    }

    fn find(&self, id: &ClientOrderId) -> Result<usize, usize> {
        self.places.binary_search_by(|(other, _)| other.cmp(id))
    }

    pub(super) fn fills_since(&self, time: Timestamp) -> Vec<Fill> {
        self.fills.iter().filter(|fill| fill.time >= time).cloned().collect()
    }
}
