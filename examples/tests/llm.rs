//! The bot with a model: a scripted one behind an OpenAI-compatible server on this machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a failed set-up fails the test")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::*;
use serde_json::{Value, json};

/// Buys what is flat and closes what is held, every third time it is asked.
struct Model {
    base_url: String,
    calls: Arc<AtomicU64>,
}

impl Model {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(stream.unwrap(), &counter));
            }
        });
        Self { base_url, calls }
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// One connection, which may carry several requests.
fn serve(mut stream: TcpStream, calls: &AtomicU64) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let count = calls.fetch_add(1, Ordering::SeqCst);
        let body: Value = serde_json::from_slice(&body).unwrap();
        let body = reply(body["messages"][1]["content"].as_str().unwrap(), count).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn reply(prompt: &str, count: u64) -> Value {
    let field = |name: &str| {
        let line = prompt.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    };
    let price: f64 = field("price:").parse().unwrap();
    let flat = field("position:") == "flat";
    let level = |factor: f64| (price * factor).round();
    let action = if !count.is_multiple_of(3) {
        "hold"
    } else if flat {
        "buy"
    } else {
        "close"
    };
    let exits =
        if action == "buy" { (json!(level(1.02)), json!(level(0.98))) } else { (Value::Null, Value::Null) };
    let answer = json!({
        "reasoning": "scripted",
        "trade_decisions": [{
            "asset": field("## "), "action": action, "conviction": 0.5, "allocation_usd": null,
            "tp_price": exits.0, "sl_price": exits.1, "exit_plan": "", "rationale": format!("call {count}"),
        }],
    });
    json!({
        "model": "scripted",
        "choices": [{ "message": { "content": answer.to_string() }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 100 },
    })
}

/// A simulated day of five-minute decisions.
fn day(folder: &Path, llm: &str) -> RunFiles {
    let file = candles::write(folder, "bot.toml", llm);
    let runs = Runs::new();
    let config = [
        "--config",
        file.to_str().unwrap(),
        "--llm",
        "openai:scripted",
        "--assets",
        "BTC",
        "--duration",
        "1d",
    ];
    runs.run_bot(&config).ok();
    let run = runs.run();
    let copy = folder.join(format!("run-{}", std::fs::read_dir(folder).unwrap().count()));
    std::fs::create_dir(&copy).unwrap();
    for name in ["decisions.jsonl", "summary.json", "trades.csv"] {
        std::fs::copy(run.file(name), copy.join(name)).unwrap();
    }
    RunFiles(copy)
}

#[test]
fn a_recorded_day_is_replayed_without_a_server_to_the_same_commands() {
    let model = Model::start();
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("replies.jsonl");
    let settings = |mode: &str| {
        format!(
            "[llm]\nrecord = {:?}\nrecord_mode = \"{mode}\"\n[llm.chat]\nbase_url = \"{}\"\n",
            recording.to_str().unwrap(),
            model.base_url
        )
    };
    let live = day(folder.path(), &settings("record"));
    assert_eq!(model.calls(), 288);
    assert!(live.summary()["fills"].as_u64().unwrap() > 20, "{}", live.summary());
    let replayed = day(folder.path(), &settings("replay"));
    assert_eq!(model.calls(), 288, "a replay called the server");
    assert_eq!(replayed.summary()["commands_hash"], live.summary()["commands_hash"]);
    assert!(live.summary()["commands_hash"].is_string());
    for name in ["decisions.jsonl", "trades.csv"] {
        assert!(replayed.read(name) == live.read(name), "{name} differs");
    }
}

#[test]
fn a_used_up_budget_holds_for_the_rest_of_the_run() {
    let model = Model::start();
    let folder = tempfile::tempdir().unwrap();
    let llm = format!(
        "[llm.budget.run]\ntokens = 40000\n[llm.chat]\nbase_url = \"{}\"\nmax_tokens = 500\n",
        model.base_url
    );
    let run = day(folder.path(), &llm);
    let decisions: Vec<Value> =
        run.read("decisions.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let held = |row: &&Value| row["decision"]["result"]["hold"]["code"] == "budget";
    let (held, asked) = (decisions.iter().filter(held).count() as u64, model.calls());
    assert!((20..=40).contains(&asked), "{asked}");
    assert_eq!((decisions.len(), held + asked), (288, 288));
    let first =
        decisions.iter().position(|row| row["decision"]["result"]["hold"]["code"] == "budget").unwrap();
    assert_eq!(first as u64, asked, "no call after the first hold");
}

#[test]
fn keys_in_a_file_and_wrong_settings_are_refused() {
    let refused = |llm: &str, words: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = candles::write(folder.path(), "bot.toml", llm);
        let runs = Runs::new();
        let ran =
            runs.run_bot(&["--config", file.to_str().unwrap(), "--llm", "ollama:m", "--duration", "1m"]);
        assert!(ran.refusal().contains(words), "{ran:?}");
    };
    refused("[llm]\nopenai_api_key = \"sk-secret\"\n", "OPENAI_API_KEY");
    refused("[llm.chat]\nattempts = 0\n", "attempts must be 1 to 10");
    refused("[llm.chat]\ntools = [\"crystal_ball\"]\n", "crystal_ball");
    refused("[llm.chat]\nfallback = [\"gpt\"]\n", "unknown decision engine");
    refused("[llm.budget.week]\ntokens = 1\n", "week");
}
