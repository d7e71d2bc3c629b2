//! The envelope of every answer, and what its codes mean.

use qtp_core::{ClientOrderId, ExchangeError, Reason};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::native::read;

/// A list that may go on at its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was on this page.
    pub items: Vec<T>,
    /// Where the next one begins; `None` at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
    ///
    /// # Errors
    /// The first one of `change`.
    pub(super) fn try_map<U>(
        self,
        change: impl FnMut(T) -> Result<U, ExchangeError>,
    ) -> Result<Page<U>, ExchangeError> {
        Ok(Page { items: self.items.into_iter().map(change).collect::<Result<_, _>>()?, next: self.next })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    ret_code: i64,
    #[serde(default)]
    ret_msg: String,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// The result of an answer, as JSON text. HTTP is 200 for refusals too: the code decides.
///
/// # Errors
/// `RateLimited`, `Auth`, `Transport` or `Rejected` by the venue's code; `Decode` for what is no answer.
pub fn result<'a>(operation: &'static str, text: &'a str) -> Result<&'a str, ExchangeError> {
    let envelope: Envelope<'a> = read(operation, "answer", text)?;
    if envelope.ret_code != 0 {
        return Err(refusal(operation, envelope.ret_code, envelope.ret_msg));
    }
    Ok(envelope.result.map_or("{}", RawValue::get))
}

/// As [`result`], for a submit: where the venue itself does not know, neither do we.
///
/// # Errors
/// As [`result`], and `OutcomeUnknown`.
pub fn submit_result(id: ClientOrderId, text: &str) -> Result<&str, ExchangeError> {
    result("submit", text).map_err(|error| match error {
        ExchangeError::Transport { source, .. } | ExchangeError::Decode { source, .. } => {
            ExchangeError::OutcomeUnknown { client_order_id: id, source }
        }
        error => error,
    })
}

fn refusal(operation: &'static str, code: i64, message: String) -> ExchangeError {
    match code {
        10006 | 10018 => ExchangeError::RateLimited { operation, retry_after: None },
        10002..=10005 | 10010 | 10029 => ExchangeError::Auth { operation, message },
        // A fault of the server, and a request that is still being worked on.
        10000 | 10016 | 110_079 => ExchangeError::Transport { operation, source: message.into() },
        _ => ExchangeError::Rejected { operation, reason: Reason::new(code.to_string(), message) },
    }
}

/// Reads the result's list.
pub(super) fn list<'a, T: Deserialize<'a>>(
    operation: &'static str,
    what: &str,
    text: &'a str,
) -> Result<Page<T>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct List<T> {
        list: Vec<T>,
        next_page_cursor: Option<String>,
    }
    let list: List<T> = read(operation, what, result(operation, text)?)?;
    let next = list.next_page_cursor.filter(|cursor| !cursor.is_empty());
    Ok(Page { items: list.list, next })
}

/// A value as text, where the venue writes an empty text for none.
pub(super) fn blank<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = <Option<std::borrow::Cow<'de, str>>>::deserialize(deserializer)?;
    match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// Milliseconds as text.
pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
