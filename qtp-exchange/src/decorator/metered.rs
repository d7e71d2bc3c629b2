//! How often each call was made, how it ended and how long it took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use qtp_core::ExchangeError;
use tokio::time::Instant;

use super::call::{Call, Layer};
use super::decorated::Decorated;

/// An exchange whose calls are counted: [`Meter::figures`] of its layer.
pub type Metered<E> = Decorated<E, Meter>;

/// Durations are counted in classes, each twice as wide as the one before.
const CLASSES: usize = 32;

/// Figures of one operation since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationFigures {
    /// Calls that ended.
    pub calls: u64,
    /// Of these, failed ones.
    pub failures: u64,
    /// Of these, submits whose outcome was unknown.
    pub unknown: u64,
    /// Of these, refused by a rate limit.
    pub rate_limited: u64,
    /// Calls that were dropped before they ended.
    pub abandoned: u64,
    /// Time of the slowest.
    pub longest: Duration,
    /// Time of all.
    pub total: Duration,
    /// Class `n` holds the calls that took less than 2^n microseconds and not less than half of that.
    classes: [u64; CLASSES],
}

impl OperationFigures {
    /// An upper bound of the time within which this share of the calls ended, at most twice the true one; `None`
    /// before the first call.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let mut left = (self.calls as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        for (class, count) in self.classes.iter().enumerate() {
            if left <= *count {
                return Some(Duration::from_micros(1 << class).min(self.longest));
            }
            left -= count;
        }
        None
    }
}

/// The figures of an exchange, by operation.
#[derive(Debug, Default)]
pub struct Meter {
    operations: Mutex<BTreeMap<&'static str, OperationFigures>>,
}

impl Meter {
    /// The figures as they stand.
    pub fn figures(&self) -> BTreeMap<&'static str, OperationFigures> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, operation: &'static str, act: impl FnOnce(&mut OperationFigures)) {
        act(self.operations.lock().unwrap_or_else(PoisonError::into_inner).entry(operation).or_default());
    }
}

/// Counts a call that nobody waited for.
struct Under<'a> {
    meter: &'a Meter,
    operation: &'static str,
    ended: bool,
}

impl Drop for Under<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.meter.change(self.operation, |figures| figures.abandoned += 1);
        }
    }
}

impl Layer for Meter {
    async fn call<T: Send>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, ExchangeError>> + Send,
    ) -> Result<T, ExchangeError> {
        let mut under = Under { meter: self, operation: call.operation, ended: false };
        let began = Instant::now();
        let done = future.await;
        let took = began.elapsed();
        under.ended = true;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = (64 - micros.leading_zeros() as usize).min(CLASSES - 1);
        self.change(call.operation, |figures| {
            figures.calls += 1;
            figures.failures += u64::from(done.is_err());
            figures.unknown += u64::from(matches!(done, Err(ExchangeError::OutcomeUnknown { .. })));
            figures.rate_limited += u64::from(matches!(done, Err(ExchangeError::RateLimited { .. })));
            figures.longest = figures.longest.max(took);
            figures.total += took;
            if let Some(count) = figures.classes.get_mut(class) {
                *count += 1;
            }
        });
        done
    }
}
