//! One HTTP request and its answer, as text.

use std::fmt;
use std::time::Duration;

use qtp_core::ExchangeError;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use super::budget::{Charge, Priority};

/// The verbs that venues use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// As sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request, exactly as it goes out: nothing in it is encoded or ordered again after it was signed.
///
/// `Debug` shows method, path and sizes; query, header values and body may hold keys and signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What it does, for errors.
    pub operation: &'static str,
    /// Verb.
    pub method: Method,
    /// From the first `/` on.
    pub path: String,
    /// Encoded query without the `?`; empty for none.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body, and its `content-type`.
    pub body: Option<(&'static str, String)>,
    /// What it costs.
    pub charges: Vec<Charge>,
    /// Whether it may use the reserve. A cancel always may.
    pub priority: Priority,
    /// A limit of its own instead of the settings'.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request without query, headers, body or cost.
    pub fn new(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self {
            operation,
            method,
            path: path.into(),
            query: String::new(),
            headers: Vec::new(),
            body: None,
            charges: Vec::new(),
            priority: Priority::Normal,
            timeout: None,
        }
    }

    /// A GET.
    pub fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self::new(operation, Method::Get, path)
    }

    /// A POST of JSON text.
    pub fn post_json(operation: &'static str, path: impl Into<String>, body: impl Into<String>) -> Self {
        let mut request = Self::new(operation, Method::Post, path);
        request.body = Some(("application/json", body.into()));
        request
    }

    /// With this encoded query.
    #[must_use]
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }

    /// With one more header; its name in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a cost in the budget's limit at this place.
    #[must_use]
    pub fn charge(mut self, limit: usize, weight: u32) -> Self {
        self.charges.push(Charge { limit, weight });
        self
    }

    /// May use the part of the budget that is kept for exits.
    #[must_use]
    pub fn exit(mut self) -> Self {
        self.priority = Priority::Exit;
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query_bytes", &self.query.len())
            .field("headers", &self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>())
            .field("body_bytes", &self.body.as_ref().map(|(_, body)| body.len()))
            .field("charges", &self.charges)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

/// An answer that arrived whole: of status 2xx, or 4xx with the venue's reason in its body.
#[derive(Clone)]
pub struct Reply {
    pub(super) operation: &'static str,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    /// What was asked.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, unread: decimal numbers in it are still exact.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`ExchangeError::Decode`] with line and column, if it is not what `T` reads.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ExchangeError> {
        serde_json::from_str(&self.text).map_err(|source| ExchangeError::Decode {
            operation: self.operation,
            what: format!("answer of {} bytes with status {}", self.text.len(), self.status),
            source: Box::new(source),
        })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("operation", &self.operation)
            .field("status", &self.status)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}
