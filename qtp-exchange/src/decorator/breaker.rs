//! A venue that fails again and again is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use qtp_core::ExchangeError;
use tokio::time::Instant;

use super::call::{Call, CallKind, Layer};
use super::decorated::Decorated;

/// An exchange behind a circuit breaker.
///
/// Consecutive failed reads open it. While it is open, reads and orders that add risk fail at once, without being made;
/// cancels, protective orders and closes pass always. After a while one read is let through as a probe: if it succeeds
/// the breaker closes, else it stays open for twice as long.
pub type Breaker<E> = Decorated<E, BreakerLayer>;

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Failed reads in a row that open it.
    pub failures: u32,
    /// How long it stays open the first time.
    pub first: Duration,
    /// The longest that it stays open.
    pub longest: Duration,
}

impl Default for BreakerLimits {
    /// Five failures; a second, doubling up to a minute.
    fn default() -> Self {
        Self { failures: 5, first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }
}

/// The state of a breaker.
#[derive(Debug)]
pub struct BreakerLayer {
    limits: BreakerLimits,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        length: Duration,
    },
    /// A probe is under way.
    Probing,
}

impl BreakerLayer {
    /// A closed breaker.
    pub const fn new(limits: BreakerLimits) -> Self {
        Self { limits, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// True while it lets reads pass.
    pub fn is_closed(&self) -> bool {
        self.with(|state| matches!(state, State::Closed { .. }))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a read may be made now, and whether it is the probe.
    fn admit(&self, operation: &'static str) -> Result<Option<Probe<'_>>, ExchangeError> {
        let now = Instant::now();
        self.with(|state| match *state {
            State::Closed { .. } => Ok(None),
            State::Open { until, length } if until <= now => {
                *state = State::Probing;
                Ok(Some(Probe { layer: self, length }))
            }
            State::Open { until, .. } => {
                let source = format!("circuit breaker open for another {:?}", until - now).into();
                Err(ExchangeError::Transport { operation, source })
            }
            State::Probing => {
                let source = "circuit breaker open, a probe is under way".into();
                Err(ExchangeError::Transport { operation, source })
            }
        })
    }

    fn count(&self, failed: bool) {
        let now = Instant::now();
        self.with(|state| match state {
            State::Closed { failures } if failed => {
                *failures += 1;
                if *failures >= self.limits.failures {
                    let length = self.limits.first;
                    *state = State::Open { until: now + length, length };
                }
            }
            State::Closed { failures } => *failures = 0,
            // Calls that began before it opened say nothing new.
            State::Open { .. } | State::Probing => {}
        });
    }
}

/// A probe that is dropped without a result has failed: else nobody would ever probe again.
struct Probe<'a> {
    layer: &'a BreakerLayer,
    length: Duration,
}

impl Probe<'_> {
    fn succeeded(self) {
        self.layer.with(|state| *state = State::Closed { failures: 0 });
    }
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        let length = self.length.saturating_mul(2).min(self.layer.limits.longest);
        self.layer.with(|state| {
            if let State::Probing = state {
                *state = State::Open { until: Instant::now() + length, length };
            }
        });
    }
}

/// A failure of the connection or the venue, as against an answer that we do not like.
const fn is_failure(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Transport { .. } | ExchangeError::Timeout { .. })
}

impl Layer for BreakerLayer {
    async fn call<T: Send>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, ExchangeError>> + Send,
    ) -> Result<T, ExchangeError> {
        if call.is_exit() {
            return future.await;
        }
        if let CallKind::Submit { .. } = call.kind {
            // A submit is no probe: it must not be the one to find out.
            if !self.is_closed() {
                let source = "circuit breaker open".into();
                return Err(ExchangeError::Transport { operation: call.operation, source });
            }
            return future.await;
        }
        let probe = self.admit(call.operation)?;
        let done = future.await;
        let failed = done.as_ref().is_err_and(is_failure);
        match probe {
            Some(probe) if !failed => probe.succeeded(),
            Some(probe) => drop(probe),
            None => self.count(failed),
        }
        done
    }
}
