//! The lines of a recording: a header, then one answer a line.

use std::time::Duration;

use qtp_core::{Decision, DecisionError, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the lines.
pub(super) const VERSION: u32 = 1;

/// First line: whose answers these are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) v: u32,
    pub(super) engine: String,
    pub(super) model: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Hash of the whole request, to tell two requests with the same picture apart.
    pub(super) digest: String,
    pub(super) as_of: Timestamp,
    pub(super) answer: Answer,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Decided(Decision),
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
}

/// The words of a recorded cause.
#[derive(Debug, Error)]
#[error("{0}")]
struct RecordedCause(String);

impl Failure {
    pub(super) fn of(error: &DecisionError) -> Self {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (detail, millis) = match error {
            DecisionError::Call { source, .. } => (source.to_string(), None),
            DecisionError::Timeout { limit, .. } => (String::new(), Some(millis(*limit))),
            DecisionError::RateLimited { retry_after, .. } => (String::new(), retry_after.map(millis)),
            DecisionError::Invalid { problem, .. } => (problem.clone(), None),
            DecisionError::NotRecorded { key, .. } => (key.clone(), None),
            DecisionError::Budget { budget, .. } => (budget.clone(), None),
            other => (other.to_string(), None),
        };
        Self { code: error.code().to_owned(), detail, retryable: error.is_retryable(), millis }
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
                let source = Box::new(RecordedCause(detail));
                DecisionError::Call { engine, retryable: self.retryable, source }
            }
        }
    }
}
