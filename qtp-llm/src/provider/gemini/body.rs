//! The request's JSON.

use serde_json::{Map, Value, json};

use super::NAME;
use super::reply::MADE_UP;
use crate::model::{ChatRequest, Format, Message, ToolCall};
use crate::settings::Effort;

/// The request's body. What is `null` is left out.
pub(super) fn body(model: &str, request: &ChatRequest) -> Value {
    let mut fields = vec![
        ("contents", Value::Array(contents(&request.messages))),
        ("systemInstruction", system(&request.messages)),
        ("generationConfig", generation(model, request)),
    ];
    if !request.tools.is_empty() {
        let declare = |tool: &crate::model::ToolSpec| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "parametersJsonSchema": tool.parameters,
            })
        };
        let declared: Vec<_> = request.tools.iter().map(declare).collect();
        fields.push(("tools", json!([{ "functionDeclarations": declared }])));
        let mode = if request.final_round { "NONE" } else { "AUTO" };
        fields.push(("toolConfig", json!({ "functionCallingConfig": { "mode": mode } })));
    }
    object(fields)
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn generation(model: &str, request: &ChatRequest) -> Value {
    let (kind, schema) = match &request.format {
        Format::Text => (Value::Null, Value::Null),
        Format::Object => (json!("application/json"), Value::Null),
        Format::Schema { schema, .. } => (json!("application/json"), schema.clone()),
    };
    object(vec![
        ("temperature", json!(request.temperature)),
        ("maxOutputTokens", json!(request.max_tokens)),
        ("seed", json!(request.seed)),
        ("responseMimeType", kind),
        ("responseJsonSchema", schema),
        ("thinkingConfig", request.effort.map(|effort| thinking(model, effort)).unwrap_or_default()),
    ])
}

/// Models before Gemini 3 count tokens and refuse levels. The counts are those that Google gives for the words.
fn thinking(model: &str, effort: Effort) -> Value {
    let tokens = match effort {
        Effort::Minimal | Effort::Low => 1024,
        Effort::Medium => 8192,
        Effort::High => 24_576,
    };
    let name = model.rsplit('/').next().unwrap_or(model);
    if name.starts_with("gemini-2") {
        return json!({ "thinkingBudget": tokens });
    }
    json!({ "thinkingLevel": effort.word().to_ascii_uppercase() })
}

fn system(messages: &[Message]) -> Value {
    let text = |message: &Message| match message {
        Message::System(text) => Some(json!({ "text": text })),
        _ => None,
    };
    let parts: Vec<_> = messages.iter().filter_map(text).collect();
    if parts.is_empty() { Value::Null } else { json!({ "parts": parts, "role": "user" }) }
}

/// Results of tools that were called together stand in one entry.
fn contents(messages: &[Message]) -> Vec<Value> {
    let mut contents: Vec<Value> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    for message in messages {
        if let Message::Tool { call, name, content, failed } = message {
            results.push(result(call, name, content, *failed));
            continue;
        }
        flush(&mut contents, &mut results);
        match message {
            Message::User(text) => contents.push(json!({ "parts": [{ "text": text }], "role": "user" })),
            Message::Assistant { text, calls, carry } => {
                let mine = carry.as_ref().filter(|carry| carry.provider == NAME);
                let parts = mine.map_or_else(|| said(text, calls), |carry| carry.value.clone());
                contents.push(json!({ "parts": parts, "role": "model" }));
            }
            Message::System(_) | Message::Tool { .. } => {}
        }
    }
    flush(&mut contents, &mut results);
    contents
}

fn flush(contents: &mut Vec<Value>, results: &mut Vec<Value>) {
    if !results.is_empty() {
        contents.push(json!({ "parts": std::mem::take(results), "role": "user" }));
    }
}

fn said(text: &str, calls: &[ToolCall]) -> Value {
    let words = (!text.is_empty()).then(|| json!({ "text": text }));
    let calls = calls.iter().map(|call| {
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        json!({ "functionCall": named(&call.id, vec![("name", json!(call.name)), ("args", arguments)]) })
    });
    words.into_iter().chain(calls).collect()
}

fn result(call: &str, name: &str, content: &str, failed: bool) -> Value {
    let key = if failed { "error" } else { "result" };
    let response = match serde_json::from_str(content) {
        Ok(Value::Object(object)) if !failed => Value::Object(object),
        Ok(value) => json!({ key: value }),
        Err(_) => json!({ key: content }),
    };
    json!({ "functionResponse": named(call, vec![("name", json!(name)), ("response", response)]) })
}

/// With the provider's id of the call; one that we made up means nothing to it.
fn named(id: &str, mut fields: Vec<(&str, Value)>) -> Value {
    if !id.starts_with(MADE_UP) {
        fields.push(("id", json!(id)));
    }
    object(fields)
}
