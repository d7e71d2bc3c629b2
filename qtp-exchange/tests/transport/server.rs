//! A server that answers byte by byte as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use qtp_exchange::transport::{Backoff, Http, HttpSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one connection.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Reads the request whole, then writes these bytes and closes.
    Answer(String),
    /// Resets the connection without reading a byte.
    ResetUnread,
    /// Reads the request whole, then resets.
    ResetRead,
    /// Reads the request whole and never says anything.
    Silent,
    /// Reads the request whole, writes these bytes, then resets.
    AnswerAndReset(String),
}

pub(crate) fn status(line: &str, headers: &str, body: &str) -> Act {
    Act::Answer(format!(
        "HTTP/1.1 {line}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    ))
}

pub(crate) fn ok(body: &str) -> Act {
    status("200 OK", "", body)
}

/// An answer that promises more bytes than it has.
pub(crate) fn truncated(line: &str) -> Act {
    Act::Answer(format!("HTTP/1.1 {line}\r\ncontent-length: 100\r\n\r\n{{\"ok\":"))
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One act a connection; afterwards nobody listens any more.
    pub(crate) async fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let acts: Vec<Act> = acts.into_iter().collect();
        let log = seen.clone();
        tokio::spawn(async move {
            for act in acts {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(perform(act, stream, log.clone()));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn perform(act: Act, mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    if let Act::ResetUnread = act {
        seen.lock().unwrap().push(String::new());
        stream.set_zero_linger().unwrap();
        return;
    }
    let request = read_request(&mut stream).await;
    seen.lock().unwrap().push(request);
    match act {
        Act::Answer(bytes) => {
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        Act::AnswerAndReset(bytes) => {
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.set_zero_linger().unwrap();
        }
        Act::Silent => std::future::pending().await,
        Act::ResetRead | Act::ResetUnread => stream.set_zero_linger().unwrap(),
    }
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap_or(0);
        if count == 0 {
            return text;
        }
        bytes.extend_from_slice(&part[..count]);
    }
}

/// An address on which nobody listens.
pub(crate) async fn refused() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub(crate) fn settings(urls: &[&str]) -> HttpSettings {
    let mut settings = HttpSettings::new(urls.iter().copied());
    settings.timeout = Duration::from_millis(300);
    settings.connect_timeout = Duration::from_millis(200);
    settings.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    settings
}

pub(crate) fn http(urls: &[&str]) -> Http {
    Http::new(settings(urls)).unwrap()
}
