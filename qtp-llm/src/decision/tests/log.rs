//! What stays of a decision's calls: in its answer and in the log files.

use qtp_core::DecisionResult;

use super::*;
use crate::LogSettings;

fn settings(server: &Server, folder: &std::path::Path) -> LlmSettings {
    LlmSettings {
        chat: ChatSettings { tools: vec!["candles".to_owned()], ..server.settings() },
        openrouter_api_key: Some(Secret::new(KEY)),
        log: LogSettings {
            requests: Some(folder.join("llm_requests.log")),
            prompts: Some(folder.join("prompts.log")),
        },
        ..LlmSettings::default()
    }
}

fn wants(tool: &str) -> Scripted {
    let message = json!({
        "role": "assistant", "content": null,
        "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": tool, "arguments": format!("{{\"asset\":\"{BTC}\"}}") } }],
    });
    let body = json!({
        "id": "gen-1", "object": "chat.completion", "created": 1, "model": "vendor/name",
        "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }],
        "usage": { "prompt_tokens": 700, "completion_tokens": 20, "total_tokens": 720, "cost": 0.0001 },
    });
    Scripted::ok(body.to_string())
}

#[tokio::test]
async fn calls_tools_repairs_failures_and_costs_stand_in_the_answer_and_the_logs() {
    let refusal = format!("{{\"error\":{{\"message\":\"slow down, {KEY}\"}}}}");
    let script =
        vec![Scripted::error(429, refusal), wants("candles"), says("no JSON at all"), says(&good_answer())];
    let server = Server::start(script).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&server, folder.path());
    let engine = crate::build(&"openrouter:vendor/name".parse().unwrap(), &settings).unwrap();
    let answer = engine.answer(&picture()).await;

    assert!(matches!(answer.result, DecisionResult::Decided(_)), "{answer:?}");
    let calls = &answer.calls;
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(calls.iter().all(|call| call.seat == "decide" && call.error.is_none() && call.sent.is_empty()));
    assert_eq!(calls[0].failed.len(), 1);
    assert_eq!(calls[0].failed[0].code, "rate_limited");
    assert_eq!(calls[0].tools, [("candles".to_owned(), format!("{{\"asset\":\"{BTC}\"}}"))]);
    assert_eq!(calls.iter().map(|call| call.repair).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(calls[1].reply, "no JSON at all");
    let mut used = qtp_core::TokenUsage::default();
    calls.iter().for_each(|call| used.add(&call.used));
    assert_eq!((used.prompt_tokens, used.completion_tokens), (700 + 900 + 900, 20 + 80 + 80));
    assert_eq!(used.cost, Some("0.00035".parse().unwrap()));

    let requests = std::fs::read_to_string(folder.path().join("llm_requests.log")).unwrap();
    let lines: Vec<Value> = requests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["decision"], 7);
    assert_eq!(lines[2]["request"]["messages"].as_array().unwrap().len(), 6, "{}", lines[2]);
    let prompts = std::fs::read_to_string(folder.path().join("prompts.log")).unwrap();
    for words in [
        "--- system",
        "--- tool candles",
        "--- calls candles",
        "no JSON at all",
        "Your answer cannot be used",
    ] {
        assert!(prompts.contains(words), "{words}: {prompts}");
    }
    let sent = server.seen();
    assert!(sent[0].head.contains(KEY), "the key was sent, in a header");
    for text in [&requests, &prompts, &format!("{answer:?}")] {
        assert!(!text.contains(KEY) && !text.contains("sk-very"), "a key was logged");
    }
}

#[tokio::test]
async fn a_hold_keeps_what_was_asked() {
    let script = ["nothing", "nothing again", "still nothing", "nothing at all"].map(says);
    let server = Server::start(script.into()).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&server, folder.path());
    let engine = crate::build(&"openrouter:vendor/name".parse().unwrap(), &settings).unwrap();
    let answer = engine.answer(&picture()).await;
    let DecisionResult::Hold(reason) = &answer.result else { panic!("{answer:?}") };
    assert_eq!(reason.code, "invalid_output");
    assert_eq!(answer.calls.len(), 2);
    let roles: Vec<_> = answer.calls[0].sent.iter().map(|spoken| spoken.role.as_str()).collect();
    assert_eq!(roles, ["system", "user"]);
    assert!(answer.calls[0].sent[1].text.contains(BTC));
    assert_eq!(answer.calls[1].sent.len(), 1, "only what is new");
    // The next decision starts an empty page.
    let again = engine.answer(&DecisionRequest { id: 8, ..picture() }).await;
    assert_eq!((again.calls.len(), again.calls[0].sent.len()), (2, 2));
}
