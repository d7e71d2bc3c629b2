//! What is read from a response.

use std::time::Duration;

use qtp_core::{Decimal, DecisionError};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::http::{Endpoint, HttpAnswer};
use super::host::Provider;
use crate::model::{Carry, ChatReply, Finish, TokenUsage, ToolCall};

#[derive(Debug, Deserialize)]
struct Completion<'a> {
    error: Option<Value>,
    model: Option<String>,
    choices: Option<Vec<Choice>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    pub(super) message: Option<Answered>,
    pub(super) finish_reason: Option<String>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Answered {
    pub(super) content: Option<Content>,
    pub(super) refusal: Option<String>,
    pub(super) tool_calls: Option<Vec<WireCall>>,
    pub(super) reasoning_details: Option<Value>,
}

/// Some providers send a list of parts, thoughts among them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
pub(super) struct Part {
    r#type: String,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireCall {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) function: WireFunction,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireFunction {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Arguments>,
}

/// Text by the protocol; some servers send the object itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Arguments {
    Text(String),
    Object(Value),
}

#[derive(Debug, Deserialize)]
struct WireUsage<'a> {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

impl Content {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                parts.into_iter().filter(|part| part.r#type == "text").filter_map(|part| part.text).collect()
            }
        }
    }
}

/// Reads a response: the model's reply, or the error that it stands for.
pub(super) fn reply(
    provider: Provider,
    endpoint: &Endpoint,
    answer: &HttpAnswer,
) -> Result<ChatReply, DecisionError> {
    let completion: Completion<'_> = serde_json::from_slice(&answer.body)
        .map_err(|error| endpoint.failed(true, format!("response is not a chat completion: {error}")))?;
    // A router answers 200 once generation has begun, and puts a later failure into the body.
    if let Some(error) = completion.error {
        return Err(in_body(endpoint, &error, answer.retry_after));
    }
    let usage = completion.usage.map(used).unwrap_or_default();
    let choice = completion.choices.and_then(|choices| choices.into_iter().next());
    let choice = choice.ok_or_else(|| {
        endpoint.failed(true, format!("response has no choices: {}", endpoint.clean(&answer.text())))
    })?;
    choice.reply(provider, endpoint, completion.model.unwrap_or_default(), usage)
}

/// An error object in a response whose status says success.
pub(super) fn in_body(endpoint: &Endpoint, error: &Value, retry_after: Option<Duration>) -> DecisionError {
    endpoint.refused(error_status(error), error, retry_after)
}

impl Choice {
    pub(super) fn reply(
        self,
        provider: Provider,
        endpoint: &Endpoint,
        model: String,
        usage: TokenUsage,
    ) -> Result<ChatReply, DecisionError> {
        if let Some(error) = self.error {
            return Err(in_body(endpoint, &error, None));
        }
        let finish = self.finish_reason.unwrap_or_default();
        let message = self.message.unwrap_or_default();
        let text = message.content.map(Content::text).unwrap_or_default();
        let calls: Vec<_> = message
            .tool_calls
            .unwrap_or_default()
            .into_iter()
            .enumerate()
            .map(|(index, call)| call.read(index))
            .collect();
        let refusal = message.refusal.filter(|text| !text.is_empty());
        let finish = match finish.as_str() {
            _ if refusal.is_some() => {
                let words = endpoint.clean(&refusal.unwrap_or_default());
                Finish::Refused(format!("the model refused: {words}"))
            }
            "content_filter" => {
                Finish::Refused("the provider's content filter stopped the answer".to_owned())
            }
            "error" => return Err(endpoint.failed(true, "generation ended with an error")),
            "length" | "model_length" | "max_tokens" => Finish::Length,
            // Some servers say `stop` beside calls.
            _ if !calls.is_empty() => Finish::ToolCalls,
            // Cold starts answer with nothing.
            _ if text.trim().is_empty() => return Err(endpoint.failed(true, "the answer is empty")),
            _ => Finish::Stop,
        };
        let carry =
            message.reasoning_details.filter(|details| details.as_array().is_some_and(|d| !d.is_empty()));
        let carry = carry.map(|value| Carry { provider: provider.name().to_owned(), value });
        Ok(ChatReply { text, calls, finish, usage, model, carry })
    }
}

impl Arguments {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Object(value) => value.to_string(),
        }
    }
}

impl WireCall {
    fn read(self, index: usize) -> ToolCall {
        let id = self.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        let WireFunction { name, arguments } = self.function;
        let arguments = arguments.map(Arguments::text).unwrap_or_default();
        ToolCall { id, name: name.unwrap_or_default(), arguments }
    }
}

/// What a call used; nothing where it cannot be read: a decision is not lost over its bill.
pub(super) fn used(figures: &RawValue) -> TokenUsage {
    let figures: Result<WireUsage<'_>, _> = serde_json::from_str(figures.get());
    figures.map(|figures| figures.read()).unwrap_or_default()
}

impl WireUsage<'_> {
    fn read(&self) -> TokenUsage {
        let cost = self.cost.map(|raw| raw.get().trim_matches('"'));
        TokenUsage {
            prompt_tokens: self.prompt_tokens.unwrap_or(0),
            completion_tokens: self.completion_tokens.unwrap_or(0),
            cached_tokens: self.prompt_tokens_details.as_ref().and_then(|d| d.cached_tokens).unwrap_or(0),
            reasoning_tokens: self
                .completion_tokens_details
                .as_ref()
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
            cost: cost.and_then(|text| text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())),
        }
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
