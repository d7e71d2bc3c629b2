//! The engine against a server on this machine, over real HTTP.

use std::sync::Arc;

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionAction, DecisionError};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;
use crate::LlmError;
use crate::provider::{OpenAiModel, Provider};
use crate::secret::Secret;

fn engine(server: &Server) -> ChatEngine {
    engine_with(server.settings())
}

fn engine_with(settings: ChatSettings) -> ChatEngine {
    super::engine("openrouter:vendor/name", settings)
}

/// What the engine makes of these responses, and what the server saw.
async fn run(script: Vec<Scripted>) -> (Result<Decision, DecisionError>, Vec<Seen>) {
    let server = Server::start(script).await;
    let result = engine(&server).decide(&picture()).await;
    (result, server.seen())
}

fn chain(error: &DecisionError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(" <- {inner} {inner:?}"));
        cause = inner.source();
    }
    text
}

#[tokio::test]
async fn answer_becomes_a_decision_with_exact_prices() {
    let server = Server::start(vec![says(&good_answer())]).await;
    let engine = engine(&server);
    let decision = engine.decide(&picture()).await.unwrap();
    assert_eq!((decision.engine.as_str(), decision.model.as_deref()), ("openrouter", Some("vendor/name")));
    let trade = &decision.trades[0];
    assert_eq!((trade.action, trade.conviction), (DecisionAction::Buy, "0.7".parse().unwrap()));
    assert_eq!((trade.stop, trade.target), (Some("95.25".parse().unwrap()), Some("112.5".parse().unwrap())));
    assert_eq!(trade.allocation, Some("1500".parse().unwrap()));
    assert!(decision.prompt.unwrap().contains("## BTC-USDC-PERP@sim"));
    let usage = engine.usage();
    assert_eq!((usage.calls, usage.prompt_tokens, usage.completion_tokens), (1, 900, 80));
    assert_eq!(usage.cost, "0.000125".parse().unwrap());
}

#[tokio::test]
async fn request_asks_openrouter_for_the_strict_schema() {
    let server = Server::start(vec![says(&good_answer())]).await;
    let settings = ChatSettings {
        referer: Some("https://example.org".into()),
        title: Some("desk".into()),
        ..server.settings()
    };
    engine_with(settings).decide(&picture()).await.unwrap();
    let seen = server.seen().remove(0);
    assert!(seen.head.starts_with("post /v1/chat/completions http/1.1"), "{}", seen.head);
    assert!(seen.head.contains(&format!("authorization: bearer {KEY}")));
    assert!(seen.head.contains("http-referer: https://example.org") && seen.head.contains("x-title: desk"));
    let body = seen.body;
    assert_eq!(body["model"], "vendor/name");
    assert_eq!(body["provider"], json!({ "require_parameters": true }));
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
    assert_eq!(body["response_format"]["json_schema"]["schema"]["additionalProperties"], false);
    assert_eq!(
        (&body["messages"][0]["role"], &body["messages"][1]["role"]),
        (&json!("system"), &json!("user"))
    );
    assert!(!body["messages"][0]["content"].as_str().unwrap().contains("BTC"));
    assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(8192), &Value::Null));
}

#[tokio::test]
async fn ollama_needs_no_key_and_openai_has_its_own_field() {
    for (provider, field) in [(Provider::Ollama, "max_tokens"), (Provider::OpenAi, "max_completion_tokens")] {
        let server = Server::start(vec![says(&good_answer())]).await;
        let model = OpenAiModel::new(provider, "m", None, &server.settings()).unwrap();
        let engine = ChatEngine::new(Arc::new(model), server.settings()).unwrap();
        engine.decide(&picture()).await.unwrap();
        let seen = server.seen().remove(0);
        assert!(!seen.head.contains("authorization"));
        assert_eq!((&seen.body[field], &seen.body["provider"]), (&json!(8192), &Value::Null));
    }
}

#[tokio::test]
async fn fenced_json_is_read() {
    let (result, seen) =
        run(vec![says(&format!("Here it is:\n```json\n{}\n```\nGood luck.", good_answer()))]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 1));
}

#[tokio::test]
async fn parts_without_thoughts_are_the_answer() {
    let parts = json!([{ "type": "thinking", "thinking": [] }, { "type": "text", "text": good_answer() }]);
    let (result, _) = run(vec![Scripted::ok(completion(&parts, "stop"))]).await;
    assert_eq!(result.unwrap().trades.len(), 1);
}

