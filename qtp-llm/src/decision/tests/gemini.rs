//! The engine against a server shaped like Gemini.

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
    let result = engine("gemini:gemini-2.5-flash", settings).decide(&picture()).await;
    (result, server.seen())
}

fn response(parts: &Value, finish: &str) -> Scripted {
    Scripted::ok(chunk(parts, finish))
}

fn chunk(parts: &Value, finish: &str) -> String {
    json!({
        "candidates": [{ "content": { "parts": parts, "role": "model" }, "finishReason": finish, "index": 0 }],
        "usageMetadata": { "promptTokenCount": 700, "candidatesTokenCount": 60, "thoughtsTokenCount": 40 },
        "modelVersion": "gemini-2.5-flash-001",
    })
    .to_string()
}

fn says(text: &str) -> Scripted {
    response(&json!([{ "text": "I think", "thought": true }, { "text": text }]), "STOP")
}

#[tokio::test]
async fn structured_answer_becomes_a_decision() {
    let (result, seen) = run(vec![says(&good_answer())], |_| ()).await;
    let decision = result.unwrap();
    assert_eq!(
        (decision.engine.as_str(), decision.model.as_deref()),
        ("gemini", Some("gemini-2.5-flash-001"))
    );
    assert_eq!(decision.trades.len(), 1);
    let Seen { head, body } = &seen[0];
    assert!(head.starts_with("post /v1/models/gemini-2.5-flash:generatecontent http/1.1"), "{head}");
    assert!(head.contains(&format!("x-goog-api-key: {KEY}")) && !head.contains("authorization"));
    let config = &body["generationConfig"];
    assert_eq!(config["responseMimeType"], "application/json");
    assert_eq!(config["responseJsonSchema"]["additionalProperties"], false);
    assert_eq!((&config["maxOutputTokens"], &config["temperature"]), (&json!(8192), &Value::Null));
    assert!(body["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("decision model"));
    assert_eq!(body["contents"][0]["role"], "user");
}

#[tokio::test]
async fn stream_is_put_together() {
    let text = good_answer();
    let (first, second) = text.split_at(40);
    let events = [
        chunk(&json!([{ "text": first }]), "").replace("\"finishReason\":\"\",", ""),
        chunk(&json!([{ "text": second }]), "STOP"),
    ];
    let (result, seen) = run(vec![Scripted::stream(&events)], |settings| settings.stream = true).await;
    assert_eq!(result.unwrap().trades.len(), 1);
    assert!(seen[0].head.contains(":streamgeneratecontent?alt=sse"), "{}", seen[0].head);
    // Without the last event nothing is used.
    let cut = || Scripted::stream(&events[..1]);
    let (result, seen) = run(vec![cut(), cut(), cut()], |settings| settings.stream = true).await;
    assert_eq!((result.unwrap_err().code(), seen.len()), ("call_failed", 3));
}

#[tokio::test]
async fn parallel_calls_of_several_rounds_come_back_signed() {
    let signed = json!([
        { "functionCall": { "name": "positions", "args": {} }, "thoughtSignature": "c2ln" },
        { "functionCall": { "name": "candles", "args": { "asset": BTC }, "id": "abc" } },
    ]);
    let again = json!([{ "functionCall": { "name": "candles", "args": { "asset": "NO" } } }]);
    let script = vec![response(&signed, "STOP"), response(&again, "STOP"), says(&good_answer())];
    let (result, seen) = run(script, |settings| settings.tools = vec!["all".into()]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3));
    assert_eq!(seen[0].body["tools"][0]["functionDeclarations"].as_array().unwrap().len(), 8);
    let contents = seen[2].body["contents"].as_array().unwrap();
    let roles: Vec<_> = contents.iter().map(|content| content["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "model", "user", "model", "user"]);
    assert_eq!(contents[1]["parts"], signed);
    let results = contents[2]["parts"].as_array().unwrap();
    assert_eq!(results[0]["functionResponse"]["response"], json!({ "positions": [] }));
    assert_eq!(
        (&results[0]["functionResponse"]["id"], &results[1]["functionResponse"]["id"]),
        (&Value::Null, &json!("abc"))
    );
    let failed = contents[4]["parts"][0]["functionResponse"]["response"]["error"].as_str().unwrap();
    assert!(failed.contains("there are BTC"), "{failed}");
}

#[tokio::test]
async fn blocked_prompts_and_stopped_answers_hold() {
    let blocked = json!({ "promptFeedback": { "blockReason": "SAFETY" } }).to_string();
    for (script, words) in [
        (Scripted::ok(blocked), "blocked the prompt: SAFETY"),
        (response(&json!([]), "PROHIBITED_CONTENT"), "PROHIBITED_CONTENT"),
    ] {
        let (result, seen) = run(vec![script], |_| ()).await;
        let error = result.unwrap_err();
        assert!(error.code() == "invalid_output" && error.to_string().contains(words), "{error}");
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn truncated_empty_and_malformed_answers_are_asked_for_again() {
    let cut = response(&json!([{ "text": &good_answer()[..50] }]), "MAX_TOKENS");
    let empty = response(&json!([]), "STOP");
    let malformed = response(&json!([]), "MALFORMED_FUNCTION_CALL");
    for first in [cut, empty, malformed, Scripted::ok("{}".to_owned()), Scripted::ok("<html>".to_owned())] {
        let (result, seen) = run(vec![first, says(&good_answer())], |_| ()).await;
        assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    }
}

#[tokio::test]
async fn errors_are_read_with_their_hint() {
    let body = |code: u16, status: &str, details: Value| {
        json!({ "error": { "code": code, "message": "words", "status": status, "details": details } })
            .to_string()
    };
    let hint = json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "117s" }]);
    let (result, seen) = run(vec![Scripted::error(429, body(429, "RESOURCE_EXHAUSTED", hint))], |_| ()).await;
    let error = result.unwrap_err();
    assert_eq!((error.code(), seen.len()), ("rate_limited", 1));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(117)));
    for (code, status, calls) in [
        (401, "UNAUTHENTICATED", 1),
        (403, "PERMISSION_DENIED", 1),
        (503, "UNAVAILABLE", 3),
        (504, "DEADLINE_EXCEEDED", 3),
    ] {
        let script = (0..3).map(|_| Scripted::error(code, body(code, status, json!([])))).collect();
        let (result, seen) = run(script, |_| ()).await;
        assert_eq!((result.unwrap_err().code(), seen.len()), ("call_failed", calls), "{status}");
    }
    // A list of one error, as streams send it.
    let (result, _) =
        run(vec![Scripted::error(403, format!("[{}]", body(403, "PERMISSION_DENIED", json!([]))))], |_| ())
            .await;
    let source = std::error::Error::source(&result.unwrap_err()).unwrap().to_string();
    assert_eq!(source, "status 403 (PERMISSION_DENIED): words");
}
