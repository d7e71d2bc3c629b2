//! The envelope of every answer, and what its codes mean.

use qtp_core::{ClientOrderId, ExchangeError, Reason, VenueOrderId};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::native::{read, refused};

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
        // An id that was used already stands for an order that may live.
        ExchangeError::Rejected { reason, .. } if matches!(reason.code.as_str(), "110072" | "170141") => {
            ExchangeError::OutcomeUnknown { client_order_id: id, source: reason.to_string().into() }
        }
        error => error,
    })
}

/// The venue's id in the answer to a submit.
///
/// # Errors
/// `Decode`.
pub fn acknowledged(result: &str) -> Result<VenueOrderId, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Taken<'a> {
        #[serde(borrow)]
        order_id: std::borrow::Cow<'a, str>,
    }
    let taken: Taken<'_> = read("submit", "answer", result)?;
    taken.order_id.parse().map_err(refused("submit", "order id"))
}

/// True for an answer that refuses our time stamp.
pub fn is_clock_error(text: &str) -> bool {
    serde_json::from_str::<Envelope<'_>>(text).is_ok_and(|envelope| envelope.ret_code == 10002)
}

/// True for an order that the venue does not know, or that does not work any more.
pub fn is_unknown_order(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Rejected { reason, .. }
        if matches!(reason.code.as_str(), "110001" | "170213" | "170142"))
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
