//! What is read from a response, whole or streamed: a stream is a series of responses that follow each other.

use std::time::Duration;

use qtp_core::DecisionError;
use serde::Deserialize;
use serde_json::Value;

use super::super::http::{Endpoint, HttpAnswer};
use super::super::sse;
use super::NAME;
use crate::model::{Carry, ChatReply, Finish, TokenUsage, ToolCall};

/// Begins ids of calls that came without one.
pub(super) const MADE_UP: &str = "unnamed_";
/// Most parts of one answer: a bound on what a stream can make us hold.
const PARTS_MAX: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Response {
    error: Option<Value>,
    candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    #[serde(deserialize_with = "super::super::figures")]
    usage_metadata: Option<WireUsage>,
    model_version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    index: usize,
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireUsage {
    prompt_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    cached_content_token_count: u64,
}

/// Reads an answer: the model's reply, or the error that it stands for.
pub(super) fn reply(endpoint: &Endpoint, answer: &HttpAnswer) -> Result<ChatReply, DecisionError> {
    if endpoint.refusal(answer).is_some() {
        let hinted =
            HttpAnswer { retry_after: answer.retry_after.or_else(|| hint(&answer.body)), ..answer.clone() };
        return Err(endpoint
            .refusal(&hinted)
            .unwrap_or_else(|| endpoint.failed(true, "the error cannot be read")));
    }
    let mut whole = Whole::default();
    if answer.is_stream {
        for data in sse::events(&answer.body) {
            whole.take(read(endpoint, data.as_bytes())?, endpoint)?;
        }
    } else {
        whole.take(read(endpoint, &answer.body)?, endpoint)?;
    }
    whole.reply(endpoint)
}

fn read(endpoint: &Endpoint, body: &[u8]) -> Result<Response, DecisionError> {
    serde_json::from_slice(body)
        .map_err(|error| endpoint.failed(true, format!("response cannot be read: {error}")))
}

#[derive(Debug, Default)]
struct Whole {
    parts: Vec<Value>,
    finish: Option<String>,
    blocked: Option<String>,
    usage: WireUsage,
    model: String,
}

impl Whole {
    fn take(&mut self, response: Response, endpoint: &Endpoint) -> Result<(), DecisionError> {
        if let Some(error) = response.error {
            let status = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
            return Err(endpoint.refused(status.unwrap_or(502), &error, None));
        }
        self.usage = response.usage_metadata.unwrap_or(self.usage);
        self.model = response.model_version.unwrap_or(std::mem::take(&mut self.model));
        self.blocked =
            response.prompt_feedback.and_then(|feedback| feedback.block_reason).or(self.blocked.take());
        if let Some(candidate) = response.candidates.into_iter().find(|candidate| candidate.index == 0) {
            self.parts.extend(candidate.content.unwrap_or_default().parts);
            self.finish = candidate.finish_reason.or(self.finish.take());
        }
        if self.parts.len() > PARTS_MAX {
            return Err(endpoint.failed(false, format!("the answer has more than {PARTS_MAX} parts")));
        }
        Ok(())
    }

    fn reply(self, endpoint: &Endpoint) -> Result<ChatReply, DecisionError> {
        let is_thought = |part: &Value| part.get("thought").and_then(Value::as_bool).unwrap_or(false);
        let words = self.parts.iter().filter(|part| !is_thought(part));
        let text: String = words.filter_map(|part| part.get("text")?.as_str()).collect();
        let calls: Vec<_> =
            self.parts.iter().filter_map(|part| part.get("functionCall")).enumerate().map(call).collect();
        let finish = match self.finish.as_deref() {
            None if self.blocked.is_some() => {
                let reason = endpoint.clean(self.blocked.as_deref().unwrap_or_default());
                Finish::Refused(format!("the provider blocked the prompt: {reason}"))
            }
            None => return Err(endpoint.failed(true, "the response ended before the answer did")),
            Some("MAX_TOKENS") => Finish::Length,
            Some("STOP") if !calls.is_empty() => Finish::ToolCalls,
            Some("STOP") if text.trim().is_empty() => {
                return Err(endpoint.failed(true, "the answer is empty"));
            }
            Some("STOP") => Finish::Stop,
            Some(
                reason @ ("SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII"
                | "IMAGE_SAFETY"),
            ) => Finish::Refused(format!("the provider stopped the answer: {reason}")),
            Some(reason) => {
                let problem = format!("generation ended with {}", endpoint.clean(reason));
                return Err(endpoint.failed(true, problem));
            }
        };
        // Signed parts go back as they came, and so do calls.
        let signed = self.parts.iter().any(|part| part.get("thoughtSignature").is_some());
        let carry = (signed || !calls.is_empty())
            .then(|| Carry { provider: NAME.to_owned(), value: Value::Array(self.parts) });
        let usage = TokenUsage {
            prompt_tokens: self.usage.prompt_token_count,
            completion_tokens: self
                .usage
                .candidates_token_count
                .saturating_add(self.usage.thoughts_token_count),
            cached_tokens: self.usage.cached_content_token_count,
            reasoning_tokens: self.usage.thoughts_token_count,
            cost: None,
        };
        Ok(ChatReply { text, calls, finish, usage, model: self.model, carry })
    }
}

fn call((index, call): (usize, &Value)) -> ToolCall {
    let field = |name: &str| call.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    ToolCall {
        id: field("id").map_or_else(|| format!("{MADE_UP}{index}"), str::to_owned),
        name: field("name").unwrap_or_default().to_owned(),
        arguments: call.get("args").map_or_else(|| "{}".to_owned(), Value::to_string),
    }
}

/// `retryDelay` of the error's details, as in `17s` or `1.5s`.
fn hint(body: &[u8]) -> Option<Duration> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let details = body.pointer("/error/details")?.as_array()?;
    let text = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds.min(3600.0)).ok()
}
