//! Reads and cancels may be tried again; submits never are.

use std::future::Future;
use std::time::Duration;

use qtp_core::ExchangeError;

use super::settings::LiveSettings;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// Growing waits with jitter, so that many clients do not come back at once.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    tries: u32,
    state: u64,
}

impl Backoff {
    pub(super) const fn new(seed: u64) -> Self {
        Self { tries: 0, state: seed | 1 }
    }

    /// The next wait: between half and all of a span that doubles, up to 30 s.
    pub(super) fn next(&mut self) -> Duration {
        let span = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        span / 2 + (span / 2).mul_f64((self.state % 1000) as f64 / 1000.0)
    }

    pub(super) const fn reset(&mut self) {
        self.tries = 0;
    }
}

/// One read with its limit of time.
pub(super) async fn timed<T>(
    operation: &'static str,
    limit: Duration,
    call: impl Future<Output = Result<T, ExchangeError>>,
) -> Result<T, ExchangeError> {
    let timeout = |_| ExchangeError::Timeout { operation, limit };
    tokio::time::timeout(limit, call).await.map_err(timeout)?
}

/// A read, tried again while that may help.
pub(super) async fn read<T, F>(
    operation: &'static str,
    settings: &LiveSettings,
    seed: u64,
    mut call: impl FnMut() -> F,
) -> Result<T, ExchangeError>
where
    F: Future<Output = Result<T, ExchangeError>>,
{
    let mut backoff = Backoff::new(seed);
    let mut attempt = 1;
    loop {
        let error = match timed(operation, settings.read_timeout, call()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.is_retryable() || attempt >= settings.read_attempts {
            return Err(error);
        }
        attempt += 1;
        let wait = backoff.next();
        tokio::time::sleep(error.retry_after().map_or(wait, |hint| hint.clamp(wait, LONGEST))).await;
    }
}
