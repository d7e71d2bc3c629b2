//! The venue's time, by our clock and how far it is off.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use qtp_core::port::Clock;
use qtp_core::{ExchangeError, Timestamp};

/// How long a measurement holds: clocks drift some milliseconds in this time.
const HOLDS: Duration = Duration::from_secs(600);

/// Our clock set to a venue's. The offset is measured before the first signed request and every ten minutes.
#[derive(Debug)]
pub struct VenueClock {
    clock: Arc<dyn Clock>,
    measured: Mutex<Option<Measured>>,
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    /// Nanoseconds that the venue is ahead of us.
    ahead: i64,
    at: Timestamp,
}

impl VenueClock {
    /// Nothing is measured yet: until then our own time stands for the venue's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, measured: Mutex::new(None) }
    }

    /// Our own time.
    pub fn ours(&self) -> Timestamp {
        self.clock.now()
    }

    /// The venue's time by the last measurement.
    pub fn now(&self) -> Timestamp {
        self.venues(self.ours())
    }

    /// An instant of our clock as the venue's clock shows it.
    pub fn venues(&self, ours: Timestamp) -> Timestamp {
        let ahead = self.with(|measured| measured.map_or(0, |measured| measured.ahead));
        Timestamp::from_nanos(ours.as_nanos().saturating_add(ahead))
    }

    /// How far the clocks lie apart, and whether ours is behind.
    pub fn offset(&self) -> (Duration, bool) {
        let ahead = self.with(|measured| measured.map_or(0, |measured| measured.ahead));
        (Duration::from_nanos(ahead.unsigned_abs()), ahead > 0)
    }

    /// The venue's time, measured anew where the last measurement is old. If that fails an older one stands in.
    ///
    /// # Errors
    /// What `ask` returns, if nothing was ever measured.
    pub async fn synced<F>(&self, ask: impl FnOnce() -> F + Send) -> Result<Timestamp, ExchangeError>
    where
        F: Future<Output = Result<Timestamp, ExchangeError>> + Send,
    {
        let before = self.ours();
        if self.with(|measured| measured.is_some_and(|measured| before.since(measured.at) < HOLDS)) {
            return Ok(self.now());
        }
        match ask().await {
            Ok(venues) => {
                let after = self.ours();
                // The venue looked at its clock somewhere between question and answer.
                let middle = before + after.since(before) / 2;
                let ahead = venues.as_nanos().saturating_sub(middle.as_nanos());
                self.with(|measured| *measured = Some(Measured { ahead, at: after }));
            }
            Err(error) if self.with(|measured| measured.is_none()) => return Err(error),
            Err(_) => {}
        }
        Ok(self.now())
    }

    /// The venue doubts our time: the next request measures again.
    pub fn doubt(&self) {
        self.with(|measured| {
            if let Some(measured) = measured {
                measured.at = Timestamp::from_nanos(i64::MIN);
            }
        });
    }

    /// # Errors
    /// `Auth` if the clocks lie further apart than `most`: the ends of our orders would mean nothing to the venue.
    pub fn within(&self, operation: &'static str, most: Duration) -> Result<(), ExchangeError> {
        let (offset, behind) = self.offset();
        if offset <= most {
            return Ok(());
        }
        let message = format!(
            "our clock is {:.3} s {} the venue's, more than the {most:?} for which a request is valid: set the clock",
            offset.as_secs_f64(),
            if behind { "behind" } else { "ahead of" },
        );
        Err(ExchangeError::Auth { operation, message })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Measured>) -> T) -> T {
        act(&mut self.measured.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use qtp_core::port::SimClock;

    use super::*;

    #[tokio::test]
    async fn the_offset_is_measured_once_and_again_in_doubt() {
        let ours = Timestamp::from_secs(1_000);
        let clock = VenueClock::new(Arc::new(SimClock::new(ours)));
        let failed = clock.synced(|| async { Err(ExchangeError::Closed { operation: "time" }) }).await;
        assert!(failed.is_err(), "nothing was measured");
        let at = |seconds| move || async move { Ok(Timestamp::from_secs(seconds)) };
        assert_eq!(clock.synced(at(1_003)).await.unwrap(), Timestamp::from_secs(1_003));
        assert_eq!(clock.synced(at(9_999)).await.unwrap(), Timestamp::from_secs(1_003), "it holds");
        assert_eq!(clock.offset(), (Duration::from_secs(3), true));
        assert!(clock.within("submit", Duration::from_secs(5)).is_ok());
        let error = clock.within("submit", Duration::from_secs(2)).unwrap_err().to_string();
        assert!(error.contains("our clock is 3.000 s behind the venue's"), "{error}");
        clock.doubt();
        assert_eq!(clock.synced(at(998)).await.unwrap(), Timestamp::from_secs(998));
        assert_eq!(clock.offset(), (Duration::from_secs(2), false));
    }
}
