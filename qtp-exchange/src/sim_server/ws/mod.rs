//! `/ws`: subscriptions and requests over a WebSocket.

mod subscription;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use qtp_core::port::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::exchange::Received;
use super::faults::{Effect, Point};
use super::hub::ConnectionId;
use super::info::{self, Query};
use super::server::{Connection, Shared};
use super::{http, limits, publish, strokes};

/// Messages that may wait for a client that does not read.
const ROOM: usize = 4_096;
/// Bytes of one message of a client.
const MESSAGE: usize = 1 << 20;
/// A connection on which nothing was said for so long is closed.
const QUIET: Duration = Duration::from_secs(60);

/// What a client sends.
#[derive(Debug, Deserialize)]
struct Said<'a> {
    method: String,
    #[serde(default)]
    subscription: Option<Value>,
    /// Only a posted request needs a number; others may carry any.
    #[serde(default)]
    id: Value,
    #[serde(default, borrow)]
    request: Option<Posted<'a>>,
}

#[derive(Debug, Deserialize)]
struct Posted<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

pub(super) async fn upgrade(
    upgrade: WebSocketUpgrade,
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
) -> Response {
    let effect = {
        let mut world = shared.lock();
        let effect = world.faults.meets(&Point::Message { channel: "connect", coin: "", user: None });
        strokes::run_due(&mut world);
        effect
    };
    let half_open = match effect {
        Some(Effect::Disconnect | Effect::DropReply | Effect::DropRequest) => {
            connection.kill();
            return std::future::pending().await;
        }
        Some(Effect::Status(status)) => {
            return http::plain(
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                "unavailable",
            );
        }
        Some(Effect::Delay(time)) => {
            tokio::time::sleep(time).await;
            false
        }
        Some(Effect::HalfOpen) => true,
        _ => false,
    };
    if !shared.limits().connect(connection.peer.ip(), SystemClock.now()) {
        return http::too_many();
    }
    upgrade.max_message_size(MESSAGE).on_upgrade(move |socket| async move {
        if half_open {
            deaf(socket).await;
        } else {
            Session { shared: Arc::clone(&shared), peer: connection.peer }.run(socket).await;
        }
        shared.limits().disconnect(connection.peer.ip());
    })
}

/// Reads and never answers.
async fn deaf(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}

struct Session {
    shared: Arc<Shared>,
    peer: SocketAddr,
}

impl Session {
    async fn run(self, mut socket: WebSocket) {
        let (sender, mut receiver) = mpsc::channel(ROOM);
        let (id, notice) = {
            let mut world = self.shared.lock();
            let id = world.hub.connect(sender.clone());
            (id, world.hub.notice_of(id).unwrap_or_default())
        };
        let quiet = tokio::time::sleep(QUIET);
        tokio::pin!(quiet);
        loop {
            tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => {
                        let answers = self.hear(id, text.as_str()).await;
                        let silent = self.shared.lock().hub.is_silent(id);
                        for answer in answers.into_iter().filter(|_| !silent) {
                            drop(sender.try_send(answer));
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
                message = receiver.recv() => {
                    let Some(message) = message else { break };
                    quiet.as_mut().reset(tokio::time::Instant::now() + QUIET);
                    if socket.send(message).await.is_err() {
                        break;
                    }
                }
                () = notice.notified() => break,
                () = &mut quiet => break,
            }
        }
        self.close(id);
    }

    fn close(&self, id: ConnectionId) {
        let mut world = self.shared.lock();
        let users = world.hub.disconnect(id);
        for user in users {
            world.faults.meets(&Point::Closed { user: Some(user) });
        }
        strokes::run_due(&mut world);
    }

    /// Answers what a client said, besides what the hub sends by itself.
    async fn hear(&self, id: ConnectionId, text: &str) -> Vec<Message> {
        if !self.shared.limits().message(self.peer.ip(), SystemClock.now()) {
            return vec![error("Too many messages.".to_owned())];
        }
        let Ok(said) = serde_json::from_str::<Said<'_>>(text) else {
            let shown: String = text.chars().take(200).collect();
            return vec![error(format!("Error parsing JSON into valid websocket request: {shown}"))];
        };
        match (said.method.as_str(), said.subscription, said.request) {
            ("ping", ..) => vec![channel("pong", &Value::Null)],
            ("subscribe", Some(words), _) => self.subscribe(id, &words),
            ("unsubscribe", Some(words), _) => self.unsubscribe(id, &words),
            ("post", _, Some(posted)) => self.post(said.id.as_u64().unwrap_or_default(), &posted).await,
            _ => {
                let shown: String = text.chars().take(200).collect();
                vec![error(format!("Error parsing JSON into valid websocket request: {shown}"))]
            }
        }
    }

