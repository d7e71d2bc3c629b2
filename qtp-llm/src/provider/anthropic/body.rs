//! The request's JSON.

use serde_json::{Map, Value, json};

use super::NAME;
use crate::model::{ChatRequest, Format, Message, ToolCall, ToolSpec};
use crate::settings::Effort;

/// Keywords that its structured output refuses; the answer is checked for them anyway.
const REFUSED: [&str; 7] =
    ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"];

/// The request's body. What is `null` is left out.
pub(super) fn body(model: &str, request: &ChatRequest, stream: bool) -> Value {
    let mut fields = vec![
        ("model", json!(model)),
        ("max_tokens", json!(request.max_tokens)),
        ("system", system(&request.messages)),
        ("messages", Value::Array(messages(&request.messages))),
        ("temperature", json!(request.temperature)),
        ("output_config", output(request)),
    ];
    if !request.tools.is_empty() {
        fields.push(("tools", request.tools.iter().map(tool).collect()));
        fields.push(("tool_choice", json!({ "type": if request.final_round { "none" } else { "auto" } })));
    }
    if stream {
        fields.push(("stream", json!(true)));
    }
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn output(request: &ChatRequest) -> Value {
    let mut output = Map::new();
    if let Format::Schema { schema, .. } = &request.format {
        let mut schema = schema.clone();
        drop_refused(&mut schema);
        output.insert("format".to_owned(), json!({ "type": "json_schema", "schema": schema }));
    }
    if let Some(effort) = request.effort {
        let effort = if effort == Effort::Minimal { Effort::Low } else { effort };
        output.insert("effort".to_owned(), json!(effort.word()));
    }
    if output.is_empty() { Value::Null } else { Value::Object(output) }
}

fn drop_refused(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                match value {
                    // Names of fields, not keywords.
                    Value::Object(fields) if name == "properties" => {
                        fields.values_mut().for_each(drop_refused)
                    }
                    value => drop_refused(value),
                }
            }
            object.retain(|name, value| !(REFUSED.contains(&name.as_str()) && value.is_number()));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_refused),
        _ => {}
    }
}

fn tool(tool: &ToolSpec) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters })
}

fn system(messages: &[Message]) -> Value {
    let texts: Vec<_> = messages
        .iter()
        .filter_map(|message| match message {
            Message::System(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if texts.is_empty() { Value::Null } else { json!(texts.join("\n\n")) }
}

/// Results of tools that were called together stand in one message.
fn messages(messages: &[Message]) -> Vec<Value> {
    let mut sent: Vec<Value> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    for message in messages {
        if let Message::Tool { call, content, failed, .. } = message {
            let mut result = json!({ "type": "tool_result", "tool_use_id": call, "content": content });
            if *failed {
                result["is_error"] = json!(true);
            }
            results.push(result);
            continue;
        }
        flush(&mut sent, &mut results);
        match message {
            Message::User(text) => sent.push(json!({ "role": "user", "content": text })),
            Message::Assistant { text, calls, carry } => {
                let mine = carry.as_ref().filter(|carry| carry.provider == NAME);
                let content = mine.map_or_else(|| said(text, calls), |carry| carry.value.clone());
                sent.push(json!({ "role": "assistant", "content": content }));
            }
            Message::System(_) | Message::Tool { .. } => {}
        }
    }
    flush(&mut sent, &mut results);
    sent
}

fn flush(sent: &mut Vec<Value>, results: &mut Vec<Value>) {
    if !results.is_empty() {
        sent.push(json!({ "role": "user", "content": std::mem::take(results) }));
    }
}

fn said(text: &str, calls: &[ToolCall]) -> Value {
    if calls.is_empty() {
        // An empty message is refused.
        return json!(if text.trim().is_empty() { "(nothing)" } else { text });
    }
    // So is an empty block.
    let words = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
    let calls = calls.iter().map(|call| {
        let input: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input })
    });
    words.into_iter().chain(calls).collect()
}
