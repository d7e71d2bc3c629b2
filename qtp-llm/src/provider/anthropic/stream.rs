//! The pieces of a streamed message, put together.

use qtp_core::DecisionError;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::http::{Endpoint, HttpAnswer};
use super::super::sse;
use super::reply::{Response, WireUsage, error_status};
use crate::model::ChatReply;

/// Most blocks of one answer: a bound on what a stream can make us hold.
const BLOCKS_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event {
    MessageStart {
        message: Response,
    },
    ContentBlockStart {
        index: usize,
        content_block: Value,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    MessageDelta {
        delta: Ending,
        #[serde(default, deserialize_with = "super::super::figures")]
        usage: WireUsage,
    },
    MessageStop,
    Error {
        error: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Ending {
    stop_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(other)]
    Other,
}

/// Reads a stream. One without its last event was cut off on the way: nothing of it is used.
pub(super) fn reply(endpoint: &Endpoint, answer: &HttpAnswer) -> Result<ChatReply, DecisionError> {
    let mut whole = Response::default();
    let mut inputs: Vec<String> = Vec::new();
    let mut ended = false;
    for data in sse::events(&answer.body) {
        let event: Event = serde_json::from_str(&data)
            .map_err(|error| endpoint.failed(true, format!("the stream holds no event: {error}")))?;
        match event {
            Event::MessageStart { message } => whole = message,
            Event::ContentBlockStart { index, content_block } => {
                if index != whole.content.len() || index >= BLOCKS_MAX {
                    return Err(endpoint.failed(true, "the stream's blocks are out of order"));
                }
                whole.content.push(content_block);
                inputs.push(String::new());
            }
            Event::ContentBlockDelta { index, delta } => {
                if let (Some(block), Some(input)) = (whole.content.get_mut(index), inputs.get_mut(index)) {
                    add(block, input, delta);
                }
            }
            Event::MessageDelta { delta, usage } => {
                whole.stop_reason = delta.stop_reason.or(whole.stop_reason.take());
                whole.usage.update(usage);
            }
            Event::MessageStop => ended = true,
            Event::Error { error } => return Err(endpoint.refused(error_status(&error), &error, None)),
            Event::Other => {}
        }
    }
    if !ended {
        return Err(endpoint.failed(true, "the stream ended before the answer did"));
    }
    for (block, input) in whole.content.iter_mut().zip(&inputs).filter(|(_, input)| !input.is_empty()) {
        // Only an object may go back. Arguments that are none fail at the tool, which knows no such field.
        let input = serde_json::from_str(input).ok().filter(Value::is_object);
        if let Value::Object(block) = block {
            block.insert("input".to_owned(), input.unwrap_or_else(|| json!({ "unreadable": true })));
        }
    }
    whole.reply(endpoint)
}

fn add(block: &mut Value, input: &mut String, delta: Delta) {
    let (field, more) = match delta {
        Delta::Text { text } => ("text", text),
        Delta::Thinking { thinking } => ("thinking", thinking),
        Delta::Signature { signature } => ("signature", signature),
        Delta::InputJson { partial_json } => return input.push_str(&partial_json),
        Delta::Other => return,
    };
    let Value::Object(block) = block else { return };
    match block.get_mut(field) {
        Some(Value::String(text)) => text.push_str(&more),
        _ => drop(block.insert(field.to_owned(), json!(more))),
    }
}