    fn subscribe(&self, id: ConnectionId, words: &Value) -> Vec<Message> {
        let mut world = self.shared.lock();
        let Some(topic) = subscription::topic(&world, words) else {
            return vec![error(format!("Invalid subscription {words}"))];
        };
        let (topics, users) = world.hub.load_of(id);
        let new_user = topic.user().is_some_and(|user| !users.contains(&user));
        if self.shared.limited && (topics >= limits::TOPICS || (new_user && users.len() >= limits::USERS)) {
            return vec![error("Too many subscriptions.".to_owned())];
        }
        if !world.hub.subscribe(id, &topic, words.clone()) {
            return vec![error(format!("Already subscribed: {words}"))];
        }
        let echo = channel("subscriptionResponse", &json!({"method": "subscribe", "subscription": words}));
        world.hub.send(id, &echo, None);
        publish::greet(&mut world, id, &topic);
        Vec::new()
    }

    fn unsubscribe(&self, id: ConnectionId, words: &Value) -> Vec<Message> {
        let mut world = self.shared.lock();
        let topic = subscription::topic(&world, words);
        let had = topic.is_some_and(|topic| world.hub.unsubscribe(id, &topic));
        if had {
            vec![channel("subscriptionResponse", &json!({"method": "unsubscribe", "subscription": words}))]
        } else {
            vec![error(format!("Already unsubscribed: {words}"))]
        }
    }

    /// A request of `/info` or `/exchange`, over the socket.
    async fn post(&self, id: u64, posted: &Posted<'_>) -> Vec<Message> {
        let payload = posted.payload.get();
        let (kind, answer, effect) = match posted.kind.as_str() {
            "info" => {
                let Ok(query) = serde_json::from_str::<Query>(payload) else {
                    return vec![post_answer(
                        id,
                        "error",
                        &json!("Failed to deserialize the JSON body into the target type"),
                    )];
                };
                match info::answer(&self.shared.lock(), &query) {
                    Ok(data) => ("info", json!({"type": query.kind, "data": data}), None),
                    Err(_) => {
                        ("error", json!("Failed to deserialize the JSON body into the target type"), None)
                    }
                }
            }
            "action" => {
                let received = match Received::read(payload, self.shared.network) {
                    Ok(received) => received,
                    Err(refusal) => return vec![post_answer(id, "action", &http::refusal_json(&refusal))],
                };
                let effect = http::meet_exchange(&self.shared, &received);
                if let Some(Effect::Delay(time)) = effect {
                    tokio::time::sleep(time).await;
                }
                if let Some(Effect::Late(time)) = effect {
                    let shared = Arc::clone(&self.shared);
                    drop(tokio::spawn(async move {
                        tokio::time::sleep(time).await;
                        drop(http::run(&shared, &received));
                    }));
                    return Vec::new();
                }
                if matches!(
                    effect,
                    Some(Effect::DropRequest | Effect::HalfOpen | Effect::Gap | Effect::Reorder)
                ) {
                    return Vec::new();
                }
                let answer =
                    http::run(&self.shared, &received).unwrap_or_else(|refusal| http::refusal_json(&refusal));
                ("action", answer, effect)
            }
            _ => return vec![post_answer(id, "error", &json!("Unknown request type."))],
        };
        match effect {
            Some(Effect::DropReply | Effect::Disconnect) => Vec::new(),
            Some(Effect::Status(status)) => vec![post_answer(id, "error", &json!(format!("{status}")))],
            Some(Effect::Duplicate) => vec![post_answer(id, kind, &answer), post_answer(id, kind, &answer)],
            _ => vec![post_answer(id, kind, &answer)],
        }
    }
}

fn channel(name: &str, data: &Value) -> Message {
    let value =
        if data.is_null() { json!({"channel": name}) } else { json!({"channel": name, "data": data}) };
    Message::Text(value.to_string().into())
}

fn error(words: String) -> Message {
    channel("error", &Value::String(words))
}

fn post_answer(id: u64, kind: &str, payload: &Value) -> Message {
    channel("post", &json!({"id": id, "response": {"type": kind, "payload": payload}}))
}
