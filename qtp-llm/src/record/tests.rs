use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;
use std::{fs, path::PathBuf};

use async_trait::async_trait;
use qtp_core::{DecisionError, Timestamp};
use serde_json::json;

use super::*;
use crate::LlmError;
use crate::model::{
    CallContext, ChatModel, ChatReply, ChatRequest, Finish, Format, Message, ProviderError, TokenUsage,
    ToolSpec,
};

const CONTEXT: CallContext =
    CallContext { decision: 7, as_of: Timestamp::from_secs(1_700_000_000), limit: Duration::from_secs(1) };

/// Replies with its script.
struct Model(&'static str, Mutex<Vec<Result<ChatReply, DecisionError>>>);

#[async_trait]
impl ChatModel for Model {
    fn provider(&self) -> &str {
        "p"
    }

    fn model(&self) -> &str {
        self.0
    }

    async fn complete(&self, _: &ChatRequest, _: &CallContext) -> Result<ChatReply, DecisionError> {
        self.1.lock().unwrap().remove(0)
    }
}

fn model(script: Vec<Result<ChatReply, DecisionError>>) -> Model {
    Model("m", Mutex::new(script))
}

fn reply(text: &str) -> ChatReply {
    let usage =
        TokenUsage { prompt_tokens: 3, cost: Some("0.00012".parse().unwrap()), ..TokenUsage::default() };
    ChatReply {
        text: text.to_owned(),
        calls: Vec::new(),
        finish: Finish::Stop,
        usage,
        model: "m-2".to_owned(),
        carry: None,
    }
}

fn question(text: &str) -> ChatRequest {
    ChatRequest::new(vec![Message::User(text.to_owned())])
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies.jsonl");
    (folder, path)
}

async fn record(path: &PathBuf, texts: &[&str]) {
    let recorder = Recorder::open(model(texts.iter().map(|text| Ok(reply(text))).collect()), path).unwrap();
    for text in texts {
        recorder.complete(&question(text), &CONTEXT).await.unwrap();
    }
    assert_eq!(recorder.lost(), 0);
}

#[tokio::test]
async fn recording_replies_like_the_model_it_was_made_of() {
    let (_folder, path) = file();
    // Two recorders one after another: the second appends.
    record(&path, &["a", "b"]).await;
    record(&path, &["c"]).await;
    let replay = Replay::open(&path).unwrap();
    assert_eq!((replay.len(), replay.provider(), replay.model()), (3, "p", "m"));
    for text in ["b", "a", "c", "a"] {
        assert_eq!(replay.complete(&question(text), &CONTEXT).await.unwrap(), reply(text));
    }
    let error = replay.complete(&question("d"), &CONTEXT).await.unwrap_err();
    assert!(matches!(&error, DecisionError::NotRecorded { key, .. } if key.len() == 64), "{error}");
}

#[tokio::test]
async fn replies_to_one_question_come_in_order_and_the_last_repeats() {
    let (_folder, path) = file();
    let recorder = Recorder::open(model(vec![Ok(reply("1")), Ok(reply("2"))]), &path).unwrap();
    for _ in 0..2 {
        recorder.complete(&question("same"), &CONTEXT).await.unwrap();
    }
    let replay = Replay::open(&path).unwrap();
    for text in ["1", "2", "2"] {
        assert_eq!(replay.complete(&question("same"), &CONTEXT).await.unwrap(), reply(text));
    }
}

#[tokio::test]
async fn reuse_asks_only_what_is_new_or_failed() {
    let (_folder, path) = file();
    record(&path, &["a"]).await;
    let limited = DecisionError::RateLimited { engine: "p".to_owned(), retry_after: None };
    let failing = Recorder::open(model(vec![Err(limited)]), &path).unwrap();
    failing.complete(&question("b"), &CONTEXT).await.unwrap_err();
    let again = Recorder::open_and_reuse(model(vec![Ok(reply("b")), Ok(reply("c"))]), &path).unwrap();
    for text in ["a", "b", "a", "c"] {
        assert_eq!(again.complete(&question(text), &CONTEXT).await.unwrap(), reply(text));
    }
    assert_eq!(Replay::open(&path).unwrap().len(), 3);
}

#[tokio::test]
async fn errors_come_back_as_they_were() {
    let (_folder, path) = file();
    let engine = || "p".to_owned();
    let errors = || {
        let own = ProviderError { status: 422, code: "x".to_owned(), message: "no schema".to_owned() };
        vec![
            DecisionError::Call { engine: engine(), retryable: true, source: "no route".into() },
            DecisionError::Call { engine: engine(), retryable: false, source: Box::new(own) },
            DecisionError::Timeout { engine: engine(), limit: Duration::from_millis(1500) },
            DecisionError::RateLimited { engine: engine(), retry_after: Some(Duration::from_secs(3)) },
            DecisionError::Invalid { engine: engine(), problem: "sl_price: missing".to_owned() },
            DecisionError::Budget { engine: engine(), budget: "5 USD a day".to_owned() },
        ]
    };
    let recorder = Recorder::open(model(errors().into_iter().map(Err).collect()), &path).unwrap();
    for index in 0..errors().len() {
        recorder.complete(&question(&index.to_string()), &CONTEXT).await.unwrap_err();
    }
    let replay = Replay::open(&path).unwrap();
    for (index, error) in errors().into_iter().enumerate() {
        let again = replay.complete(&question(&index.to_string()), &CONTEXT).await.unwrap_err();
        assert_eq!((again.to_string(), again.code()), (error.to_string(), error.code()));
        assert_eq!((again.is_retryable(), again.retry_after()), (error.is_retryable(), error.retry_after()));
        assert_eq!(ProviderError::behind(&again), ProviderError::behind(&error));
    }
}

#[test]
fn key_depends_on_every_part_of_the_question() {
    let key = |request: &ChatRequest| request_key("p", "m", request).unwrap();
    let first = question("a");
    assert_eq!(key(&first), key(&first.clone()));
    let tool = ToolSpec { name: "t".into(), description: "d".into(), parameters: json!({}) };
    let others = [
        question("b"),
        ChatRequest { tools: vec![tool], ..first.clone() },
        ChatRequest { format: Format::Object, ..first.clone() },
        ChatRequest { format: Format::Schema { name: "s".into(), schema: json!({}) }, ..first.clone() },
        ChatRequest { temperature: Some(0.5), ..first.clone() },
        ChatRequest { seed: Some(1), ..first.clone() },
        ChatRequest { effort: Some(crate::Effort::Low), ..first.clone() },
        ChatRequest { max_tokens: 1, ..first.clone() },
        ChatRequest { final_round: true, ..first.clone() },
    ];
    for other in &others {
        assert_ne!(key(&first), key(other), "{other:?}");
    }
    assert_ne!(key(&first), request_key("q", "m", &first).unwrap());
    assert_ne!(key(&first), request_key("p", "n", &first).unwrap());
}

#[test]
fn key_never_changes_between_builds() {
    let schema = Format::Schema { name: "s".into(), schema: json!({ "b": 1, "a": [true, null, 0.5] }) };
    let request = ChatRequest { format: schema, seed: Some(3), ..question("a") };
    let key = request_key("p", "m", &request).unwrap();
    assert_eq!(key, "1d19ad4a085c88c0da251027ab178a484952588b319b1415eb9195b061d88a5a");
}

#[tokio::test]
async fn torn_tail_is_cut_off_and_other_damage_is_named() {
    let (_folder, path) = file();
    record(&path, &["a"]).await;
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"key":"ab"#).unwrap();
    assert_eq!(Replay::open(&path).unwrap().len(), 1);
    drop(Recorder::open(model(Vec::new()), &path).unwrap());
    assert_eq!(fs::read(&path).unwrap(), whole);
    record(&path, &["b"]).await;
    assert_eq!(Replay::open(&path).unwrap().len(), 2);
    file.write_all(b"nonsense\n").unwrap();
    let error = Replay::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 4"), "{error}");
}

#[test]
fn other_models_recordings_and_other_files_are_refused() {
    let (folder, path) = file();
    drop(Recorder::open(model(Vec::new()), &path).unwrap());
    let other = Recorder::open(Model("n", Mutex::default()), &path).err().unwrap();
    assert!(other.to_string().contains("holds replies of p:m, not of p:n"), "{other}");
    fs::write(&path, "{\"v\":9,\"provider\":\"p\",\"model\":\"m\"}\n").unwrap();
    assert!(Replay::open(&path).unwrap_err().to_string().contains("version 9"));
    fs::write(&path, "timestamp,open\n").unwrap();
    assert!(matches!(Replay::open(&path), Err(LlmError::Recording { line: 1, .. })));
    assert!(matches!(Replay::open(folder.path().join("none")), Err(LlmError::File { .. })));
}
