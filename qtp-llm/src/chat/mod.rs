//! A chat model behind an OpenAI-compatible API.

mod check;
mod client;
mod parse;
mod prompt;
mod provider;
mod schema;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest};
use rust_decimal::Decimal;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use client::{Http, HttpAnswer, Transport};
use prompt::Prompt;
pub use provider::Provider;
use wire::{CallUsage, Message, Reply};

use crate::error::LlmError;
use crate::secret::Secret;
use crate::settings::ChatSettings;

/// Longest piece of a refused answer that is shown to the model again, in characters.
const ECHO_MAX: usize = 16_000;

/// What the calls of one engine used so far, as the provider states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Calls made, failed ones included.
    pub calls: u64,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers, reasoning included.
    pub completion_tokens: u64,
    /// Cost in USD, where the provider states it.
    pub cost: Decimal,
}

/// Asks a chat model, and lets nothing through that does not make sense for the request.
///
/// One question a decision. A call that may succeed later is made again, up to a bound in number and time: a question
/// has no effect, so asking twice is safe. An answer that cannot be used is sent back to the model once, with the
/// problem in words; if the second cannot be used either, the result is [`DecisionError::Invalid`] and the caller
/// holds. Must be called within a tokio runtime with I/O and time.
pub struct ChatEngine {
    provider: Provider,
    model: String,
    settings: ChatSettings,
    key: Option<Secret>,
    transport: Box<dyn Transport>,
    usage: Mutex<Usage>,
}

impl ChatEngine {
    /// An engine for one model. Makes no call.
    ///
    /// # Errors
    /// [`LlmError::MissingKey`] if the provider's own address needs a key, [`LlmError::Settings`] with every problem
    /// of the settings, [`LlmError::Client`] if TLS cannot be set up.
    pub fn new(
        provider: Provider,
        model: &str,
        key: Option<Secret>,
        settings: ChatSettings,
    ) -> Result<Self, LlmError> {
        settings.validate()?;
        if model.is_empty() || model.len() > 200 || !model.bytes().all(|b| b.is_ascii_graphic()) {
            let problems = vec!["model must be 1 to 200 printable characters without spaces".to_owned()];
            return Err(LlmError::Settings { what: "chat", problems });
        }
        let key = key.filter(|key| !key.is_empty());
        if let (None, None, Some(variable)) = (&key, &settings.base_url, provider.key_variable()) {
            return Err(LlmError::MissingKey { engine: provider.name(), variable });
        }
        let transport = Box::new(Http::new(provider, key.as_ref(), &settings)?);
        Ok(Self::with_transport(provider, model, (key, settings), transport))
    }

    /// The model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the calls so far used.
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_transport(
        provider: Provider,
        model: &str,
        (key, settings): (Option<Secret>, ChatSettings),
        transport: Box<dyn Transport>,
    ) -> Self {
        Self { provider, model: model.to_owned(), settings, key, transport, usage: Mutex::default() }
    }

    async fn converse(
        &self,
        request: &DecisionRequest,
        deadline: Instant,
    ) -> Result<Decision, DecisionError> {
        let prompt = Prompt::of(request, self.settings.candles);
        let schema = schema::answer_schema(request);
        let message = |role, content| Message { role, content };
        let mut messages =
            vec![message("system", prompt.system.to_owned()), message("user", prompt.user.clone())];
        let first = self.ask(&messages, &schema, deadline).await?;
        let (text, problem) = match self.judge(first, request) {
            Verdict::Usable(decision) => return Ok(Decision { prompt: Some(prompt.text()), ..decision }),
            Verdict::Final(problem) => return Err(self.invalid(problem)),
            Verdict::AskAgain { text, problem } => (text, problem),
        };
        tracing::info!(engine = self.provider.name(), model = %self.model, %problem, "asking again");
        let complaint = prompt::complaint(&problem);
        let record = format!("{}\n\n[user, after an unusable answer]\n{complaint}", prompt.text());
        messages.push(message("assistant", text.chars().take(ECHO_MAX).collect()));
        messages.push(message("user", complaint));
        match self.judge(self.ask(&messages, &schema, deadline).await?, request) {
            Verdict::Usable(decision) => Ok(Decision { prompt: Some(record), ..decision }),
            Verdict::Final(second) | Verdict::AskAgain { problem: second, .. } => {
                Err(self.invalid(format!("{second} (the first answer: {problem})")))
            }
        }
    }

