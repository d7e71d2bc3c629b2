//! Tool loops shaped like OpenRouter's.

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError};

use super::*;

async fn run(script: Vec<Scripted>, rounds: u32) -> (Result<Decision, DecisionError>, Vec<Seen>) {
    let server = Server::start(script).await;
    let settings = ChatSettings {
        tools: vec!["candles".into(), "positions".into()],
        tool_rounds: rounds,
        ..server.settings()
    };
    let result = engine("openrouter:vendor/name", settings).decide(&picture()).await;
    (result, server.seen())
}

fn calls(calls: &[(&str, &str, &str)]) -> Scripted {
    let calls: Vec<_> = calls
        .iter()
        .map(|(id, name, arguments)| {
            json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
        })
        .collect();
    let message = json!({
        "role": "assistant", "content": null, "tool_calls": calls,
        "reasoning_details": [{ "type": "reasoning.encrypted", "data": "abc" }],
    });
    Scripted::ok(json!({ "choices": [{ "message": message, "finish_reason": "tool_calls" }] }).to_string())
}

#[tokio::test]
async fn rounds_and_parallel_calls_lead_to_a_decision() {
    let script = vec![
        calls(&[("a", "candles", r#"{"asset":"BTC"}"#), ("b", "positions", "")]),
        calls(&[("c", "candles", "{broken")]),
        says(&good_answer()),
    ];
    let (result, seen) = run(script, 4).await;
    let decision = result.unwrap();
    assert!(decision.prompt.unwrap().contains("[tool]\ncandles({\"asset\":\"BTC\"})"));
    assert_eq!(
        (seen[0].body["tools"].as_array().unwrap().len(), &seen[0].body["tool_choice"]),
        (2, &json!("auto"))
    );
    let messages = seen[2].body["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "tool", "assistant", "tool"]);
    assert_eq!(messages[2]["reasoning_details"][0]["data"], "abc");
    assert_eq!(
        (&messages[3]["tool_call_id"], &messages[4]["content"]),
        (&json!("a"), &json!("{\"positions\":[]}"))
    );
    assert!(messages[6]["content"].as_str().unwrap().contains("not JSON"));
}

#[tokio::test]
async fn a_loop_without_end_is_ended() {
    let again = || calls(&[("a", "positions", "{}")]);
    let (result, seen) = run(vec![again(), again(), again(), says(&good_answer())], 2).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 4));
    assert_eq!(
        (&seen[1].body["tool_choice"], &seen[2].body["tool_choice"]),
        (&json!("auto"), &json!("none"))
    );
    let (result, seen) = run(vec![again(), again(), again(), again()], 2).await;
    let error = result.unwrap_err();
    assert!(error.code() == "invalid_output" && error.to_string().contains("no more tools"), "{error}");
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn more_calls_than_anybody_wants_are_a_hold() {
    let many = vec![("a", "positions", "{}"); 129];
    let (result, seen) = run(vec![calls(&many)], 4).await;
    let error = result.unwrap_err().to_string();
    assert!(error.contains("129 tools at a time, at most 128"), "{error}");
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_server_without_tools_is_asked_without_them() {
    let refused =
        || Scripted::error(404, r#"{"error":{"message":"No endpoints found that support tool use"}}"#);
    let (result, seen) = run(vec![refused(), says(&good_answer())], 2).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    assert_eq!((&seen[1].body["tools"], &seen[1].body["tool_choice"]), (&Value::Null, &Value::Null));
    // In the midst of a conversation the results stand in the text.
    let first = calls(&[("a", "positions", "{}")]);
    let (result, seen) = run(vec![first, refused(), says(&good_answer())], 2).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3));
    let last = seen[2].body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last, json!({ "role": "user", "content": "[result of positions]\n{\"positions\":[]}" }));
}
