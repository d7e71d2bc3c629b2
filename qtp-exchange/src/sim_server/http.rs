//! Requests over HTTP.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use http_body::Frame;
use qtp_core::port::{Clock, SystemClock};
use serde_json::{Value, json};

use super::exchange::{self, Received, Refusal};
use super::faults::{Effect, Point};
use super::info::{self, Query, Unanswered};
use super::limits::{info_weight, item_weight};
use super::server::{Connection, Shared};
use super::{admin, strokes, ws};

const UNREADABLE: &str = "Failed to deserialize the JSON body into the target type";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/info", post(info))
        .route("/exchange", post(exchange))
        .route("/ws", get(ws::upgrade))
        .nest("/admin", admin::router())
        .with_state(shared)
}

async fn info(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    body: Bytes,
) -> Response {
    let Ok(query) = serde_json::from_slice::<Query>(&body) else {
        return plain(StatusCode::UNPROCESSABLE_ENTITY, UNREADABLE);
    };
    let now = SystemClock.now();
    if !shared.limits().request(connection.peer.ip(), info_weight(&query.kind), now) {
        return too_many();
    }
    let effect = meet(&shared, "info", &query.kind, |_| query.named_coin().to_owned(), query.user);
    let line = connection.clone();
    let answer = {
        let shared = Arc::clone(&shared);
        move || {
            // The lock is not held while the answer leaves.
            let answer = info::answer_text(&mut shared.lock(), &query);
            match answer {
                Ok((text, items)) => {
                    shared.limits().request(connection.peer.ip(), item_weight(&query.kind, items), now);
                    json_text(StatusCode::OK, text)
                }
                Err(Unanswered::Unreadable) => plain(StatusCode::UNPROCESSABLE_ENTITY, UNREADABLE),
                Err(Unanswered::Unknown) => json_text(StatusCode::INTERNAL_SERVER_ERROR, "null"),
            }
        }
    };
    through(effect, &line, answer).await
}

async fn exchange(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Connection>,
    body: Bytes,
) -> Response {
    let Ok(text) = std::str::from_utf8(&body) else {
        return plain(StatusCode::UNPROCESSABLE_ENTITY, UNREADABLE);
    };
    let received = match Received::read(text, shared.network) {
        Ok(received) => received,
        Err(refusal) => return refused(&refusal),
    };
    let weight = 1 + u32::try_from(received.count() / 40).unwrap_or(0);
    if !shared.limits().request(connection.peer.ip(), weight, SystemClock.now()) {
        return too_many();
    }
    let effect = meet_exchange(&shared, &received);
    let line = connection;
    let act = {
        let shared = Arc::clone(&shared);
        move || match run(&shared, &received) {
            Ok(value) => written(&value),
            Err(refusal) => refused(&refusal),
        }
    };
    through(effect, &line, act).await
}

/// Carries out a request whose signature was looked at.
pub(super) fn run(shared: &Shared, received: &Received) -> Result<Value, Refusal> {
    let wall = SystemClock.now().as_millis();
    exchange::execute(&mut shared.lock(), received, wall, shared.limited)
}

/// What faults do to a signed request.
pub(super) fn meet_exchange(shared: &Shared, received: &Received) -> Option<Effect> {
    let asset = received.asset();
    let coin = |world: &super::world::World| {
        let market = asset.and_then(|asset| world.place_of(asset)).and_then(|place| world.markets.get(place));
        market.map_or_else(String::new, |market| market.asset.coin.clone())
    };
    meet(shared, "exchange", &received.kind, coin, received.signer())
}

/// What faults do to a request. An agent counts as its master.
fn meet(
    shared: &Shared,
    path: &str,
    kind: &str,
    coin: impl FnOnce(&super::world::World) -> String,
    user: Option<crate::hyperliquid::sign::Address>,
) -> Option<Effect> {
    let mut world = shared.lock();
    if world.faults.is_empty() {
        return None;
    }
    let coin = coin(&world);
    let user = user.map(|user| world.agents.get(&user).copied().unwrap_or(user));
    let effect = world.faults.meets(&Point::Request { path, kind, coin: &coin, user });
    strokes::run_due(&mut world);
    effect
}

/// Carries out a request the way a fault has it.
async fn through(
    effect: Option<Effect>,
    connection: &Connection,
    act: impl Fn() -> Response + Send + 'static,
) -> Response {
    match effect {
        None => act(),
        Some(Effect::DropReply) => {
            drop(act());
            connection.kill();
            pending().await
        }
        Some(Effect::DropRequest | Effect::Disconnect | Effect::Gap | Effect::Reorder) => {
            connection.kill();
            pending().await
        }
        Some(Effect::Delay(time)) => {
            tokio::time::sleep(time).await;
            act()
        }
        Some(Effect::Late(time)) => {
            drop(tokio::spawn(async move {
                tokio::time::sleep(time).await;
                drop(act());
            }));
            connection.kill();
            pending().await
        }
        Some(Effect::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if status == StatusCode::TOO_MANY_REQUESTS {
                too_many()
            } else {
                plain(status, status.canonical_reason().unwrap_or("error"))
            }
        }
        Some(Effect::HalfOpen) => pending().await,
        Some(Effect::Duplicate) => {
            let first = act();
            drop(act());
            first
        }
        Some(Effect::Truncate) => {
            let (parts, body) = act().into_parts();
            let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else { return pending().await };
            let half = bytes.slice(..bytes.len() / 2);
            let mut response = Response::from_parts(parts, Body::new(Torn(Some(half))));
            response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
            response
        }
    }
}

/// A body that breaks off.
struct Torn(Option<Bytes>);

impl http_body::Body for Torn {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(half) => Ok(Frame::data(half)),
            None => Err(std::io::ErrorKind::ConnectionReset.into()),
        }))
    }
}

/// The words of a refused action.
pub(super) fn refusal_json(refusal: &Refusal) -> Value {
    match refusal {
        Refusal::Unreadable => json!({"status": "err", "response": UNREADABLE}),
        Refusal::Refused(words) => json!({"status": "err", "response": words}),
    }
}

fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Unreadable => plain(StatusCode::UNPROCESSABLE_ENTITY, UNREADABLE),
        Refusal::Refused(_) => written(&refusal_json(refusal)),
    }
}

pub(super) fn too_many() -> Response {
    json_text(StatusCode::TOO_MANY_REQUESTS, "null")
}

pub(super) fn written(value: &Value) -> Response {
    json_text(StatusCode::OK, value.to_string())
}

fn json_text(status: StatusCode, text: impl Into<Body>) -> Response {
    with_type(status, "application/json", text)
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response {
    with_type(status, "text/plain; charset=utf-8", text)
}

fn with_type(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
