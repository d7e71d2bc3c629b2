//! The venue's answers as domain values.

mod account;
mod fill;
mod market;
mod session;
mod stream;

use qtp_core::{ClientOrderId, ExchangeError, Reason};
use serde::Deserialize;

pub use account::{AccountSettings, account_settings, acknowledged, cash, instruments, orders, positions};
pub use fill::{AccountUpdate, account_updates, fills};
pub use market::{Page, candles, last_quotes, last_trades, quotes, trades};
pub use session::{MarketClock, Session, calendar, market_clock, order_book};
pub use stream::{MarketUpdate, market_updates};

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

/// As [`error_of`], for a submit. An id that was used already stands for an order that may live: it is looked up, not
/// taken for refused.
pub fn submit_error_of(id: ClientOrderId, status: u16, text: &str) -> ExchangeError {
    match error_of("submit", status, text) {
        // A front end that says neither yes nor no.
        ExchangeError::Transport { source, .. } => {
            ExchangeError::OutcomeUnknown { client_order_id: id, source }
        }
        ExchangeError::Rejected { reason, .. }
            if reason.message.contains("client_order_id must be unique") =>
        {
            ExchangeError::OutcomeUnknown { client_order_id: id, source: reason.to_string().into() }
        }
        error => error,
    }
}
