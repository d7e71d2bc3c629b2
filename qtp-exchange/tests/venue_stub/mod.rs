//! A venue of a few lines: it answers by a closure, keeps what it was asked, and has a socket that is told what to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qtp_core::port::AccountStream;
use qtp_core::{
    AccountKind, Amount, Approved, CancelRequest, ClientOrderId, Currency, Decimal, Event, Instrument,
    LeverageRequest, ModifyRequest, Notional, OrderGroup, OrderKind, OrderRequest, OrderRole, OrderSizing,
    Portfolio, Quantity, Ratio, RiskContext, RiskGate, RiskState, RunId, Side, TimeInForce, Timestamp,
    Trigger, TriggerSource,
};
use qtp_exchange::transport::{Backoff, HttpSettings, SocketSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request as Handshake, Response};

/// What must never be seen outside a request.
pub(crate) const SECRET: &str = "canary-5up3r-53cr37";
pub(crate) const KEY: &str = "public-key-of-the-test";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Verb and path, such as `GET /x`.
    pub(crate) line: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What the venue does with it.
pub(crate) enum Does {
    Answer(u16, &'static str, String),
    /// Reads it whole, and resets the connection.
    Reset,
}

pub(crate) fn ok(body: impl Into<String>) -> Does {
    Does::Answer(200, "", body.into())
}

pub(crate) fn status(status: u16, body: &str) -> Does {
    Does::Answer(status, "", body.to_owned())
}

#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    pub(crate) async fn new(does: impl Fn(&Asked) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, does) = (asked.clone(), Arc::new(does));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), does.clone()));
            }
        });
        Self { url, asked }
    }

    /// Requests of this verb and path.
    pub(crate) fn asked(&self, line: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.line == line).cloned().collect()
    }

    pub(crate) fn http(&self, settings: &mut HttpSettings) {
        settings.base_urls = vec![self.url.clone()];
        settings.timeout = Duration::from_millis(500);
        settings.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    }
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Asked>>>, does: Arc<impl Fn(&Asked) -> Does>) {
    let mut bytes = Vec::new();
    loop {
        let Some((asked, used)) = request(&bytes) else {
            let mut part = [0; 4096];
            match stream.read(&mut part).await {
                Ok(count) if count > 0 => bytes.extend_from_slice(&part[..count]),
                _ => return,
            }
            continue;
        };
        bytes.drain(..used);
        log.lock().unwrap().push(asked.clone());
        let Does::Answer(status, headers, text) = does(&asked) else {
            stream.set_zero_linger().unwrap();
            return;
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", text.len());
        if stream.write_all((head + &text).as_bytes()).await.is_err() {
            return;
        }
    }
}

fn request(bytes: &[u8]) -> Option<(Asked, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (verb, target) = (first.next()?, first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let body = rest.get(..length)?.to_owned();
    let asked = Asked { line: format!("{verb} {path}"), query: query.to_owned(), headers, body };
    Some((asked, head.len() + 4 + length))
}

/// The socket side: one connection at a time.
pub(crate) struct Sockets(TcpListener);

pub(crate) struct Peer {
    stream: WebSocketStream<TcpStream>,
    /// Path and query of the handshake.
    pub(crate) target: String,
}

impl Sockets {
    pub(crate) async fn new(settings: &mut SocketSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        settings.urls = vec![format!("ws://{}", listener.local_addr().unwrap())];
        settings.pace = Duration::ZERO;
        settings.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(5) };
        Self(listener)
    }

    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = self.0.accept().await.unwrap();
        let mut target = String::new();
        #[allow(clippy::result_large_err, reason = "the signature is the library's")]
        let look = |request: &Handshake, response: Response| {
            target = request.uri().to_string();
            Ok(response)
        };
        let stream = tokio_tungstenite::accept_hdr_async(stream, look).await.unwrap();
        Peer { stream, target }
    }
}

impl Peer {
    pub(crate) async fn heard(&mut self) -> serde_json::Value {
        let text = self.stream.next().await.unwrap().unwrap().into_text().unwrap();
        serde_json::from_str(text.as_str()).unwrap()
    }

