//! For how long a venue may act on a request.

use std::time::Duration;

use qtp_core::{ExchangeError, Reason, Timestamp};

/// The longest receive window that is asked for: an order gets old.
const WINDOW_MAX: Duration = Duration::from_secs(60);

/// The receive window of an order that is sent at `at`: `usual`, or what its validity leaves.
///
/// # Errors
/// `Rejected` for an order that is no longer valid.
pub(crate) fn receive_window(
    usual: Duration,
    valid_until: Option<Timestamp>,
    at: Timestamp,
) -> Result<Duration, ExchangeError> {
    let Some(until) = valid_until else { return Ok(usual) };
    let left = Duration::from_millis(until.since(at).as_millis().try_into().unwrap_or(u64::MAX));
    if left.is_zero() {
        let reason = Reason::new("expired", format!("the order was valid until {until}"));
        return Err(ExchangeError::Rejected { operation: "submit", reason });
    }
    Ok(left.min(WINDOW_MAX))
}
