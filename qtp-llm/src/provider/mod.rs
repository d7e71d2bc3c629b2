//! Providers of models: what travels to each, and what is read from its answers.

#[cfg(feature = "anthropic")]
mod anthropic;
#[cfg(feature = "gemini")]
mod gemini;
mod http;
#[cfg(feature = "openai")]
mod openai;
mod sse;

#[cfg(feature = "anthropic")]
pub use anthropic::AnthropicModel;
#[cfg(feature = "gemini")]
pub use gemini::GeminiModel;
#[cfg(feature = "openai")]
pub use openai::{OpenAiModel, Provider};

use crate::error::LlmError;

/// Figures of what a call used; none where they cannot be read: a decision is not lost over its bill.
#[cfg(any(feature = "anthropic", feature = "gemini"))]
fn figures<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned + Default,
{
    let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

/// A model's name goes into a URL or a JSON string as it is.
fn check_model(model: &str) -> Result<(), LlmError> {
    if !model.is_empty() && model.len() <= 200 && model.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    let problems = vec!["model must be 1 to 200 printable characters without spaces".to_owned()];
    Err(LlmError::Settings { what: "chat", problems })
}
