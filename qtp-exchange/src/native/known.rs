//! What is known of orders: where they are, and whose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use qtp_core::{ClientOrderId, ExternalCause, InstrumentId, VenueOrderId};

/// Orders that are remembered.
const ROOM: usize = 20_000;

/// Whose an order is.
#[cfg_attr(
    not(feature = "binance"),
    allow(dead_code, reason = "Bybit asks by symbol, Alpaca by the venue's number")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Our id; `None` for an order that is not ours.
    pub(crate) client_order_id: Option<ClientOrderId>,
    /// Why it exists, if it is not ours.
    pub(crate) external: Option<ExternalCause>,
}

/// Venues that answer by symbol must be asked in the right place: where each order went, which symbols are traded, and
/// which of our ids stands behind an id of the venue. Bounded; what is forgotten is asked again.
#[derive(Debug, Default)]
pub(crate) struct Known {
    state: Mutex<State>,
}

#[cfg_attr(
    not(feature = "binance"),
    allow(dead_code, reason = "Bybit asks by symbol, Alpaca by the venue's number")
)]
#[derive(Debug, Default)]
struct State {
    watched: BTreeSet<InstrumentId>,
    places: Remembered<ClientOrderId, InstrumentId>,
    owners: Remembered<VenueOrderId, Owner>,
}

#[cfg_attr(
    not(feature = "binance"),
    allow(dead_code, reason = "Bybit asks by symbol, Alpaca by the venue's number")
)]
impl Known {
    /// Instruments whose orders and fills are looked at.
    pub(crate) fn watch<'a>(&self, instruments: impl IntoIterator<Item = &'a InstrumentId>) {
        self.with(|state| state.watched.extend(instruments.into_iter().cloned()));
    }

    pub(crate) fn watched(&self) -> Vec<InstrumentId> {
        self.with(|state| state.watched.iter().cloned().collect())
    }

    /// An order goes to the venue.
    pub(crate) fn sent(&self, id: ClientOrderId, instrument: &InstrumentId) {
        self.with(|state| {
            state.watched.insert(instrument.clone());
            state.places.insert(id, instrument.clone());
        });
    }

    /// Where an order may be: the place it went to, else everything that is watched.
    pub(crate) fn places(&self, id: ClientOrderId) -> Vec<InstrumentId> {
        self.with(|state| match state.places.get(&id) {
            Some(place) => vec![place.clone()],
            None => state.watched.iter().cloned().collect(),
        })
    }

    pub(crate) fn owned(&self, order: &VenueOrderId, owner: Owner) {
        self.with(|state| state.owners.insert(order.clone(), owner));
    }

    pub(crate) fn owner(&self, order: &VenueOrderId) -> Option<Owner> {
        self.with(|state| state.owners.get(order).copied())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A map that forgets its oldest entry.
#[derive(Debug)]
struct Remembered<K, V> {
    values: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), order: VecDeque::new() }
    }
}

#[cfg_attr(
    not(feature = "binance"),
    allow(dead_code, reason = "Bybit asks by symbol, Alpaca by the venue's number")
)]
impl<K: Ord + Clone, V> Remembered<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    fn insert(&mut self, key: K, value: V) {
        if self.values.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use qtp_core::RunId;

    use super::*;

    #[test]
    fn an_order_is_looked_for_where_it_went_and_else_everywhere() {
        let known = Known::default();
        let [btc, eth]: [InstrumentId; 2] = ["BTC-USDT@v", "ETH-USDT@v"].map(|id| id.parse().unwrap());
        known.watch([&btc]);
        let id = |sequence| ClientOrderId::new(RunId(1), 1, sequence);
        known.sent(id(1), &eth);
        assert_eq!(known.places(id(1)), std::slice::from_ref(&eth));
        assert_eq!(known.places(id(2)), [btc, eth]);
    }

    #[test]
    fn the_oldest_order_is_forgotten() {
        let mut remembered = Remembered::default();
        for key in 0..=ROOM {
            remembered.insert(key, key);
        }
        assert_eq!((remembered.get(&0), remembered.get(&ROOM)), (None, Some(&ROOM)));
        assert_eq!((remembered.values.len(), remembered.order.len()), (ROOM, ROOM));
    }
}
