//! The engine against a server shaped like Anthropic.

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError};

use super::*;

async fn run(
    script: Vec<Scripted>,
    change: fn(&mut ChatSettings),
) -> (Result<Decision, DecisionError>, Vec<Seen>) {
    let server = Server::start(script).await;
    let mut settings = server.settings();
    change(&mut settings);
    let result = engine("anthropic:claude-sonnet-4-5", settings).decide(&picture()).await;
    (result, server.seen())
}

fn message(content: &Value, stop: &str) -> Scripted {
    let usage = json!({ "input_tokens": 500, "output_tokens": 70, "cache_read_input_tokens": 100 });
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": content, "stop_reason": stop, "usage": usage,
    });
    Scripted::ok(message.to_string())
}

fn says(text: &str) -> Scripted {
    message(&json!([{ "type": "text", "text": text }]), "end_turn")
}

#[tokio::test]
async fn structured_answer_becomes_a_decision() {
    let (result, seen) = run(vec![says(&good_answer())], |_| ()).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    let Seen { head, body } = &seen[0];
    assert!(
        head.starts_with("post /v1/messages http/1.1") && head.contains("anthropic-version: 2023-06-01"),
        "{head}"
    );
    assert!(head.contains(&format!("x-api-key: {KEY}")) && !head.contains("authorization"));
    assert_eq!((&body["max_tokens"], &body["messages"][0]["role"]), (&json!(8192), &json!("user")));
    assert!(body["system"].as_str().unwrap().contains("decision model"));
    let format = &body["output_config"]["format"];
    assert_eq!(
        (&format["type"], &format["schema"]["additionalProperties"]),
        (&json!("json_schema"), &json!(false))
    );
    // Bounds of numbers are not taken there; the answer is checked for them all the same.
    assert!(!format.to_string().contains("maximum"), "{format}");
}

#[tokio::test]
async fn stream_is_put_together_with_its_calls() {
    let start = json!({ "type": "message_start", "message": { "model": "c", "content": [], "usage": { "input_tokens": 5 } } });
    let block = |index: usize, block: Value| json!({ "type": "content_block_start", "index": index, "content_block": block });
    let delta =
        |index: usize, delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
    let stop = |reason: &str| json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": { "output_tokens": 9 } });
    let end = json!({ "type": "message_stop" });
    let calls = [
        start.clone(),
        json!({ "type": "ping" }),
        block(0, json!({ "type": "thinking", "thinking": "" })),
        delta(0, json!({ "type": "thinking_delta", "thinking": "hm" })),
        delta(0, json!({ "type": "signature_delta", "signature": "sig" })),
        json!({ "type": "content_block_stop", "index": 0 }),
        block(1, json!({ "type": "tool_use", "id": "t1", "name": "candles", "input": {} })),
        delta(1, json!({ "type": "input_json_delta", "partial_json": "{\"asset\":" })),
        delta(1, json!({ "type": "input_json_delta", "partial_json": "\"BTC\"}" })),
        stop("tool_use"),
        end.clone(),
    ];
    let text = good_answer();
    let (first, second) = text.split_at(33);
    let words = [
        start,
        block(0, json!({ "type": "text", "text": "" })),
        delta(0, json!({ "type": "text_delta", "text": first })),
        delta(0, json!({ "type": "text_delta", "text": second })),
        stop("end_turn"),
        end,
    ];
    let stream =
        |events: &[Value]| Scripted::stream(&events.iter().map(Value::to_string).collect::<Vec<_>>());
    let tools = |settings: &mut ChatSettings| {
        settings.stream = true;
        settings.tools = vec!["candles".into()];
    };
    let (result, seen) = run(vec![stream(&calls), stream(&words)], tools).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!(
        messages[1]["content"][0],
        json!({ "type": "thinking", "thinking": "hm", "signature": "sig" })
    );
    assert_eq!(messages[1]["content"][1]["input"], json!({ "asset": "BTC" }));
    assert_eq!(messages[2]["content"][0]["tool_use_id"], "t1");

    let cut = || stream(&words[..5]);
    let (result, seen) = run(vec![cut(), cut(), cut()], tools).await;
    assert_eq!((result.unwrap_err().code(), seen.len()), ("call_failed", 3));
    let failed = json!({ "type": "error", "error": { "type": "overloaded_error", "message": "busy" } });
    let (result, seen) = run(vec![stream(&[failed]), stream(&words)], tools).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
}

#[tokio::test]
async fn parallel_calls_are_answered_in_one_message() {
    let call = |id: &str, name: &str| json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
    let calls = json!([{ "type": "text", "text": "Let me look." }, call("a", "positions"), call("b", "no_such_tool")]);
    let script = vec![message(&calls, "tool_use"), says(&good_answer())];
    let (result, seen) = run(script, |settings| settings.tools = vec!["positions".into()]).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[1]["content"]), (3, &calls));
    let results = messages[2]["content"].as_array().unwrap();
    assert_eq!((&results[0]["tool_use_id"], &results[0]["is_error"]), (&json!("a"), &Value::Null));
    assert_eq!((&results[1]["tool_use_id"], &results[1]["is_error"]), (&json!("b"), &json!(true)));
}

#[tokio::test]
async fn refusals_hold_and_short_answers_are_asked_for_again() {
    let (result, seen) = run(vec![message(&json!([]), "refusal")], |_| ()).await;
    assert_eq!((result.unwrap_err().code(), seen.len()), ("invalid_output", 1));
    for first in [
        message(&json!([{ "type": "text", "text": "{" }]), "max_tokens"),
        message(&json!([]), "end_turn"),
        message(&json!([]), "pause_turn"),
        Scripted::ok("{}".to_owned()),
    ] {
        let (result, seen) = run(vec![first, says(&good_answer())], |_| ()).await;
        assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    }
}

#[tokio::test]
async fn errors_end_in_a_hold_with_their_words() {
    for (status, kind, code, calls) in [
        (400, "invalid_request_error", "call_failed", 3),
        (401, "authentication_error", "call_failed", 1),
        (402, "billing_error", "call_failed", 1),
        (408, "timeout_error", "call_failed", 3),
        (422, "invalid_request_error", "call_failed", 3),
        (429, "rate_limit_error", "rate_limited", 3),
        (500, "api_error", "call_failed", 3),
        (529, "overloaded_error", "call_failed", 3),
    ] {
        let body = json!({ "type": "error", "error": { "type": kind, "message": "words" } }).to_string();
        let (result, seen) =
            run((0..3).map(|_| Scripted::error(status, body.clone())).collect(), |_| ()).await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), seen.len()), (code, calls), "{status}");
        if code == "call_failed" {
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(source, format!("status {status} ({kind}): words"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_server_is_a_timeout() {
    let (result, _) = run(Vec::new(), |_| ()).await;
    assert_eq!(result.unwrap_err().code(), "timeout");
}
