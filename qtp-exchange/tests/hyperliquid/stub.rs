//! A venue of a few lines: answers by a closure, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use qtp_core::port::SimClock;
use qtp_core::{
    AccountKind, Amount, Approved, ClientOrderId, Currency, Decimal, Instrument, LeverageRequest,
    ModifyRequest, Notional, OrderGroup, OrderKind, OrderRequest, OrderRole, OrderSizing, Portfolio,
    Quantity, Ratio, RiskContext, RiskGate, RiskState, RunId, Side, TimeInForce, Timestamp,
};
use qtp_exchange::hyperliquid::sign::Network;
use qtp_exchange::hyperliquid::{Hyperliquid, HyperliquidConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) const KEY: &str = "0x0123456789012345678901234567890123456789012345678901234567890123";
pub(crate) const OWNER: &str = "0x14791697260e4c9a71f18484c9f997b308e59325";
/// The clock of every client here.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// What the venue does with a request.
pub(crate) enum Does {
    Answer(u16, String),
    /// Reads it whole, and resets the connection.
    Reset,
}

impl From<Value> for Does {
    fn from(answer: Value) -> Self {
        Self::Answer(200, answer.to_string())
    }
}

pub(crate) struct Stub {
    host: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Stub {
    /// Answers what every client asks for first; `does` answers the rest, by path and body.
    pub(crate) async fn new(does: impl Fn(&str, &Value) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, does) = (asked.clone(), Arc::new(does));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), does.clone()));
            }
        });
        Self { host, asked }
    }

    pub(crate) fn config(&self) -> HyperliquidConfig {
        let mut config = HyperliquidConfig::new(Network::Testnet, "main".parse().unwrap()).host(&self.host);
        config.key = Some(KEY.parse().unwrap());
        config.clock = Arc::new(SimClock::new(Timestamp::from_millis(NOW)));
        config
    }

    pub(crate) fn client(&self) -> Hyperliquid {
        Hyperliquid::new(self.config()).unwrap()
    }

    /// Bodies that came to a path, as they were sent.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    asked: Arc<Mutex<Vec<(String, String)>>>,
    does: Arc<impl Fn(&str, &Value) -> Does>,
) {
    let mut bytes = Vec::new();
    loop {
        let Some((path, body, used)) = request(&bytes) else {
            let mut part = [0; 4096];
            match stream.read(&mut part).await {
                Ok(count) if count > 0 => bytes.extend_from_slice(&part[..count]),
                _ => return,
            }
            continue;
        };
        bytes.drain(..used);
        let value: Value = serde_json::from_str(&body).unwrap();
        asked.lock().unwrap().push((path.clone(), body));
        let answer = match value["type"].as_str() {
            Some("meta") => json!({"universe": [
                {"name": "BTC", "szDecimals": 5, "maxLeverage": 40},
                {"name": "ETH", "szDecimals": 4, "maxLeverage": 25, "onlyIsolated": true}]})
            .into(),
            Some("spotMeta") => json!({"tokens": [], "universe": []}).into(),
            _ => does(&path, &value),
        };
        let Does::Answer(status, text) = answer else {
            stream.set_zero_linger().unwrap();
            return;
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", text.len());
        stream.write_all((head + &text).as_bytes()).await.unwrap();
    }
}

/// Path, body and length of a request that came whole.
fn request(bytes: &[u8]) -> Option<(String, String, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let length: usize = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok())?;
    let path = head.split(' ').nth(1)?.to_owned();
    Some((path, rest.get(..length)?.to_owned(), head.len() + 4 + length))
}

/// The socket side: one connection at a time, told what to say.
pub(crate) struct Sockets {
    listener: TcpListener,
}

pub(crate) struct Peer(WebSocketStream<TcpStream>);

impl Sockets {
    pub(crate) async fn new(config: &mut HyperliquidConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.socket_urls = vec![format!("ws://{}/ws", listener.local_addr().unwrap())];
        Self { listener }
    }

    /// Takes a connection and confirms its topics, which it returns sorted.
    pub(crate) async fn accept(&self, topics: usize) -> (Peer, Vec<String>) {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut peer = Peer(tokio_tungstenite::accept_async(stream).await.unwrap());
        let mut asked = Vec::new();
        while asked.len() < topics {
            let text = peer.0.next().await.unwrap().unwrap().into_text().unwrap();
            let message: Value = serde_json::from_str(text.as_str()).unwrap();
            if message["method"] == "subscribe" {
                asked.push(message["subscription"].to_string());
                peer.say("subscriptionResponse", message).await;
            }
        }
        asked.sort();
        (peer, asked)
    }
}

impl Peer {
    pub(crate) async fn say(&mut self, channel: &str, data: Value) {
        let text = json!({"channel": channel, "data": data}).to_string();
        self.0.send(Message::text(text)).await.unwrap();
    }
}

/// An order for `BTC`, as a strategy would ask.
pub(crate) fn order(sequence: u64, side: Side, quantity: &str, kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_order_id: ClientOrderId::new(RunId(0xABCD), 3, sequence),
        account: "main".parse().unwrap(),
        instrument: "BTC-USDC-PERP@hyperliquid.testnet".parse().unwrap(),
        side,
        quantity: quantity.parse().unwrap(),
        kind,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: false,
        sizing: OrderSizing::Fixed,
        role: OrderRole::Entry,
        valid_until: None,
        protective_stop: None,
        decision_price: None,
    }
}

pub(crate) fn approve(order: &OrderRequest) -> Approved<OrderGroup> {
    let instrument = Instrument::unrestricted(order.instrument.clone()).unwrap();
    let cash = Amount::new(Decimal::from(1_000_000), Currency::USDC);
    let portfolio = Portfolio::new(order.account.clone(), AccountKind::Unconstrained, cash);
    let state = RiskState::default();
    RiskGate::without_rules().review(order.clone(), &context(&instrument, &portfolio, &state)).unwrap().order
}

fn context<'a>(
    instrument: &'a Instrument,
    portfolio: &'a Portfolio,
    state: &'a RiskState,
) -> RiskContext<'a> {
    RiskContext {
        now: Timestamp::EPOCH,
        instrument,
        portfolio,
        position: Quantity::ZERO,
        working: Quantity::ZERO,
        adds: Quantity::ZERO,
        price: "100000".parse().unwrap(),
        equity: None,
        exposure: Notional::ZERO,
        rate: Decimal::ONE,
        other_open: 0,
        data_age: std::time::Duration::ZERO,
        leverage: Ratio::ONE,
        liquidation: None,
        state,
    }
}

/// A change or leverage that passed the gate.
pub(crate) fn approved_modify(request: ModifyRequest, present: &str) -> Approved<ModifyRequest> {
    RiskGate::without_rules().review_modify(request, present.parse().unwrap()).unwrap()
}

pub(crate) fn approved_leverage(request: LeverageRequest) -> Approved<LeverageRequest> {
    RiskGate::without_rules().review_leverage(request, Ratio::new(Decimal::from(100)).unwrap()).unwrap()
}
