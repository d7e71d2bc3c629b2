//! A loopback server and pictures for the tests of the chat engine.

mod loopback;
mod text;
mod timing;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use qtp_core::{AssetView, DecisionRequest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::settings::ChatSettings;
use crate::testing::{flat, market, price, request};

pub(super) const BTC: &str = "BTC-USDC-PERP@sim";
pub(super) const ETH: &str = "ETH-USDC-PERP@sim";
pub(super) const KEY: &str = "sk-very-secret-0123456789";

/// BTC at 100 and ETH at 10, both flat.
pub(super) fn picture() -> DecisionRequest {
    request(vec![at(BTC, 100.0), at(ETH, 10.0)])
}

pub(super) fn at(instrument: &str, now: f64) -> AssetView {
    AssetView { price: price(now), ..flat(instrument, market(instrument, 1, now, 40)) }
}

/// One trade with every field, some of them replaced.
pub(super) fn trade(changes: &Value) -> Value {
    let mut trade = json!({
        "asset": BTC, "action": "buy", "conviction": 0.7, "allocation_usd": 1500, "tp_price": 112.5,
        "sl_price": 95.25, "exit_plan": "at the stop or the target", "rationale": "ema(9) leads",
    });
    for (field, value) in changes.as_object().unwrap() {
        trade[field] = value.clone();
    }
    trade
}

pub(super) fn answer(trades: &[Value]) -> String {
    json!({ "reasoning": "an uptrend", "trade_decisions": trades }).to_string()
}

pub(super) fn good_answer() -> String {
    answer(&[trade(&json!({}))])
}

pub(super) fn completion(content: &Value, finish: &str) -> String {
    json!({
        "id": "gen-1", "object": "chat.completion", "created": 1, "model": "vendor/name",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": finish }],
        "usage": { "prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980, "cost": 0.000125 },
    })
    .to_string()
}

pub(super) fn says(text: &str) -> Scripted {
    Scripted::ok(completion(&json!(text), "stop"))
}

/// One response of the server.
pub(super) struct Scripted {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
}

impl Scripted {
    pub(super) fn ok(body: String) -> Self {
        Self::error(200, body)
    }

    pub(super) fn error(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: String::new(), body: body.into() }
    }
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Value,
}

/// Answers connections with its script, one each; when the script is over it takes the request and stays silent.
pub(super) struct Server {
    pub(super) base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(super) async fn start(script: Vec<Scripted>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut script = VecDeque::from(script);
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read_request(&mut stream).await else { continue };
                log.lock().unwrap().push(request);
                match script.pop_front() {
                    Some(response) => respond(&mut stream, &response).await,
                    None => silent.push(stream),
                }
            }
        });
        Self { base_url, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn settings(&self) -> ChatSettings {
        ChatSettings { base_url: Some(self.base_url.clone()), backoff_ms: 1, ..ChatSettings::default() }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok()?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
            if body.len() >= length {
                return Some(Seen { head, body: serde_json::from_str(body).ok()? });
            }
        }
        if count == 0 {
            return None;
        }
    }
}

async fn respond(stream: &mut TcpStream, response: &Scripted) {
    let Scripted { status, headers, body } = response;
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    // The client may hang up on a body that is too long.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}
