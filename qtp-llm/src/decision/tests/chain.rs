//! The layers that `build` puts around a model.

use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError};

use super::*;
use crate::settings::RecordMode;
use crate::{BudgetCaps, Cap};

fn settings(chat: ChatSettings) -> LlmSettings {
    let key = || Some(Secret::new(KEY));
    LlmSettings { chat, openrouter_api_key: key(), anthropic_api_key: key(), ..LlmSettings::default() }
}

async fn decide(spec: &str, settings: &LlmSettings) -> Result<Decision, DecisionError> {
    crate::layers::engine(&spec.parse().unwrap(), settings, &Arc::default()).unwrap().decide(&picture()).await
}

fn anthropic(text: &str) -> Scripted {
    Scripted::ok(
        json!({ "model": "c", "content": [{ "type": "text", "text": text }], "stop_reason": "end_turn" })
            .to_string(),
    )
}

#[tokio::test]
async fn the_next_model_answers_when_the_first_cannot() {
    for first in [Scripted::error(401, "{}"), Scripted::error(402, "{}"), Scripted::error(503, "{}")] {
        let (down, up) =
            (Server::start(vec![first]).await, Server::start(vec![anthropic(&good_answer())]).await);
        let chat = ChatSettings {
            attempts: 1,
            fallback: vec!["anthropic:c".into()],
            base_urls: [("anthropic".to_owned(), up.base_url.clone())].into(),
            ..down.settings()
        };
        let decision = decide("openrouter:vendor/name", &settings(chat)).await.unwrap();
        assert_eq!((decision.model.as_deref(), up.seen().len()), (Some("c"), 1));
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_no_reason_to_ask_another() {
    let refusal =
        json!({ "choices": [{ "message": { "refusal": "no" }, "finish_reason": "stop" }] }).to_string();
    let (first, next) = (Server::start(vec![Scripted::ok(refusal)]).await, Server::start(Vec::new()).await);
    let chat = ChatSettings {
        fallback: vec!["anthropic:c".into()],
        base_urls: [("anthropic".to_owned(), next.base_url.clone())].into(),
        ..first.settings()
    };
    assert_eq!(decide("openrouter:vendor/name", &settings(chat)).await.unwrap_err().code(), "invalid_output");
    assert!(next.seen().is_empty());
}

#[tokio::test]
async fn a_sanitizer_may_change_the_form_and_nothing_else() {
    let prose = "I would buy BTC, conviction 0.7, stop at 95.25, target 112.5, at most $1,500.";
    let invented = good_answer().replace("95.25", "96.5");
    let wrong_way = good_answer().replace("buy", "close");
    for (sanitized, expected) in [
        (good_answer(), Ok(1)),
        (invented, Err("96.5 was never said")),
        (wrong_way, Err("close was never said")),
        (good_answer().replace(BTC, ETH).replace("95.25", "9.5").replace("112.5", "11.2"), Err("never")),
        ("still prose".to_owned(), Err("no complete JSON")),
    ] {
        let model = Server::start(vec![says(prose), says(prose)]).await;
        let sanitizer = Server::start(vec![anthropic(&sanitized)]).await;
        let chat = ChatSettings {
            sanitizer: Some("anthropic:c".into()),
            base_urls: [("anthropic".to_owned(), sanitizer.base_url.clone())].into(),
            ..model.settings()
        };
        let result = decide("openrouter:vendor/name", &settings(chat)).await;
        match expected {
            Ok(trades) => assert_eq!(result.unwrap().trades.len(), trades),
            Err(words) => {
                let error = result.unwrap_err();
                assert!(error.code() == "invalid_output" && error.to_string().contains(words), "{error}");
            }
        }
        assert_eq!((model.seen().len(), sanitizer.seen().len()), (2, 1));
    }
}

#[tokio::test]
async fn a_used_up_budget_holds_without_a_call() {
    let server = Server::start(vec![says(&good_answer()), says(&good_answer())]).await;
    let cap = Cap { tokens: Some(20_000), usd: None };
    let budget = BudgetCaps { decision: cap, ..BudgetCaps::default() };
    let within = LlmSettings { budget, ..settings(server.settings()) };
    decide("openrouter:vendor/name", &within).await.unwrap();
    let budget = BudgetCaps { run: Cap { tokens: Some(5_000), usd: None }, ..BudgetCaps::default() };
    let error = decide("openrouter:vendor/name", &LlmSettings { budget, ..within }).await.unwrap_err();
    assert!(error.code() == "budget" && error.to_string().contains("run: 5000 tokens"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_recorded_run_is_replayed_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let server = Server::start(vec![says("no"), says(&good_answer())]).await;
    let recording = LlmSettings { record: Some(file.clone()), ..settings(server.settings()) };
    let spec = "openrouter:vendor/name";
    let decision = decide(spec, &recording).await.unwrap();
    let replay = format!("replay:{}", file.display());
    assert_eq!(decide(&replay, &LlmSettings::default()).await.unwrap(), decision);
    // No key is needed for a replay, and nothing is asked that was not asked then.
    let changed = LlmSettings {
        chat: ChatSettings { max_tokens: 99, ..ChatSettings::default() },
        ..LlmSettings::default()
    };
    assert_eq!(decide(&replay, &changed).await.unwrap_err().code(), "not_recorded");
    let mode = |record_mode| LlmSettings { record_mode, ..recording.clone() };
    assert_eq!(decide(spec, &mode(RecordMode::Replay)).await.unwrap(), decision);
    assert_eq!(decide(spec, &mode(RecordMode::ReplayOrRecord)).await.unwrap(), decision);
    assert_eq!(server.seen().len(), 2);
    let both = LlmSettings { record: Some(file), ..LlmSettings::default() };
    let refused = crate::layers::engine(&replay.parse().unwrap(), &both, &Arc::default()).unwrap_err();
    assert!(refused.to_string().contains("cannot be recorded"));
}

#[tokio::test]
async fn what_a_sanitizer_said_is_replayed_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.jsonl");
    let prose = "I would buy BTC: stop 95.25, target 112.5, at most 1500.";
    let model = Server::start(vec![says(prose), says(prose)]).await;
    let sanitizer = Server::start(vec![anthropic(&good_answer())]).await;
    let chat = ChatSettings {
        sanitizer: Some("anthropic:c".into()),
        base_urls: [("anthropic".to_owned(), sanitizer.base_url.clone())].into(),
        ..model.settings()
    };
    let recording = LlmSettings { record: Some(file.clone()), ..settings(chat.clone()) };
    let decision = decide("openrouter:vendor/name", &recording).await.unwrap();
    let replaying = LlmSettings { chat, ..LlmSettings::default() };
    let replay = format!("replay:{}", file.display());
    assert_eq!(decide(&replay, &replaying).await.unwrap(), decision);
    assert_eq!((model.seen().len(), sanitizer.seen().len()), (2, 1));
}

#[tokio::test]
async fn a_prompt_is_cut_to_what_the_model_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let cards = folder.path().join("cards.toml");
    std::fs::write(&cards, "[\"openrouter:vendor/name\"]\ncontext = 9700\ntools = false\nschema = false\n")
        .unwrap();
    let server = Server::start(vec![says(&good_answer())]).await;
    let chat = ChatSettings { cards: Some(cards), tools: vec!["all".into()], ..server.settings() };
    decide("openrouter:vendor/name", &settings(chat)).await.unwrap();
    let body = server.seen().remove(0).body;
    let prompt = body["messages"][1]["content"].as_str().unwrap();
    assert!(prompt.contains("(6 of 40)") || prompt.contains("(12 of 40)"), "{prompt}");
    // The card says that neither tools nor a schema need be tried.
    assert_eq!((&body["tools"], &body["response_format"]["type"]), (&Value::Null, &json!("json_object")));
}

#[tokio::test]
async fn routing_and_sampling_reach_openrouter() {
    let server = Server::start(vec![says(&good_answer())]).await;
    let chat = ChatSettings {
        router_models: vec!["vendor/other".into()],
        routing: crate::Routing { sort: Some("price".into()), zdr: Some(true), ..crate::Routing::default() },
        effort: Some(crate::Effort::Low),
        seed: Some(7),
        ..server.settings()
    };
    decide("openrouter:vendor/name", &settings(chat)).await.unwrap();
    let body = server.seen().remove(0).body;
    assert_eq!(body["models"], json!(["vendor/name", "vendor/other"]));
    assert_eq!(body["provider"], json!({ "require_parameters": true, "sort": "price", "zdr": true }));
    assert_eq!((&body["reasoning"], &body["seed"]), (&json!({ "effort": "low" }), &json!(7)));
}
