//! `strategy`: schema, check, and a model that writes documents behind a scripted server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::candles::{HEADER, write};
use common::*;
use serde_json::{Value, json};

const STRATEGY: &str = env!("CARGO_BIN_EXE_strategy");

/// Hourly candles that swing up and down: who follows them earns.
fn swings(rows: u32) -> String {
    let mut text = HEADER.to_owned();
    let mut open = 100.0_f64;
    for row in 0..rows {
        let close = 100.0 + 10.0 * (f64::from(row) / 8.0).sin();
        let (high, low) = (open.max(close) + 0.05, open.min(close) - 0.05);
        let time = 1_704_067_200 + i64::from(row) * 3_600;
        writeln!(text, "{time},{open:.4},{high:.4},{low:.4},{close:.4},100000").unwrap();
        open = close;
    }
    text
}

/// Replies in order, the last one again and again; keeps the bodies of the requests.
fn server(replies: Vec<String>) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let bodies = Arc::clone(&seen);
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let text = &replies[index.min(replies.len() - 1)];
            let reply = json!({
                "id": "1", "object": "chat.completion", "created": 1, "model": "scripted",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
            })
            .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                reply.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    (url, seen)
}

fn document(long: &str, exit: &str) -> String {
    format!(
        r#"{{"version": 1, "name": "follower", "entry": {{"long": {long}}}, "exit": {{"long": {exit}}},
            "stop": {{"percent": 8}}, "size": {{"equity": {{"percent": 50}}}}}}"#
    )
}

