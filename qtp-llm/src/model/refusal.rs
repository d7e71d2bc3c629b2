//! A provider's own error, and what can be done about it.

use std::fmt;
#[cfg(feature = "http")]
use std::time::Duration;

use qtp_core::DecisionError;

/// Longest piece of a provider's words that is kept.
const WORDS_MAX: usize = 500;

/// The provider's own error, in its words: the cause inside [`DecisionError::Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    /// HTTP status, or the one that an error in a successful response stands for.
    pub status: u16,
    /// The provider's code or type of error; may be empty.
    pub code: String,
    /// Its words, bounded and on one line; may be empty.
    pub message: String,
}

impl ProviderError {
    /// The provider's error behind a failed call, if that is what failed it.
    pub fn behind(error: &DecisionError) -> Option<&Self> {
        match error {
            DecisionError::Call { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }

    /// The request itself was not liked: another form of it may be.
    pub(crate) fn dislikes_request(&self) -> bool {
        matches!(self.status, 400 | 404 | 415 | 422 | 501) && !self.is_too_long() && !self.is_key()
    }

    /// No form of the request will fit into the model.
    fn is_too_long(&self) -> bool {
        let text = format!("{} {}", self.code, self.message).to_ascii_lowercase();
        ["context_length", "context length", "context window", "prompt is too long", "too many tokens"]
            .iter()
            .any(|words| text.contains(words))
    }

    /// A bad key is reported as a bad request by some.
    fn is_key(&self) -> bool {
        let text = format!("{} {}", self.code, self.message).to_ascii_lowercase();
        text.contains("api key") || text.contains("api_key")
    }

    /// Waiting does not refill a quota.
    #[cfg(feature = "http")]
    fn is_quota(&self) -> bool {
        self.code.contains("insufficient_quota") || self.message.contains("insufficient_quota")
    }

    /// The error of the port that this one amounts to.
    #[cfg(feature = "http")]
    pub(crate) fn into_decision_error(self, engine: &str, retry_after: Option<Duration>) -> DecisionError {
        let engine = engine.to_owned();
        if self.status == 429 && !self.is_quota() {
            return DecisionError::RateLimited { engine, retry_after };
        }
        let passes = matches!(self.status, 408 | 409 | 425) || (500..600).contains(&self.status);
        let retryable = passes && self.status != 501 && !self.is_quota();
        DecisionError::Call { engine, retryable, source: Box::new(self) }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if !self.code.is_empty() && self.code != self.status.to_string() {
            write!(f, " ({})", self.code)?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for ProviderError {}

/// A bounded piece of text from outside, on one line.
pub(crate) fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect()
}
