//! A server on this machine that answers with a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::settings::ChatSettings;

/// One response of the server.
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) kind: &'static str,
    pub(crate) body: String,
    /// The body comes in chunks of three bytes.
    pub(crate) torn: bool,
    /// Half of the body comes, and then nothing for ever.
    pub(crate) stalls: bool,
}

impl Scripted {
    pub(crate) fn ok(body: String) -> Self {
        Self::error(200, body)
    }

    pub(crate) fn error(status: u16, body: impl Into<String>) -> Self {
        let (headers, kind, body) = (String::new(), "application/json", body.into());
        Self { status, headers, kind, body, torn: false, stalls: false }
    }

    /// A stream of events, each with its data.
    pub(crate) fn stream(events: &[impl AsRef<str>]) -> Self {
        let body = events.iter().map(|event| format!("data: {}\n\n", event.as_ref())).collect::<String>();
        Self { kind: "text/event-stream; charset=utf-8", ..Self::ok(body) }
    }
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// Answers connections with its script, one each; when the script is over it takes the request and stays silent.
pub(crate) struct Server {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(script: Vec<Scripted>) -> Self {
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
                    Some(response) if response.stalls => {
                        let half = response.body.len() / 2;
                        let head = head(&response, &format!("content-length: {}", response.body.len()));
                        let _ = stream.write_all(head.as_bytes()).await;
                        let _ = stream.write_all(&response.body.as_bytes()[..half]).await;
                        silent.push(stream);
                    }
                    Some(response) => respond(&mut stream, &response).await,
                    None => silent.push(stream),
                }
            }
        });
        Self { base_url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> ChatSettings {
        let base_url = Some(self.base_url.clone());
        ChatSettings { base_url, backoff_ms: 1, jitter_percent: 0, ..ChatSettings::default() }
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

fn head(response: &Scripted, length: &str) -> String {
    let Scripted { status, headers, kind, .. } = response;
    format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n{headers}{length}\r\n\r\n")
}

async fn respond(stream: &mut TcpStream, response: &Scripted) {
    let (length, body) = if response.torn {
        let mut body = Vec::new();
        for piece in response.body.as_bytes().chunks(3) {
            body.extend_from_slice(format!("{}\r\n", piece.len()).as_bytes());
            body.extend_from_slice(piece);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n\r\n");
        ("transfer-encoding: chunked".to_owned(), body)
    } else {
        (format!("content-length: {}", response.body.len()), response.body.clone().into_bytes())
    };
    // The client may hang up on a body that is too long.
    let _ = stream.write_all(head(response, &length).as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}
