//! Google's Gemini in its own protocol.
//!
//! Protocol: <https://ai.google.dev/api/generate-content>.

mod body;
mod reply;

use async_trait::async_trait;
use qtp_core::DecisionError;

use super::check_model;
use super::http::{Address, Endpoint};
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};
use crate::secret::Secret;
use crate::settings::ChatSettings;

const BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta";
const NAME: &str = "gemini";

/// A Gemini model. Must be called within a tokio runtime with I/O and time.
#[derive(Debug)]
pub struct GeminiModel {
    model: String,
    endpoint: Endpoint,
}

impl GeminiModel {
    /// A model; makes no call.
    ///
    /// # Errors
    /// [`LlmError::MissingKey`] if Google's own address is used without a key, [`LlmError::Settings`] with every
    /// problem of the settings, [`LlmError::Client`] if TLS cannot be set up.
    pub fn new(model: &str, key: Option<Secret>, settings: &ChatSettings) -> Result<Self, LlmError> {
        settings.validate()?;
        check_model(model)?;
        if !model.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte)) {
            let problems = vec!["model must be letters, digits, `-`, `.`, `_` and `/`".to_owned()];
            return Err(LlmError::Settings { what: "chat", problems });
        }
        let key = key.filter(|key| !key.is_empty());
        if key.is_none() && settings.base_url.is_none() {
            return Err(LlmError::MissingKey { engine: NAME, variable: "GEMINI_API_KEY" });
        }
        let call = if settings.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let address = Address {
            provider: NAME,
            base: settings.base_url.as_deref().unwrap_or(BASE_URL),
            path: format!("/models/{model}:{call}"),
            key: key.as_ref().map(|key| ("x-goog-api-key", "", key)),
            headers: Vec::new(),
        };
        Ok(Self { model: model.to_owned(), endpoint: Endpoint::new(&address, settings)? })
    }
}

#[async_trait]
impl ChatModel for GeminiModel {
    fn provider(&self) -> &str {
        NAME
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let answer = self.endpoint.post(&body::body(&self.model, request)).await?;
        reply::reply(&self.endpoint, &answer)
    }
}
