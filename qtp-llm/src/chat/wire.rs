//! What travels: the request's JSON, and what is read from the response's.

use std::fmt;
use std::time::Duration;

use qtp_core::DecisionError;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::HttpAnswer;
use super::parse;
use super::provider::Provider;
use crate::settings::{ChatSettings, Structured};

/// Longest piece of a provider's words that is kept.
const WORDS_MAX: usize = 500;

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Message {
    pub(super) role: &'static str,
    pub(super) content: String,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Value>,
}

/// The request's body.
pub(super) fn body(
    provider: Provider,
    model: &str,
    messages: &[Message],
    settings: &ChatSettings,
    schema: &Value,
) -> Result<Vec<u8>, serde_json::Error> {
    let response_format = match settings.structured {
        Structured::Schema => Some(json!({
            "type": "json_schema",
            "json_schema": { "name": "trade_decisions", "strict": true, "schema": schema },
        })),
        Structured::Object => Some(json!({ "type": "json_object" })),
        Structured::Prompt => None,
    };
    // OpenAI's reasoning models refuse the old name, most other servers do not know the new one.
    let renamed = provider == Provider::OpenAi;
    // Without it OpenRouter may route to a provider that drops the schema.
    let strict = provider == Provider::OpenRouter && settings.structured == Structured::Schema;
    serde_json::to_vec(&Body {
        model,
        messages,
        temperature: settings.temperature,
        max_tokens: (!renamed).then_some(settings.max_tokens),
        max_completion_tokens: renamed.then_some(settings.max_tokens),
        response_format,
        provider: strict.then(|| json!({ "require_parameters": true })),
    })
}

#[derive(Debug, Deserialize)]
struct Completion<'a> {
    error: Option<Value>,
    choices: Option<Vec<Choice>>,
    #[serde(borrow)]
    usage: Option<WireUsage<'a>>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Option<Answered>,
    finish_reason: Option<String>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Answered {
    content: Option<Content>,
    refusal: Option<String>,
}

/// Some providers send a list of parts, thoughts among them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    r#type: String,
    text: Option<String>,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                parts.into_iter().filter(|part| part.r#type == "text").filter_map(|part| part.text).collect()
            }
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireUsage<'a> {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
}

/// What one call used, as the provider states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CallUsage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) cost: Option<Decimal>,
}

/// How the model ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Text to be read.
    Text(String),
    /// Text that was cut off.
    Truncated(String),
    /// It will not answer; asking again is pointless.
    Refused(String),
}

/// The provider's own error, in its words.
#[derive(Debug)]
struct ProviderError {
    status: u16,
    code: String,
    message: String,
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

/// Reads a response: the model's reply, or the error that it stands for.
pub(super) fn reply(
    engine: &str,
    answer: &HttpAnswer,
    redact: impl Fn(&str) -> String,
) -> Result<(Reply, CallUsage), DecisionError> {
    let refused = |status: u16, error: Option<&Value>| {
        provider_error(engine, ProviderError::read(status, error, &redact), answer.retry_after)
    };
    if !(200..300).contains(&answer.status) {
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let error = value.as_ref().map(|value| value.get("error").unwrap_or(value));
        return Err(refused(answer.status, error));
    }
    let failed = |problem: String| DecisionError::Call {
        engine: engine.to_owned(),
        retryable: true,
        source: problem.into(),
    };
    let completion: Completion<'_> = serde_json::from_slice(&answer.body)
        .map_err(|error| failed(format!("response is not a chat completion: {error}")))?;
    // A router answers 200 once generation has begun, and puts a later failure into the body.
    if let Some(error) = completion.error {
        return Err(refused(error_status(&error), Some(&error)));
    }
    let usage = completion.usage.map(|usage| usage.read()).unwrap_or_default();
    let choice = completion.choices.and_then(|choices| choices.into_iter().next());
    let choice = choice.ok_or_else(|| failed("response has no choices".to_owned()))?;
    if let Some(error) = choice.error {
        return Err(refused(error_status(&error), Some(&error)));
    }
    choice.reply(&redact).map(|reply| (reply, usage)).map_err(|problem| failed(problem.to_owned()))
}

impl Choice {
    fn reply(self, redact: impl Fn(&str) -> String) -> Result<Reply, &'static str> {
        let finish = self.finish_reason.unwrap_or_default();
        let (content, refusal) = match self.message {
            Some(message) => (message.content.map(Content::text), message.refusal),
            None => (None, None),
        };
        if let Some(refusal) = refusal.filter(|text| !text.is_empty()) {
            return Ok(Reply::Refused(format!("the model refused: {}", cut(&redact(&refusal)))));
        }
        let content = content.unwrap_or_default();
        match finish.as_str() {
            "content_filter" => {
                Ok(Reply::Refused("the provider's content filter stopped the answer".to_owned()))
            }
            "error" => Err("generation ended with an error"),
            "length" => Ok(Reply::Truncated(content)),
            // Cold starts answer with nothing.
            _ if content.trim().is_empty() => Err("the answer is empty"),
            _ => Ok(Reply::Text(content)),
        }
    }
}

impl WireUsage<'_> {
    fn read(&self) -> CallUsage {
        CallUsage {
            prompt_tokens: self.prompt_tokens.unwrap_or(0),
            completion_tokens: self.completion_tokens.unwrap_or(0),
            cost: self.cost.and_then(|raw| parse::number(raw).ok().flatten()),
        }
    }
}

impl ProviderError {
    fn read(status: u16, error: Option<&Value>, redact: impl Fn(&str) -> String) -> Self {
        let field = |name: &str| error.and_then(|error| error.get(name)).map(words).unwrap_or_default();
        let code =
            [field("code"), field("type")].into_iter().find(|code| !code.is_empty()).unwrap_or_default();
        let message = match error {
            Some(Value::String(text)) => text.clone(),
            _ => field("message"),
        };
        Self { status, code: cut(&redact(&code)), message: cut(&redact(&message)) }
    }

    /// Waiting does not refill a quota.
    fn is_quota(&self) -> bool {
        self.code.contains("insufficient_quota") || self.message.contains("insufficient_quota")
    }
}

/// The HTTP status that an error in a successful response stands for.
fn error_status(error: &Value) -> u16 {
    let code = error.get("code");
    let number = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    if let Some(status) = number.and_then(|number| u16::try_from(number).ok()).filter(|status| *status >= 400)
    {
        return status;
    }
    match code.and_then(Value::as_str) {
        Some("rate_limit_exceeded" | "insufficient_quota") => 429,
        _ => 502,
    }
}

fn provider_error(engine: &str, error: ProviderError, retry_after: Option<Duration>) -> DecisionError {
    let engine = engine.to_owned();
    let retryable = matches!(error.status, 408 | 409 | 425) || (500..600).contains(&error.status);
    if error.status == 429 && !error.is_quota() {
        return DecisionError::RateLimited { engine, retry_after };
    }
    DecisionError::Call { engine, retryable: retryable && !error.is_quota(), source: Box::new(error) }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A bounded piece of text from outside, on one line.
pub(super) fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect()
}
