//! The venue's answers as domain values.

mod account;
mod market;

use qtp_core::{ExchangeError, Reason};
use serde::Deserialize;

pub use account::{cash, instruments, orders, positions};
pub use market::{Page, candles, last_quotes, last_trades, quotes, trades};

/// What a refusal with HTTP status 4xx means. The venue's codes begin with the status.
pub fn error_of(operation: &'static str, status: u16, text: &str) -> ExchangeError {
    #[derive(Deserialize)]
    struct Refusal {
        code: Option<i64>,
        message: String,
    }
    let Ok(Refusal { code, message }) = serde_json::from_str(text) else {
        // A front end of the venue: it never reached the part that knows codes.
        let source = format!("HTTP status {status}").into();
        return ExchangeError::Transport { operation, source };
    };
    match (status, code) {
        (401, _) => ExchangeError::Auth { operation, message },
        // A plan that does not reach so far; other codes of 403 are about the order.
        (403, None) => ExchangeError::Auth { operation, message },
        _ => {
            let code = code.unwrap_or_else(|| i64::from(status)).to_string();
            ExchangeError::Rejected { operation, reason: Reason::new(code, message) }
        }
    }
}