fn good() -> String {
    document(r#"{"above": ["close", "sma(3)"]}"#, r#"{"below": ["close", "sma(3)"]}"#)
}

fn generate(candles: &Path, model: &[&str], extra: &[&str]) -> Ran {
    let fixed = ["generate", "--idea", "follow the swings", "--candles", candles.to_str().unwrap()];
    run(STRATEGY, &[&fixed, model, extra].concat())
}

#[test]
fn a_model_is_told_what_is_wrong_until_a_document_holds_and_the_recording_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let candles = write(folder.path(), "swings.csv", swings(3_000));
    let never = document(r#"{"above": ["close", 1000]}"#, r#"{"below": ["close", 1]}"#);
    let slip = document(r#"{"above": ["close", "smaa(3)"]}"#, r#"{"below": ["close", 1]}"#);
    let replies = vec![
        "I would buy low and sell high.".to_owned(),
        format!("```json\n{slip}\n```"),
        never.clone(),
        never,
        format!("<think>simple</think>\n{}", good()),
    ];
    let (url, seen) = server(replies);
    let (record, out) = (folder.path().join("replies.jsonl"), folder.path().join("found.json"));
    let (record, out) = (record.to_str().unwrap(), out.to_str().unwrap());
    let live = ["--llm", "ollama:scripted", "--llm-url", &url, "--record", record];
    let report = generate(&candles, &live, &["--json", "--out", out]).ok().json();

    let outcomes: Vec<_> = report["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["invalid", "invalid", "rejected", "repeated", "accepted"]);
    let last = &report["attempts"][4];
    assert!(last["in_sample"]["round_trips"].as_u64().unwrap() >= 30, "{last}");
    assert!(last["out_of_sample"]["total_return"].as_f64().unwrap() > 0.1, "{last}");
    let tested = &report["multiple_testing"];
    assert_eq!((tested["trials"].as_u64(), tested["out_of_sample_looks"].as_u64()), (Some(2), Some(1)));

    let requests = seen.lock().unwrap().clone();
    let said =
        |index: usize| requests[index]["messages"].as_array().unwrap().last().unwrap()["content"].to_string();
    assert_eq!(requests.len(), 5);
    assert!(
        said(0).contains("follow the swings") && said(0).contains("2100 of them in sample"),
        "{}",
        said(0)
    );
    assert!(said(1).contains("no complete JSON object"), "{}", said(1));
    assert!(
        said(2).contains("did you mean `sma`?") && said(2).contains("/entry/long/above/1"),
        "{}",
        said(2)
    );
    assert!(said(3).contains("0 round trips, at least 30"), "{}", said(3));
    assert!(said(4).contains("attempt 3 again"), "{}", said(4));

    let again = generate(&candles, &["--llm", &format!("replay:{record}")], &["--json"]).ok().json();
    assert_eq!(again, report);
    run(STRATEGY, &["check", out]).ok();
    let found = ["--candles", candles.to_str().unwrap(), "--strategy-file", out, "--json"];
    assert!(run(BACKTEST, &found).ok().json()["round_trips"].as_u64().unwrap() > 40);
}

#[test]
fn a_document_must_hold_on_every_market() {
    let folder = tempfile::tempdir().unwrap();
    let text = swings(3_000);
    let of = |id: &str, text: &str| {
        let file = write(folder.path(), &format!("{id}.csv"), text);
        format!("{id}-USD@swings={}", file.display())
    };
    // The second swings as the first does, a little later; the third only trembles.
    let later: String = text
        .lines()
        .enumerate()
        .filter(|(row, _)| !(1..=200).contains(row))
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    let trembling = candles::walk_of(3_000, 3_600);
    let (first, second, third) = (of("A", &text), of("B", &later), of("C", &trembling));
    let (url, seen) = server(vec![good()]);
    let generate = |markets: &[&str], more: &[&str]| {
        let mut args = vec!["generate", "--idea", "x", "--llm", "ollama:scripted", "--llm-url", &url];
        markets.iter().for_each(|market| args.extend(["--candles", market]));
        run(STRATEGY, &[&args[..], more].concat())
    };
    let report = generate(&[&first, &second], &["--json"]).ok().json();
    let both = &report["attempts"][0]["out_of_sample"];
    let of_each = |name: &str| -> Vec<f64> {
        let each = both["markets"].as_array().unwrap().iter();
        each.map(|market| market["result"][name].as_f64().unwrap()).collect()
    };
    let (returns, trips) = (of_each("total_return"), of_each("round_trips"));
    assert_eq!((returns.len(), both["markets"][1]["market"].as_str()), (2, Some("B-USD@swings")));
    assert!((both["total_return"].as_f64().unwrap() - (returns[0] + returns[1]) / 2.0).abs() < 1e-12);
    assert_eq!(both["round_trips"].as_f64(), Some(trips[0] + trips[1]));
    assert_eq!(both["max_drawdown"].as_f64(), of_each("max_drawdown").into_iter().reduce(f64::max));
    assert!(report["accepted"].is_object() && report["multiple_testing"]["trials"] == 1, "{report}");

    let refused = generate(&[&first, &third], &["--attempts", "2"]);
    assert!(refused.stdout.contains("C-USD@swings: return after costs"), "{refused:?}");
    assert!(!refused.stdout.contains("A-USD@swings: "), "{refused:?}");
    let told = seen.lock().unwrap().last().unwrap()["messages"].to_string();
    for words in
        ["2 markets, on each of which it must hold", "In sample: A-USD@swings: ", "In sample: C-USD@swings: "]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let unnamed = first.split_once('=').unwrap().1;
    for (markets, more, words) in [
        ([&*first, unnamed], &[][..], "ID=FILE"),
        ([&first, &first], &[], "A-USD@swings is given twice"),
        ([&first, &second], &["--funding", "rates.csv"], "--funding"),
    ] {
        assert!(generate(&markets, more).refusal().contains(words), "{words}");
    }
}

#[test]
fn no_document_that_passed_is_a_failure_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let candles = write(folder.path(), "swings.csv", swings(600));
    let (url, _) = server(vec!["no".to_owned()]);
    let model = ["--llm", "ollama:scripted", "--llm-url", &url];
    let ran = generate(&candles, &model, &["--attempts", "2"]);
    assert_eq!(ran.refusal(), "error: no document passed in 2 attempts");
    assert!(ran.stdout.contains("  1  invalid") && ran.stdout.contains("0 documents were tried"), "{ran:?}");
    let ran = generate(&candles, &model, &["--budget-tokens", "500"]);
    assert!(ran.refusal().contains("budget"), "{ran:?}");
    let ran = generate(&candles, &["--llm", "rules"], &[]);
    assert!(ran.refusal().contains("rules"), "{ran:?}");
    let ran = generate(&candles, &model, &["--in-sample", "1.5"]);
    assert!(ran.refusal().contains("in_sample"), "{ran:?}");
}

#[test]
fn check_names_the_place_and_every_example_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("strategies");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let ran = run(STRATEGY, &["check", path.to_str().unwrap()]).ok();
        assert!(ran.stdout.contains("is a strategy"), "{ran:?}");
        count += 1;
    }
    assert!(count >= 5);
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/strategy-files.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let shown = guide.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let shown = write(temporary.path(), "shown.json", shown);
    assert!(
        run(STRATEGY, &["check", shown.to_str().unwrap()]).ok().stdout.contains("pullback is a strategy")
    );
    let broken = write(temporary.path(), "broken.json", good().replace("sma(3)", "sma(0)"));
    let ran = run(STRATEGY, &["check", broken.to_str().unwrap()]);
    assert!(
        ran.refusal().contains("line 1, column ") && ran.refusal().contains("/entry/long/above/1"),
        "{ran:?}"
    );
}

#[test]
fn the_published_schema_is_what_the_command_prints() {
    let printed = run(STRATEGY, &["schema"]).ok().stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/strategy-file.schema.json");
    assert!(
        std::fs::read_to_string(&path).unwrap() == printed,
        "write `strategy schema` to {}",
        path.display()
    );
}