    pub(crate) async fn say(&mut self, message: impl ToString) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    /// As [`Self::say`]. False once nobody listens.
    pub(crate) async fn offer(&mut self, message: impl ToString) -> bool {
        self.stream.send(Message::text(message.to_string())).await.is_ok()
    }

    pub(crate) async fn close(mut self) {
        self.stream.close(None).await.unwrap();
    }
}

pub(crate) async fn next(stream: &mut AccountStream) -> Event {
    tokio::time::timeout(Duration::from_secs(20), stream.next())
        .await
        .expect("an event in time")
        .expect("an event")
        .1
}

/// Waits for the end of an outage.
pub(crate) async fn healthy(stream: &mut AccountStream) {
    let mut broken = false;
    loop {
        match next(stream).await {
            Event::Connection { healthy: true, .. } => {
                break assert!(broken, "an outage is told before its end");
            }
            Event::Connection { healthy: false, .. } => broken = true,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn id(sequence: u64) -> ClientOrderId {
    ClientOrderId::new(RunId(0xABCD), 3, sequence)
}

/// An order as a strategy would ask.
pub(crate) fn order(
    instrument: &str,
    sequence: u64,
    side: Side,
    quantity: &str,
    kind: OrderKind,
) -> OrderRequest {
    OrderRequest {
        client_order_id: id(sequence),
        account: "main".parse().unwrap(),
        instrument: instrument.parse().unwrap(),
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

pub(crate) fn limit(price: &str) -> OrderKind {
    OrderKind::Limit { price: price.parse().unwrap() }
}

pub(crate) fn stop(price: &str, source: TriggerSource) -> OrderKind {
    OrderKind::StopMarket { trigger: Trigger { price: price.parse().unwrap(), source } }
}

pub(crate) fn cancel_of(order: &OrderRequest) -> CancelRequest {
    let (client_order_id, account) = (order.client_order_id, order.account.clone());
    CancelRequest { client_order_id, account, instrument: order.instrument.clone() }
}

pub(crate) fn approve(order: &OrderRequest) -> Approved<OrderGroup> {
    let instrument = Instrument::unrestricted(order.instrument.clone()).unwrap();
    let cash = Amount::new(Decimal::from(1_000_000), Currency::USD);
    let portfolio = Portfolio::new(order.account.clone(), AccountKind::Unconstrained, cash);
    let context = RiskContext {
        now: Timestamp::EPOCH,
        instrument: &instrument,
        portfolio: &portfolio,
        position: Quantity::ZERO,
        working: Quantity::ZERO,
        adds: Quantity::ZERO,
        price: "100000".parse().unwrap(),
        equity: None,
        exposure: Notional::ZERO,
        rate: Decimal::ONE,
        other_open: 0,
        data_age: Duration::ZERO,
        leverage: Ratio::ONE,
        liquidation: None,
        state: &RiskState::default(),
    };
    RiskGate::without_rules().review(order.clone(), &context).unwrap().order
}

pub(crate) fn approved_modify(
    order: &OrderRequest,
    quantity: &str,
    kind: OrderKind,
) -> Approved<ModifyRequest> {
    let (client_order_id, account) = (order.client_order_id, order.account.clone());
    let (instrument, quantity) = (order.instrument.clone(), quantity.parse().unwrap());
    let request = ModifyRequest { client_order_id, account, instrument, quantity, kind };
    RiskGate::without_rules().review_modify(request, order.quantity).unwrap()
}

pub(crate) fn approved_leverage(
    instrument: &str,
    leverage: i64,
    isolated: bool,
) -> Approved<LeverageRequest> {
    let leverage = Ratio::new(Decimal::from(leverage)).unwrap();
    let (account, instrument) = ("main".parse().unwrap(), instrument.parse().unwrap());
    let request = LeverageRequest { account, instrument, leverage, isolated };
    RiskGate::without_rules().review_leverage(request, Ratio::new(Decimal::from(100)).unwrap()).unwrap()
}