#[tokio::test]
async fn error_in_a_successful_body_is_an_error() {
    let body = |code: Value| json!({ "error": { "code": code, "message": "no" }, "choices": [] }).to_string();
    for (code, expected, calls) in [
        (json!(402), "call_failed", 1),
        (json!(502), "call_failed", 3),
        (json!(429), "rate_limited", 3),
        (json!("rate_limit_exceeded"), "rate_limited", 3),
        (json!("insufficient_quota"), "call_failed", 1),
    ] {
        let (result, seen) = run((0..3).map(|_| Scripted::ok(body(code.clone()))).collect()).await;
        assert_eq!((result.unwrap_err().code(), seen.len()), (expected, calls), "{code}");
    }
    let choice =
        json!({ "choices": [{ "finish_reason": "error", "error": { "code": 403, "message": "bad" } }] });
    let (result, seen) = run(vec![Scripted::ok(choice.to_string())]).await;
    assert!(chain(&result.unwrap_err()).contains("status 403: bad"));
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn words_of_an_error_that_stand_in_no_known_field_are_in_the_cause() {
    for (status, body) in [
        (503, "<html>busy</html>"),
        (422, r#"{"detail":[{"msg":"field required"}]}"#),
        (403, r#"{"error":["no","access"]}"#),
        (200, r#"{"detail":"worker died"}"#),
    ] {
        let (result, _) = run((0..4).map(|_| Scripted::error(status, body)).collect()).await;
        let words = chain(&result.unwrap_err());
        let cause = ["busy", "field required", "access", "worker died"];
        assert!(cause.iter().any(|cause| body.contains(cause) && words.contains(cause)), "{words}");
    }
}

#[tokio::test]
async fn rate_limit_then_success_is_a_decision() {
    let limited = Scripted { headers: "retry-after-ms: 2\r\n".into(), ..Scripted::error(429, "{}") };
    let (result, seen) = run(vec![limited, Scripted::error(503, "<html>"), says(&good_answer())]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3));
    assert_eq!(seen[0].body, seen[2].body);
}

#[tokio::test]
async fn long_retry_hint_is_passed_on_instead_of_waited_for() {
    let limited = Scripted { headers: "Retry-After: 120\r\n".into(), ..Scripted::error(429, "{}") };
    let (result, seen) = run(vec![limited]).await;
    let error = result.unwrap_err();
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(120)));
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn used_up_quota_is_not_tried_again() {
    let body =
        json!({ "error": { "message": "no money", "type": "insufficient_quota", "code": null } }).to_string();
    let (result, seen) = run(vec![Scripted::error(429, body)]).await;
    let error = result.unwrap_err();
    assert!(!error.is_retryable() && chain(&error).contains("no money"), "{}", chain(&error));
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn client_errors_are_not_tried_again() {
    for status in [401, 402, 403, 413, 301] {
        let (result, seen) = run(vec![Scripted::error(status, r#"{"error":"why not"}"#)]).await;
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_retryable(), seen.len()), ("call_failed", false, 1));
        assert!(chain(&error).contains("why not"));
    }
}

#[tokio::test]
async fn a_request_that_is_not_liked_is_made_plainer() {
    for status in [400, 404, 422] {
        let refused = || Scripted::error(status, r#"{"error":"no such parameter"}"#);
        let (result, seen) = run(vec![refused(), refused(), says(&good_answer())]).await;
        assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3));
        let kinds = [&seen[0], &seen[1], &seen[2]].map(|seen| seen.body["response_format"]["type"].clone());
        assert_eq!(kinds, [json!("json_schema"), json!("json_object"), Value::Null]);
        let (result, seen) = run(vec![refused(), refused(), refused()]).await;
        assert!(chain(&result.unwrap_err()).contains("no such parameter"));
        assert_eq!(seen.len(), 3);
    }
}

#[tokio::test]
async fn a_bad_key_or_a_prompt_that_is_too_long_is_not_made_plainer() {
    for message in ["API key not valid", "maximum context length is 4096 tokens"] {
        let body = json!({ "error": { "message": message, "code": "x" } }).to_string();
        let (result, seen) = run(vec![Scripted::error(400, body)]).await;
        assert!(chain(&result.unwrap_err()).contains(message));
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn garbage_is_sent_back_once_and_the_repair_counts() {
    let (result, seen) = run(vec![says("Buy BTC, trust me."), says(&good_answer())]).await;
    let decision = result.unwrap();
    assert!(decision.prompt.unwrap().contains("Your answer cannot be used"));
    let messages = seen[1].body["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert_eq!(messages[2]["content"], "Buy BTC, trust me.");
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn garbage_twice_is_invalid() {
    let (result, seen) = run(vec![says("no"), says("still no")]).await;
    assert!(matches!(result, Err(DecisionError::Invalid { .. })));
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn truncated_answer_is_asked_for_again() {
    let cut = || Scripted::ok(completion(&json!(&good_answer()[..60]), "length"));
    let (result, seen) = run(vec![cut(), says(&good_answer())]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 2));
    let (result, _) = run(vec![cut(), cut()]).await;
    assert!(result.unwrap_err().to_string().contains("cut off"));
}

#[tokio::test]
async fn complete_looking_answer_that_was_cut_off_is_not_trusted() {
    let whole = || Scripted::ok(completion(&json!(good_answer()), "length"));
    let (result, _) = run(vec![whole(), whole()]).await;
    assert_eq!(result.unwrap_err().code(), "invalid_output");
}

#[tokio::test]
async fn refusal_and_content_filter_end_the_conversation() {
    let refusal = json!({ "choices": [{ "message": { "content": null, "refusal": "I cannot" }, "finish_reason": "stop" }] });
    for (body, words) in [
        (refusal.to_string(), "refused: I cannot"),
        (completion(&json!(good_answer()), "content_filter"), "content filter"),
    ] {
        let (result, seen) = run(vec![Scripted::ok(body)]).await;
        let error = result.unwrap_err();
        assert!(error.code() == "invalid_output" && error.to_string().contains(words), "{error}");
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn empty_answer_is_tried_again() {
    let empty = |content: Value| Scripted::ok(completion(&content, "stop"));
    let (result, seen) = run(vec![empty(Value::Null), empty(json!(" ")), says(&good_answer())]).await;
    assert_eq!((result.unwrap().trades.len(), seen.len()), (1, 3));
}

#[tokio::test]
async fn wrong_asset_and_wrong_side_are_named_and_never_traded() {
    for (changes, words) in [
        (json!({ "asset": "DOGE" }), "trade_decisions[0].asset: \"DOGE\" is not in the request"),
        (json!({ "sl_price": 105 }), "trade_decisions[0].sl_price: the stop is not on the losing side"),
    ] {
        let wrong = || says(&answer(&[trade(&changes)]));
        let (result, seen) = run(vec![wrong(), wrong()]).await;
        let error = result.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(seen[1].body["messages"][3]["content"].as_str().unwrap().contains(words));
    }
}

#[tokio::test]
async fn huge_body_is_refused() {
    let server = Server::start(vec![says(&"x".repeat(300_000))]).await;
    let settings = ChatSettings { max_response_bytes: 10_000, ..server.settings() };
    let error = engine_with(settings).decide(&picture()).await.unwrap_err();
    assert!(chain(&error).contains("over 10000 bytes") && !error.is_retryable());
}

/// Paused time runs on as soon as everything waits for the server, so the limit costs no real time.
#[tokio::test(start_paused = true)]
async fn slow_server_is_a_timeout() {
    let server = Server::start(Vec::new()).await;
    let error = engine(&server).decide(&picture()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("timeout", true));
}

#[tokio::test]
async fn dead_server_is_a_retryable_failure() {
    let server = Server::start(Vec::new()).await;
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = ChatSettings { base_url: Some(format!("http://{dead}")), ..server.settings() };
    let error = engine_with(settings).decide(&picture()).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("call_failed", true));
}

/// A server without TLS takes the first bytes and hangs up: they must be the start of a handshake.
#[tokio::test]
async fn tls_needs_no_provider_installed_by_the_application() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let settings = ChatSettings { base_url: Some(base_url), attempts: 1, ..ChatSettings::default() };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 3];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    };
    let (picture, engine) = (picture(), engine_with(settings));
    let (result, bytes) = tokio::join!(engine.decide(&picture), server);
    assert_eq!(result.unwrap_err().code(), "call_failed");
    assert_eq!(bytes, [22, 3, 1]);
}

#[tokio::test]
async fn key_is_never_printed() {
    let body = json!({ "error": { "message": format!("Incorrect API key {KEY}"), "code": KEY } }).to_string();
    let server = Server::start(vec![Scripted::error(401, body)]).await;
    let engine = engine(&server);
    let error = engine.decide(&picture()).await.unwrap_err();
    let settings = crate::LlmSettings { openrouter_api_key: Some(Secret::new(KEY)), ..Default::default() };
    let bad = OpenAiModel::new(
        Provider::OpenAi,
        "m",
        Some(Secret::new(format!("{KEY}\u{7}x"))),
        &server.settings(),
    );
    for text in
        [chain(&error), format!("{engine:?} {engine:#?}"), format!("{settings:?}"), format!("{bad:?}")]
    {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(chain(&error).contains("Incorrect API key ***"));
    assert!(matches!(bad, Err(LlmError::Settings { .. })));
}

#[test]
fn addresses_that_would_leak_the_key_are_refused() {
    let build = |url: &str, key: Option<Secret>| {
        let settings = ChatSettings { base_url: Some(url.to_owned()), ..ChatSettings::default() };
        OpenAiModel::new(Provider::OpenAi, "m", key, &settings)
    };
    let key = || Some(Secret::new(KEY));
    assert!(build("http://example.org/v1", key()).is_err());
    assert!(build("http://example.org/v1", None).is_ok());
    for url in ["http://127.0.0.1:1/v1", "http://[::1]:1/v1", "http://localhost/v1/", "https://example.org"] {
        assert!(build(url, key()).is_ok(), "{url}");
    }
    for url in ["ftp://x", "nonsense", "https://user:pw@example.org", "https://example.org/v1?a=b"] {
        assert!(build(url, None).is_err(), "{url}");
    }
}

#[test]
fn settings_list_every_problem() {
    let settings =
        ChatSettings { attempts: 0, candles: 0, temperature: Some(f64::NAN), ..ChatSettings::default() };
    let error = OpenAiModel::new(Provider::Ollama, "m", None, &settings).unwrap_err().to_string();
    assert!(["attempts", "candles", "temperature"].iter().all(|field| error.contains(field)), "{error}");
    assert!(OpenAiModel::new(Provider::Ollama, "two words", None, &ChatSettings::default()).is_err());
    assert!(serde_json::from_str::<ChatSettings>(r#"{"retries":3}"#).is_err());
}
