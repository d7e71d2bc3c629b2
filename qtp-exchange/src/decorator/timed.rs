//! Limits of time.

use std::time::Duration;

use qtp_core::ExchangeError;
use tokio::time::timeout;

use super::call::{Call, CallKind, Layer};
use super::decorated::Decorated;

/// An exchange whose calls end within a limit. A submit or change that does not is
/// [`OutcomeUnknown`](ExchangeError::OutcomeUnknown), everything else a [`Timeout`](ExchangeError::Timeout).
pub type Timed<E> = Decorated<E, TimeLimits>;

/// How long a call may take, retries of the adapter included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Reads and settings.
    pub read: Duration,
    /// Cancels.
    pub cancel: Duration,
    /// Submits and changes.
    pub submit: Duration,
}

impl Default for TimeLimits {
    /// A minute for reads, 20 s for cancels, 15 s for submits.
    fn default() -> Self {
        Self {
            read: Duration::from_secs(60),
            cancel: Duration::from_secs(20),
            submit: Duration::from_secs(15),
        }
    }
}

impl Layer for TimeLimits {
    async fn call<T: Send>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, ExchangeError>> + Send,
    ) -> Result<T, ExchangeError> {
        let limit = match call.kind {
            CallKind::Read => self.read,
            CallKind::Cancel => self.cancel,
            CallKind::Submit { .. } => self.submit,
        };
        match (timeout(limit, future).await, call.kind) {
            (Ok(done), _) => done,
            (Err(late), CallKind::Submit { client_order_id, .. }) => {
                Err(ExchangeError::OutcomeUnknown { client_order_id, source: Box::new(late) })
            }
            (Err(_), _) => Err(ExchangeError::Timeout { operation: call.operation, limit }),
        }
    }
}