    /// Whether a reply is a decision, and if not whether asking again may help.
    fn judge(&self, reply: Reply, request: &DecisionRequest) -> Verdict {
        let text = match reply {
            Reply::Text(text) => text,
            Reply::Truncated(text) => {
                let problem = format!("it was cut off after {} tokens; be shorter", self.settings.max_tokens);
                return Verdict::AskAgain { text, problem };
            }
            Reply::Refused(problem) => return Verdict::Final(problem),
        };
        let read = parse::answer(&text).and_then(|answer| {
            Ok((check::trades(&answer, request, self.settings.require_stop)?, answer.reasoning))
        });
        match read {
            Ok((trades, reasoning)) => Verdict::Usable(Decision {
                engine: self.provider.name().to_owned(),
                model: Some(self.model.clone()),
                reasoning,
                prompt: None,
                trades,
            }),
            Err(problem) => Verdict::AskAgain { text, problem: wire::cut(&self.redact(&problem)) },
        }
    }

    /// One question, with retries.
    async fn ask(
        &self,
        messages: &[Message],
        schema: &Value,
        deadline: Instant,
    ) -> Result<Reply, DecisionError> {
        let body = wire::body(self.provider, &self.model, messages, &self.settings, schema)
            .map_err(|source| self.call_error(false, Box::new(source)))?;
        let mut attempt = 0;
        loop {
            let error = match self.call(body.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            attempt += 1;
            let wait = self.wait(attempt, &error);
            let in_time = Instant::now().checked_add(wait).is_some_and(|end| end < deadline);
            if !error.is_retryable() || attempt >= self.settings.attempts || !in_time {
                return Err(error);
            }
            tracing::warn!(engine = self.provider.name(), %error, attempt, ?wait, "calling again");
            sleep(wait).await;
        }
    }

    /// The provider's hint, but never less than our own schedule.
    fn wait(&self, attempt: u32, error: &DecisionError) -> Duration {
        let doubled = self.settings.backoff_ms.saturating_mul(1 << attempt.saturating_sub(1).min(4));
        error.retry_after().unwrap_or_default().max(Duration::from_millis(doubled))
    }

    async fn call(&self, body: Vec<u8>) -> Result<Reply, DecisionError> {
        self.count(|usage| usage.calls += 1);
        let limit = Duration::from_millis(self.settings.call_timeout_ms);
        let answer: HttpAnswer = match timeout(limit, self.transport.post(body)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(self.call_error(error.retryable, error.source)),
            Err(_) => return Err(self.timeout_error(limit)),
        };
        let (reply, used) = wire::reply(self.provider.name(), &answer, |text| self.redact(text))?;
        self.count(|usage| usage.add(used));
        let CallUsage { prompt_tokens, completion_tokens, .. } = used;
        tracing::debug!(engine = self.provider.name(), model = %self.model, prompt_tokens, completion_tokens, "answer");
        Ok(reply)
    }

    fn count(&self, change: impl FnOnce(&mut Usage)) {
        change(&mut self.usage.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Some servers quote the key that they refuse.
    fn redact(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.expose(), "***"),
            None => text.to_owned(),
        }
    }

    fn invalid(&self, problem: String) -> DecisionError {
        DecisionError::Invalid { engine: self.provider.name().to_owned(), problem }
    }

    fn call_error(&self, retryable: bool, source: qtp_core::Source) -> DecisionError {
        DecisionError::Call { engine: self.provider.name().to_owned(), retryable, source }
    }

    fn timeout_error(&self, limit: Duration) -> DecisionError {
        DecisionError::Timeout { engine: self.provider.name().to_owned(), limit }
    }
}

/// What to make of a reply.
enum Verdict {
    Usable(Decision),
    AskAgain { text: String, problem: String },
    Final(String),
}

impl Usage {
    fn add(&mut self, call: CallUsage) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(call.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(call.completion_tokens);
        self.cost = self.cost.saturating_add(call.cost.unwrap_or_default());
    }
}

impl fmt::Debug for ChatEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatEngine")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("settings", &self.settings)
            .field("key", &self.key)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl DecisionEngine for ChatEngine {
    fn name(&self) -> &str {
        self.provider.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let limit = Duration::from_millis(self.settings.deadline_ms);
        let deadline = Instant::now() + limit;
        match timeout(limit, self.converse(request, deadline)).await {
            Ok(result) => result,
            Err(_) => Err(self.timeout_error(limit)),
        }
    }
}
