//! Streams shaped like OpenRouter's.

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError};

use super::*;

async fn run(script: Vec<Scripted>) -> (Result<Decision, DecisionError>, Vec<Seen>, crate::Usage) {
    let server = Server::start(script).await;
    let settings = ChatSettings { stream: true, tools: vec!["candles".into()], ..server.settings() };
    let engine = engine("openrouter:vendor/name", settings);
    let result = engine.decide(&picture()).await;
    (result, server.seen(), engine.usage())
}

fn delta(delta: &Value, finish: Option<&str>) -> String {
    json!({ "model": "vendor/name", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
        .to_string()
}

fn words() -> Vec<String> {
    let text = good_answer();
    let (first, second) = text.split_at(60);
    vec![
        delta(&json!({ "role": "assistant", "content": "" }), None),
        delta(&json!({ "content": first }), None),
        delta(&json!({ "content": second }), None),
        delta(&json!({}), Some("stop")),
        json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 3, "cost": 0.5 } })
            .to_string(),
        "[DONE]".to_owned(),
    ]
}

#[tokio::test]
async fn text_and_usage_are_put_together() {
    let mut stream = Scripted::stream(&words());
    stream.body = format!(": OPENROUTER PROCESSING\n\n{}", stream.body).replace('\n', "\r\n");
    let (result, seen, usage) = run(vec![stream]).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    assert_eq!(
        (&seen[0].body["stream"], &seen[0].body["stream_options"]),
        (&json!(true), &json!({ "include_usage": true }))
    );
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.cost), (7, 3, "0.5".parse().unwrap()));
}

#[tokio::test]
async fn calls_are_put_together_by_their_index() {
    let call = |index: usize, id: &str, arguments: &str| json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": { "name": "candles", "arguments": arguments } }] });
    let more = |index: usize, arguments: &str| json!({ "tool_calls": [{ "index": index, "function": { "arguments": arguments } }] });
    let calls = [
        delta(&call(0, "a", "{\"asset\""), None),
        delta(&call(1, "b", ""), None),
        delta(&more(1, "{\"asset\":\"ETH\"}"), None),
        delta(&more(0, ":\"BTC\"}"), None),
        delta(&json!({}), Some("tool_calls")),
        "[DONE]".to_owned(),
    ];
    let (result, seen, _) = run(vec![Scripted::stream(&calls), Scripted::stream(&words())]).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], "{\"asset\":\"BTC\"}");
    assert_eq!((&messages[3]["tool_call_id"], &messages[4]["tool_call_id"]), (&json!("a"), &json!("b")));
    assert!(messages[4]["content"].as_str().unwrap().contains("candles"));
}

#[tokio::test]
async fn later_pieces_of_a_call_may_carry_empty_names() {
    let piece = |id: &str, name: &str, arguments: &str| json!({ "tool_calls": [{ "index": 0, "id": id, "function": { "name": name, "arguments": arguments } }] });
    let calls = [
        delta(&piece("a", "candles", "{\"asset\""), None),
        delta(&piece("", "", ":\"BTC\"}"), None),
        delta(&json!({}), Some("tool_calls")),
    ];
    let (result, seen, _) = run(vec![Scripted::stream(&calls), Scripted::stream(&words())]).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    let result = &seen[1].body["messages"][3];
    assert_eq!(result["tool_call_id"], "a");
    assert!(result["content"].as_str().unwrap().contains("\"candles\""), "{result}");
}

#[tokio::test]
async fn cut_streams_are_not_used_and_errors_within_them_count() {
    let words = words();
    let (result, seen, _) = run(vec![Scripted::stream(&words[..3]), Scripted::stream(&words)]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    let broken = Scripted::ok("data: {\"choices\": [{\"del".to_owned());
    let broken = Scripted { kind: "text/event-stream", ..broken };
    let (result, seen, _) = run(vec![broken, Scripted::stream(&words)]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    let failed = json!({ "error": { "code": 402, "message": "no credits" }, "choices": [] }).to_string();
    let (result, seen, _) = run(vec![Scripted::stream(&[words[1].clone(), failed])]).await;
    assert_eq!((result.unwrap_err().code(), seen.len()), ("call_failed", 1));
    let mut long = words.clone();
    long[3] = delta(&json!({}), Some("length"));
    let (result, seen, _) = run(vec![Scripted::stream(&long), Scripted::stream(&words)]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    assert!(seen[1].body["messages"][3]["content"].as_str().unwrap().contains("cut off"));
}
