//! The pieces of a streamed response, put together.

use qtp_core::DecisionError;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::http::{Endpoint, HttpAnswer};
use super::super::sse;
use super::host::Provider;
use super::reply::{Answered, Arguments, Choice, Content, WireCall, in_body, used};
use crate::model::{CALLS_MAX, ChatReply, TokenUsage};

#[derive(Debug, Deserialize)]
struct Chunk<'a> {
    error: Option<Value>,
    model: Option<String>,
    choices: Option<Vec<Piece>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Piece {
    #[serde(default)]
    index: usize,
    delta: Option<Answered>,
    finish_reason: Option<String>,
    error: Option<Value>,
}

/// Reads a stream. One without a finish reason was cut off on the way: nothing of it is used.
pub(super) fn reply(
    provider: Provider,
    endpoint: &Endpoint,
    answer: &HttpAnswer,
) -> Result<ChatReply, DecisionError> {
    let mut whole = Whole::default();
    for data in sse::events(&answer.body) {
        let chunk: Chunk<'_> = serde_json::from_str(&data)
            .map_err(|error| endpoint.failed(true, format!("the stream holds no chunk: {error}")))?;
        if let Some(error) = chunk.error {
            return Err(in_body(endpoint, &error, answer.retry_after));
        }
        whole.model = chunk.model.or(whole.model);
        if let Some(usage) = chunk.usage {
            whole.usage = used(usage);
        }
        let first = chunk.choices.unwrap_or_default().into_iter().find(|piece| piece.index == 0);
        if let Some(piece) = first {
            whole.take(piece).map_err(|problem| endpoint.failed(false, problem))?;
        }
    }
    if whole.choice.finish_reason.is_none() && whole.choice.error.is_none() {
        return Err(endpoint.failed(true, "the stream ended before the answer did"));
    }
    let mut message = whole.message;
    message.content = Some(Content::Text(whole.text));
    let choice = Choice { message: Some(message), ..whole.choice };
    choice.reply(provider, endpoint, whole.model.unwrap_or_default(), whole.usage)
}

#[derive(Debug, Default)]
struct Whole {
    choice: Choice,
    message: Answered,
    text: String,
    model: Option<String>,
    usage: TokenUsage,
}

impl Whole {
    fn take(&mut self, piece: Piece) -> Result<(), &'static str> {
        self.choice.finish_reason = piece.finish_reason.or(self.choice.finish_reason.take());
        self.choice.error = piece.error.or(self.choice.error.take());
        let Some(delta) = piece.delta else { return Ok(()) };
        self.text.push_str(&delta.content.map(Content::text).unwrap_or_default());
        if let Some(refusal) = delta.refusal {
            self.message.refusal.get_or_insert_default().push_str(&refusal);
        }
        if let Some(Value::Array(more)) = delta.reasoning_details {
            match &mut self.message.reasoning_details {
                Some(Value::Array(details)) => details.extend(more),
                details => *details = Some(Value::Array(more)),
            }
        }
        delta.tool_calls.unwrap_or_default().into_iter().try_for_each(|call| self.take_call(call))
    }

    /// Id and name come once, arguments in pieces. Some servers send empty ones with the later pieces.
    fn take_call(&mut self, piece: WireCall) -> Result<(), &'static str> {
        let calls = self.message.tool_calls.get_or_insert_default();
        let index = piece.index.unwrap_or(calls.len());
        if index >= CALLS_MAX {
            return Err("the answer calls too many tools");
        }
        if calls.len() <= index {
            calls.resize_with(index + 1, WireCall::default);
        }
        let call = &mut calls[index];
        let stated = |text: Option<String>| text.filter(|text| !text.is_empty());
        call.id = stated(piece.id).or(call.id.take());
        call.function.name = stated(piece.function.name).or(call.function.name.take());
        if let Some(more) = piece.function.arguments {
            let so_far = call.function.arguments.take().map(Arguments::text).unwrap_or_default();
            call.function.arguments = Some(Arguments::Text(so_far + &more.text()));
        }
        Ok(())
    }
}
