//! The lines of a recording: a header, then one reply a line.

use std::time::Duration;

use qtp_core::{DecisionError, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::model::{ChatReply, ProviderError};

/// Version of the lines.
pub(super) const VERSION: u32 = 2;

/// First line: whose replies these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) v: u32,
    pub(super) provider: String,
    pub(super) model: String,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Number of the decision that it belongs to.
    pub(super) decision: u64,
    pub(super) as_of: Timestamp,
    pub(super) answer: Answer,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Replied(ChatReply),
    Failed(Failure),
}

/// An error, in a form that can be stored and rebuilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    /// As [`DecisionError::code`].
    code: String,
    /// The variable part of the message.
    detail: String,
    retryable: bool,
    /// A limit or a hint, where the error has one.
    millis: Option<u64>,
    /// The provider's own error, where it caused this one: status and code.
    #[serde(default)]
    provider: Option<(u16, String)>,
}

/// The words of a recorded cause.
#[derive(Debug, Error)]
#[error("{0}")]
struct RecordedCause(String);

impl Failure {
    pub(super) fn of(error: &DecisionError) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let own = ProviderError::behind(error);
        let (detail, millis) = match error {
            DecisionError::Call { .. } if own.is_some() => {
                (own.map(|own| own.message.clone()).unwrap_or_default(), None)
            }
            DecisionError::Call { source, .. } => (source.to_string(), None),
            DecisionError::Timeout { limit, .. } => (String::new(), Some(millis(*limit))),
            DecisionError::RateLimited { retry_after, .. } => (String::new(), retry_after.map(millis)),
            DecisionError::Invalid { problem, .. } => (problem.clone(), None),
            DecisionError::NotRecorded { key, .. } => (key.clone(), None),
            DecisionError::Budget { budget, .. } => (budget.clone(), None),
            other => (other.to_string(), None),
        };
        let provider = own.map(|own| (own.status, own.code.clone()));
        Self { code: error.code().to_owned(), detail, retryable: error.is_retryable(), millis, provider }
    }

    /// The error again; a code of a later version becomes a failed call.
    pub(super) fn rebuild(&self, engine: &str) -> DecisionError {
        let (engine, detail) = (engine.to_owned(), self.detail.clone());
        let duration = self.millis.map(Duration::from_millis);
        match self.code.as_str() {
            "timeout" => DecisionError::Timeout { engine, limit: duration.unwrap_or_default() },
            "rate_limited" => DecisionError::RateLimited { engine, retry_after: duration },
            "invalid_output" => DecisionError::Invalid { engine, problem: detail },
            "not_recorded" => DecisionError::NotRecorded { engine, key: detail },
            "budget" => DecisionError::Budget { engine, budget: detail },
            _ => {
                let retryable = self.retryable;
                let source: qtp_core::Source = match self.provider.clone() {
                    Some((status, code)) => Box::new(ProviderError { status, code, message: detail }),
                    None => Box::new(RecordedCause(detail)),
                };
                DecisionError::Call { engine, retryable, source }
            }
        }
    }
}
