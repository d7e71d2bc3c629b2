//! What makes two calls the same question.

use std::fmt::Write as _;

use qtp_core::DecisionError;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::canonical;
use crate::model::ChatRequest;

/// The key under which a reply is recorded: SHA-256, in hex, of provider, model and everything in the request, which is
/// parameters, messages, tools and schema.
///
/// # Errors
/// [`DecisionError::Call`] if the request cannot be written as JSON, which no request built from this crate's types
/// causes.
pub fn request_key(provider: &str, model: &str, request: &ChatRequest) -> Result<String, DecisionError> {
    #[derive(Serialize)]
    struct Question<'a> {
        provider: &'a str,
        model: &'a str,
        request: &'a ChatRequest,
    }
    let question = serde_json::to_value(Question { provider, model, request }).map_err(|source| {
        DecisionError::Call { engine: provider.to_owned(), retryable: false, source: Box::new(source) }
    })?;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(canonical::json(&question).as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
