//! The request's JSON.

use serde_json::{Map, Value, json};

use super::host::Provider;
use crate::model::{ChatRequest, Format, Message, ToolCall};
use crate::settings::ChatSettings;

/// The request's body. What is `null` is left out.
pub(super) fn body(provider: Provider, model: &str, request: &ChatRequest, settings: &ChatSettings) -> Value {
    let router = provider == Provider::OpenRouter;
    let dialect = provider.dialect(settings.base_url.as_deref());
    let effort = request.effort.map(crate::settings::Effort::word);
    let tools: Vec<_> = request.tools.iter().map(tool).collect();
    let mut fields = vec![
        ("model", json!(model)),
        ("messages", request.messages.iter().map(|m| message(m, provider)).collect()),
        (dialect.limit, json!(request.max_tokens)),
        ("temperature", json!(request.temperature)),
        (dialect.seed, json!(request.seed)),
        ("response_format", response_format(&request.format)),
    ];
    if !tools.is_empty() {
        fields.push(("tools", Value::Array(tools)));
        fields.push(("tool_choice", json!(if request.final_round { "none" } else { "auto" })));
    }
    if settings.stream {
        fields.push(("stream", json!(true)));
        let usage = dialect.stream_options.then(|| json!({ "include_usage": true }));
        fields.push(("stream_options", json!(usage)));
    }
    if router {
        let models: Vec<_> =
            std::iter::once(model).chain(settings.router_models.iter().map(String::as_str)).collect();
        fields.push(("models", if models.len() > 1 { json!(models) } else { Value::Null }));
        fields.push(("provider", routing(request, settings)));
        fields.push(("reasoning", effort.map_or(Value::Null, |effort| json!({ "effort": effort }))));
    } else {
        fields.push(("reasoning_effort", json!(effort)));
    }
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(known.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// The user's preferences. Without `require_parameters` the router may pick a server that drops schema and tools.
fn routing(request: &ChatRequest, settings: &ChatSettings) -> Value {
    let mut routing = settings.routing.clone();
    let needs = matches!(request.format, Format::Schema { .. }) || !request.tools.is_empty();
    if needs && routing.require_parameters.is_none() {
        routing.require_parameters = Some(true);
    }
    match serde_json::to_value(routing) {
        Ok(Value::Object(fields)) if !fields.is_empty() => Value::Object(fields),
        _ => Value::Null,
    }
}

fn response_format(format: &Format) -> Value {
    match format {
        Format::Text => Value::Null,
        Format::Object => json!({ "type": "json_object" }),
        Format::Schema { name, schema } => json!({
            "type": "json_schema",
            "json_schema": { "name": name, "strict": true, "schema": schema },
        }),
    }
}

fn tool(tool: &crate::model::ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": { "name": tool.name, "description": tool.description, "parameters": tool.parameters },
    })
}

fn message(message: &Message, provider: Provider) -> Value {
    match message {
        Message::System(text) => json!({ "role": "system", "content": text }),
        Message::User(text) => json!({ "role": "user", "content": text }),
        Message::Tool { call, content, .. } => {
            json!({ "role": "tool", "tool_call_id": call, "content": content })
        }
        Message::Assistant { text, calls, carry } => {
            let mut message = json!({ "role": "assistant", "content": text });
            if !calls.is_empty() {
                message["tool_calls"] = calls.iter().map(call).collect();
                if text.is_empty() {
                    message["content"] = Value::Null;
                }
            }
            let mine = carry.as_ref().filter(|carry| carry.provider == provider.name());
            if let Some(details) = mine {
                message["reasoning_details"] = details.value.clone();
            }
            message
        }
    }
}

fn call(call: &ToolCall) -> Value {
    json!({
        "id": call.id, "type": "function",
        "function": { "name": call.name, "arguments": call.arguments },
    })
}
