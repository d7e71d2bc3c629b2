//! Numbers of requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use qtp_core::port::Clock;

/// Reserved ahead, in milliseconds: how often the store is written.
const AHEAD: u64 = 60_000;

/// Remembers the highest request number that may have been used.
///
/// # Contract
/// What `reserve` was given last is what `highest` returns after a restart.
pub trait NonceStore: Send + Sync + fmt::Debug {
    /// The highest number that was reserved; 0 at first.
    fn highest(&self) -> u64;

    /// Notes that numbers up to this one may be used. Called at most once a minute.
    fn reserve(&self, highest: u64);
}

/// Unique and ascending numbers near the time in milliseconds, for all tasks.
///
/// The venue takes a number once. After a restart the clock is ahead of every number used before; if it was set back,
/// the store is.
#[derive(Debug)]
pub(super) struct Nonces {
    last: AtomicU64,
    clock: Arc<dyn Clock>,
    store: Option<Arc<dyn NonceStore>>,
    reserved: Mutex<u64>,
}

impl Nonces {
    pub(super) fn new(clock: Arc<dyn Clock>, store: Option<Arc<dyn NonceStore>>) -> Self {
        let used = store.as_ref().map_or(0, |store| store.highest());
        Self { last: AtomicU64::new(used), clock, store, reserved: Mutex::new(used) }
    }

    /// The next number.
    pub(super) fn next(&self) -> u64 {
        let now = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        let step = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step).unwrap_or_default();
        let nonce = step(last).unwrap_or(now);
        if let Some(store) = &self.store {
            let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
            if nonce > *reserved {
                *reserved = nonce.saturating_add(AHEAD);
                store.reserve(*reserved);
            }
        }
        nonce
    }
}

#[cfg(test)]
mod tests {
    use qtp_core::Timestamp;
    use qtp_core::port::SimClock;

    use super::*;

    #[derive(Debug, Default)]
    struct Kept(AtomicU64, AtomicU64);

    impl NonceStore for Kept {
        fn highest(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }

        fn reserve(&self, highest: u64) {
            self.0.store(highest, Ordering::SeqCst);
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn numbers_ascend_while_the_clock_stands() {
        let clock = Arc::new(SimClock::new(Timestamp::from_millis(1000)));
        let nonces = Nonces::new(clock.clone(), None);
        assert_eq!([nonces.next(), nonces.next(), nonces.next()], [1000, 1001, 1002]);
        clock.advance_to(Timestamp::from_millis(5000));
        assert_eq!(nonces.next(), 5000);
    }

    #[test]
    fn tasks_never_share_a_number() {
        let nonces = Nonces::new(Arc::new(SimClock::new(Timestamp::from_millis(1))), None);
        let mut all: Vec<u64> = std::thread::scope(|scope| {
            let tasks =
                [(); 4].map(|()| scope.spawn(|| (0..1000).map(|_| nonces.next()).collect::<Vec<_>>()));
            tasks.into_iter().flat_map(|task| task.join().unwrap()).collect()
        });
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4000);
    }

    #[test]
    fn a_clock_set_back_does_not_bring_a_number_again() {
        let store = Arc::new(Kept::default());
        let first =
            Nonces::new(Arc::new(SimClock::new(Timestamp::from_millis(100_000))), Some(store.clone()));
        let used: Vec<u64> = (0..100).map(|_| first.next()).collect();
        assert_eq!(store.1.load(Ordering::SeqCst), 1, "written rarely");
        let second = Nonces::new(Arc::new(SimClock::new(Timestamp::from_millis(50_000))), Some(store));
        assert!(second.next() > *used.last().unwrap());
    }
}
