//! Anthropic's models in their own protocol.
//!
//! Protocol: <https://platform.claude.com/docs/en/api/messages>.

mod body;
mod reply;
mod stream;

use async_trait::async_trait;
use qtp_core::DecisionError;

use super::check_model;
use super::http::{Address, Endpoint};
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};
use crate::secret::Secret;
use crate::settings::ChatSettings;

const BASE_URL: &str = "https://api.anthropic.com/v1";
const NAME: &str = "anthropic";
const VERSION: &str = "2023-06-01";

/// One of Anthropic's models. Must be called within a tokio runtime with I/O and time.
#[derive(Debug)]
pub struct AnthropicModel {
    model: String,
    stream: bool,
    endpoint: Endpoint,
}

impl AnthropicModel {
    /// A model; makes no call.
    ///
    /// # Errors
    /// [`LlmError::MissingKey`] if Anthropic's own address is used without a key, [`LlmError::Settings`] with every
    /// problem of the settings, [`LlmError::Client`] if TLS cannot be set up.
    pub fn new(model: &str, key: Option<Secret>, settings: &ChatSettings) -> Result<Self, LlmError> {
        settings.validate()?;
        check_model(model)?;
        let key = key.filter(|key| !key.is_empty());
        if key.is_none() && settings.base_url.is_none() {
            return Err(LlmError::MissingKey { engine: NAME, variable: "ANTHROPIC_API_KEY" });
        }
        let address = Address {
            provider: NAME,
            base: settings.base_url.as_deref().unwrap_or(BASE_URL),
            path: "/messages".to_owned(),
            key: key.as_ref().map(|key| ("x-api-key", "", key)),
            headers: vec![("anthropic-version", VERSION)],
        };
        let endpoint = Endpoint::new(&address, settings)?;
        Ok(Self { model: model.to_owned(), stream: settings.stream, endpoint })
    }
}

#[async_trait]
impl ChatModel for AnthropicModel {
    fn provider(&self) -> &str {
        NAME
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let answer = self.endpoint.post(&body::body(&self.model, request, self.stream)).await?;
        if let Some(error) = self.endpoint.refusal(&answer) {
            return Err(error);
        }
        if answer.is_stream {
            stream::reply(&self.endpoint, &answer)
        } else {
            reply::reply(&self.endpoint, &answer)
        }
    }
}
