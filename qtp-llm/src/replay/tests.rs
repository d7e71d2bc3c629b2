use std::fs;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{Decision, DecisionError, DecisionRequest, Quantity};

use super::*;
use crate::LlmError;
use crate::rules::RuleEngine;
use crate::testing::{flat, market, request};

const BTC: &str = "BTC-USDC-PERP@sim";

fn picture(seed: u64) -> DecisionRequest {
    request(vec![flat(BTC, market(BTC, seed, 100.0, 60))])
}

/// Fails with each of its errors in turn.
struct Failing(Mutex<Vec<DecisionError>>);

#[async_trait]
impl DecisionEngine for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    async fn decide(&self, _: &DecisionRequest) -> Result<Decision, DecisionError> {
        Err(self.0.lock().unwrap().remove(0))
    }
}

#[tokio::test]
async fn recording_answers_like_the_engine_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let mut expected = Vec::new();
    // Two recorders one after another: the second appends.
    for seeds in [1..4, 4..7] {
        let recorder = Recorder::open(Box::new(RuleEngine::default()), None, &path).unwrap();
        for seed in seeds {
            expected.push(recorder.decide(&picture(seed)).await.unwrap());
        }
        assert_eq!((recorder.name(), recorder.lost()), ("rules", 0));
    }
    let replay = Replay::open(&path).unwrap();
    assert_eq!((replay.len(), replay.recorded_engine(), replay.recorded_model()), (6, "rules", None));
    for (seed, decision) in (1..7).zip(&expected) {
        assert_eq!(&replay.decide(&picture(seed)).await.unwrap(), decision);
    }
}

#[tokio::test]
async fn unknown_picture_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    drop(Recorder::open(Box::new(RuleEngine::default()), None, &path).unwrap());
    let replay = Replay::open(&path).unwrap();
    assert!(replay.is_empty());
    let error = replay.decide(&picture(1)).await.unwrap_err();
    assert!(matches!(&error, DecisionError::NotRecorded { key, .. } if key.len() == 64), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn errors_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let engine = || "failing".to_owned();
    let errors = || {
        vec![
            DecisionError::Call { engine: engine(), retryable: true, source: "no route".into() },
            DecisionError::Timeout { engine: engine(), limit: Duration::from_millis(1500) },
            DecisionError::RateLimited { engine: engine(), retry_after: Some(Duration::from_secs(3)) },
            DecisionError::Invalid { engine: engine(), problem: "sl_price: missing".to_owned() },
            DecisionError::Budget { engine: engine(), budget: "5 USD a day".to_owned() },
        ]
    };
    let boxed: Box<dyn DecisionEngine> = Box::new(Failing(Mutex::new(errors())));
    let recorder = Recorder::open(boxed, Some("some/model"), &path).unwrap();
    for seed in 0..5 {
        recorder.decide(&picture(seed)).await.unwrap_err();
    }
    let replay = Replay::open(&path).unwrap();
    for (seed, error) in errors().into_iter().enumerate() {
        let again = replay.decide(&picture(seed as u64)).await.unwrap_err();
        assert_eq!((again.to_string(), again.code()), (error.to_string(), error.code()));
        assert_eq!((again.is_retryable(), again.retry_after()), (error.is_retryable(), error.retry_after()));
    }
}

#[test]
fn key_depends_on_the_picture_and_not_on_the_wiring() {
    let key = |request: &DecisionRequest| request_key("e", Some("m"), request).unwrap();
    let first = picture(1);
    let mut renumbered = first.clone();
    (renumbered.id, renumbered.owner, renumbered.snapshot_seq) = (8, 2, 100);
    assert_eq!(key(&first), key(&renumbered));
    let mut shorter = first.clone();
    shorter.assets[0].candles[0].1.remove(0);
    let mut held = first.clone();
    held.assets[0].position = Quantity::ZERO + "1".parse().unwrap();
    let mut halted = first.clone();
    halted.halted = true;
    for other in [&shorter, &held, &halted] {
        assert_ne!(key(&first), key(other));
    }
    assert_ne!(key(&first), request_key("e", None, &first).unwrap());
    assert_ne!(key(&first), request_key("f", Some("m"), &first).unwrap());
}

#[test]
fn key_never_changes_between_builds() {
    let key = request_key("e", Some("m"), &request(vec![flat(BTC, market(BTC, 1, 100.0, 3))])).unwrap();
    assert_eq!(key, "8ad0a9244da10afa76f716e1a71c896d954a27e4d561886f0072173cbfbc39b1");
}

#[tokio::test]
async fn torn_tail_is_cut_off_and_other_damage_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    let recorder = Recorder::open(Box::new(RuleEngine::default()), None, &path).unwrap();
    recorder.decide(&picture(1)).await.unwrap();
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"key":"ab"#).unwrap();
    assert_eq!(Replay::open(&path).unwrap().len(), 1);
    let recorder = Recorder::open(Box::new(RuleEngine::default()), None, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
    recorder.decide(&picture(2)).await.unwrap();
    assert_eq!(Replay::open(&path).unwrap().len(), 2);

    file.write_all(b"nonsense\n").unwrap();
    let error = Replay::open(&path).unwrap_err().to_string();
    assert!(error.contains("line 4"), "{error}");
}

#[test]
fn other_engines_recordings_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("decisions.jsonl");
    drop(Recorder::open(Box::new(RuleEngine::default()), None, &path).unwrap());
    let other = Recorder::open(Box::new(RuleEngine::default()), Some("model"), &path).unwrap_err();
    assert!(other.to_string().contains("holds answers of rules"), "{other}");

    fs::write(&path, "{\"v\":9,\"engine\":\"e\",\"model\":null}\n").unwrap();
    assert!(Replay::open(&path).unwrap_err().to_string().contains("version 9"));
    fs::write(&path, "timestamp,open\n").unwrap();
    assert!(matches!(Replay::open(&path), Err(LlmError::Recording { line: 1, .. })));
    assert!(matches!(Replay::open(folder.path().join("none")), Err(LlmError::File { .. })));
}
