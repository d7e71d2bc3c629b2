//! What is read from a response.

use qtp_core::DecisionError;
use serde::Deserialize;
use serde_json::Value;

use super::super::http::{Endpoint, HttpAnswer};
use super::NAME;
use crate::model::{Carry, ChatReply, Finish, TokenUsage, ToolCall};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    pub(super) error: Option<Value>,
    pub(super) model: String,
    pub(super) content: Vec<Value>,
    pub(super) stop_reason: Option<String>,
    #[serde(deserialize_with = "super::super::figures")]
    pub(super) usage: WireUsage,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
}

impl WireUsage {
    /// Later figures of a stream replace earlier ones.
    pub(super) fn update(&mut self, later: Self) {
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cache_creation_input_tokens =
            later.cache_creation_input_tokens.or(self.cache_creation_input_tokens);
        self.cache_read_input_tokens = later.cache_read_input_tokens.or(self.cache_read_input_tokens);
    }

    fn read(self) -> TokenUsage {
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let written = self.cache_creation_input_tokens.unwrap_or(0);
        let prompt = self.input_tokens.unwrap_or(0).saturating_add(cached).saturating_add(written);
        TokenUsage {
            prompt_tokens: prompt,
            completion_tokens: self.output_tokens.unwrap_or(0),
            cached_tokens: cached,
            ..TokenUsage::default()
        }
    }
}

/// Reads an answer that is not a stream.
pub(super) fn reply(endpoint: &Endpoint, answer: &HttpAnswer) -> Result<ChatReply, DecisionError> {
    let response: Response = serde_json::from_slice(&answer.body)
        .map_err(|error| endpoint.failed(true, format!("response is not a message: {error}")))?;
    response.reply(endpoint)
}

/// The HTTP status that an error within a response stands for.
pub(super) fn error_status(error: &Value) -> u16 {
    match error.get("type").and_then(Value::as_str).unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "overloaded_error" => 529,
        _ => 500,
    }
}

impl Response {
    pub(super) fn reply(self, endpoint: &Endpoint) -> Result<ChatReply, DecisionError> {
        if let Some(error) = self.error {
            return Err(endpoint.refused(error_status(&error), &error, None));
        }
        let kind = |block: &Value| block.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let texts = self.content.iter().filter(|block| kind(block) == "text");
        let text: String = texts.filter_map(|block| block.get("text")?.as_str()).collect();
        let calls: Vec<_> = self.content.iter().filter(|block| kind(block) == "tool_use").map(call).collect();
        let finish = match self.stop_reason.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("refusal") => Finish::Refused("the model refused".to_owned()),
            Some("end_turn" | "stop_sequence" | "tool_use") if !calls.is_empty() => Finish::ToolCalls,
            Some("end_turn" | "stop_sequence") if text.trim().is_empty() => {
                return Err(endpoint.failed(true, "the answer is empty"));
            }
            Some("end_turn" | "stop_sequence") => Finish::Stop,
            None => return Err(endpoint.failed(true, "the response ended before the answer did")),
            Some(reason) => {
                let problem = format!("generation ended with {}", endpoint.clean(reason));
                return Err(endpoint.failed(true, problem));
            }
        };
        // Signed thoughts must precede the calls that they led to, unchanged.
        let carry = (!calls.is_empty())
            .then(|| Carry { provider: NAME.to_owned(), value: Value::Array(self.content) });
        Ok(ChatReply { text, calls, finish, usage: self.usage.read(), model: self.model, carry })
    }
}

fn call(block: &Value) -> ToolCall {
    let field = |name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let input = block.get("input").map_or_else(|| "{}".to_owned(), Value::to_string);
    ToolCall { id: field("id"), name: field("name"), arguments: input }
}
