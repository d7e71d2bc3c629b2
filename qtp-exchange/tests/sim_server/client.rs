//! A client that is no more than a socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qtp_exchange::hyperliquid::sign::{Network, PrivateKey, Signature, l1};
use qtp_exchange::sim_server::{Pace, SimServer, SimServerConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";
pub(crate) const USER: &str = "0x14791697260e4c9a71f18484c9f997b308e59325";

/// 2024-01-08T00:00:10Z: near the time of a stepped venue.
static NONCE: AtomicU64 = AtomicU64::new(1_704_672_010_000);

/// A venue whose time is stepped, and one account with 100000 USDC.
pub(crate) struct Venue {
    pub(crate) server: SimServer,
    pub(crate) address: SocketAddr,
}

impl Venue {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut SimServerConfig)) -> Self {
        let mut config = SimServerConfig {
            pace: Pace::Stepped,
            accounts: vec![(USER.parse().unwrap(), 100_000.into())],
            ..SimServerConfig::default()
        };
        change(&mut config);
        let server = SimServer::new(config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(tokio::spawn(server.clone().serve(listener)));
        Self { server, address }
    }

    /// Status and body; `None` if the connection ended without a whole answer.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: venue\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        loop {
            if let Some(whole) = answer(&received) {
                return Some(whole);
            }
            stream.read_buf(&mut received).await.ok().filter(|read| *read > 0)?;
        }
    }

    pub(crate) async fn json(&self, path: &str, body: &Value) -> Value {
        let (status, text) = self.post(path, &body.to_string()).await.unwrap();
        assert_eq!(status, 200, "{body}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn info(&self, body: Value) -> Value {
        self.json("/info", &body).await
    }

    pub(crate) async fn admin(&self, path: &str, body: Value) -> Value {
        self.json(&format!("/admin/{path}"), &body).await
    }

    /// Sends a trading action.
    pub(crate) async fn act(&self, action: Value) -> Value {
        let body = signed(&action.to_string(), next_nonce());
        serde_json::from_str(&self.post("/exchange", &body).await.unwrap().1).unwrap()
    }

    /// The first status of an order action.
    pub(crate) async fn order(&self, orders: Value, grouping: &str) -> Value {
        let answer = self.act(json!({"type": "order", "orders": orders, "grouping": grouping})).await;
        answer["response"]["data"]["statuses"].clone()
    }

    pub(crate) async fn open_orders(&self) -> usize {
        self.info(json!({"type": "openOrders", "user": USER})).await.as_array().unwrap().len()
    }

    /// Signed size of the position in BTC.
    pub(crate) async fn position(&self) -> f64 {
        let state = self.info(json!({"type": "clearinghouseState", "user": USER})).await;
        let held = &state["assetPositions"][0]["position"]["szi"];
        held.as_str().map_or(0.0, |size| size.parse().unwrap())
    }

    pub(crate) async fn mark(&self) -> f64 {
        let context = self.info(json!({"type": "activeAssetCtx", "coin": "BTC"})).await;
        context["ctx"]["markPx"].as_str().unwrap().parse().unwrap()
    }
}

pub(crate) fn next_nonce() -> u64 {
    NONCE.fetch_add(1, Ordering::Relaxed)
}

/// The envelope of an action, signed for the test network.
pub(crate) fn signed(action: &str, nonce: u64) -> String {
    let key: PrivateKey = KEY.parse().unwrap();
    let signature: Signature = key.sign(&l1::digest(Network::Testnet, action, nonce, None, None).unwrap());
    let signature = serde_json::to_string(&signature).unwrap();
    format!(r#"{{"action":{action},"nonce":{nonce},"signature":{signature},"vaultAddress":null}}"#)
}

/// An order of the wire for 0.01 BTC.
pub(crate) fn limit(is_buy: bool, price: f64, tif: &str) -> Value {
    json!({"a": 0, "b": is_buy, "p": format!("{}", price.round()), "s": "0.01", "r": false, "t": {"limit": {"tif": tif}}})
}

fn answer(received: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    (body.len() >= length).then(|| (status, body.to_owned()))
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
