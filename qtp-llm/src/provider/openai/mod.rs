//! Any server that speaks OpenAI's chat-completions protocol.
//!
//! Protocols: <https://platform.openai.com/docs/api-reference/chat>, <https://openrouter.ai/docs/api-reference>.

mod body;
mod host;
mod reply;
mod stream;

use async_trait::async_trait;
use qtp_core::DecisionError;

pub use host::Provider;

use super::check_model;
use super::http::{Address, Endpoint};
use crate::error::LlmError;
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest};
use crate::secret::Secret;
use crate::settings::ChatSettings;

/// A model behind an OpenAI-compatible API. Must be called within a tokio runtime with I/O and time.
#[derive(Debug)]
pub struct OpenAiModel {
    provider: Provider,
    model: String,
    settings: ChatSettings,
    endpoint: Endpoint,
}

impl OpenAiModel {
    /// A model; makes no call.
    ///
    /// # Errors
    /// [`LlmError::MissingKey`] if the provider's own address needs a key, [`LlmError::Settings`] with every problem
    /// of the settings, [`LlmError::Client`] if TLS cannot be set up.
    pub fn new(
        provider: Provider,
        model: &str,
        key: Option<Secret>,
        settings: &ChatSettings,
    ) -> Result<Self, LlmError> {
        settings.validate()?;
        check_model(model)?;
        let key = key.filter(|key| !key.is_empty());
        if let (None, None, Some(variable)) = (&key, &settings.base_url, provider.key_variable()) {
            return Err(LlmError::MissingKey { engine: provider.name(), variable });
        }
        let mut headers = Vec::new();
        if provider == Provider::OpenRouter {
            let named = [("http-referer", &settings.referer), ("x-title", &settings.title)];
            headers.extend(named.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?))));
        }
        let address = Address {
            provider: provider.name(),
            base: settings.base_url.as_deref().unwrap_or(provider.base_url()),
            path: "/chat/completions".to_owned(),
            key: key.as_ref().map(|key| ("authorization", "Bearer ", key)),
            headers,
        };
        let endpoint = Endpoint::new(&address, settings)?;
        Ok(Self { provider, model: model.to_owned(), settings: settings.clone(), endpoint })
    }
}

#[async_trait]
impl ChatModel for OpenAiModel {
    fn provider(&self) -> &str {
        self.provider.name()
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, request: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        let body = body::body(self.provider, &self.model, request, &self.settings);
        let answer = self.endpoint.post(&body).await?;
        if let Some(error) = self.endpoint.refusal(&answer) {
            return Err(error);
        }
        if answer.is_stream {
            return stream::reply(self.provider, &self.endpoint, &answer);
        }
        reply::reply(self.provider, &self.endpoint, &answer)
    }
}
