//! Of a submit it is known that it had no effect, or that nobody knows.

use std::error::Error as _;

use qtp_core::{ClientOrderId, ExchangeError, RunId};
use qtp_exchange::transport::{Limit, Reply, Request};

use crate::server::{Act, Server, http, ok, refused, settings, status, truncated};

fn id() -> ClientOrderId {
    ClientOrderId::new(RunId(1), 2, 3)
}

fn order() -> Request {
    Request::post_json("submit", "/order", r#"{"size":"1"}"#).query("signature=canary")
}

/// The outcome of one submit, and how often the venue saw it.
async fn submit(act: Act) -> (Result<Reply, ExchangeError>, usize) {
    // A second act waits for a second attempt, which must not come.
    let server = Server::new([act, ok("again")]).await;
    let outcome = http(&[&server.url]).submit(id(), order()).await;
    (outcome, server.requests().len())
}

async fn assert_unknown(act: Act) {
    let shown = format!("{act:?}");
    let (outcome, seen) = submit(act).await;
    let error = outcome.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::OutcomeUnknown { client_order_id, .. } if *client_order_id == id()),
        "{shown}: {error:?}"
    );
    assert!(!error.is_retryable());
    assert_eq!(seen, 1, "{shown}: sent once");
    let text = format!("{error:?} {error} {:?}", error.source());
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn a_whole_answer_is_the_outcome() {
    let (outcome, seen) = submit(ok(r#"{"price":1.10}"#)).await;
    let reply = outcome.unwrap();
    assert_eq!((reply.status(), reply.text(), seen), (200, r#"{"price":1.10}"#, 1));
}

#[tokio::test]
async fn a_refusal_arrives_with_its_reason() {
    let (outcome, seen) = submit(status("400 Bad Request", "", r#"{"code":-1013}"#)).await;
    let reply = outcome.unwrap();
    assert_eq!((reply.status(), reply.is_success(), seen), (400, false, 1));
    assert_eq!(reply.text(), r#"{"code":-1013}"#);
}

#[tokio::test]
async fn refused_connection_is_unavailable_because_nothing_left() {
    let url = refused().await;
    let error = http(&[&url]).submit(id(), order()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Transport { operation: "submit", .. }), "{error:?}");
}

#[tokio::test]
async fn failed_tls_handshake_is_unavailable_because_nothing_left() {
    // The server speaks no TLS: it answers the greeting of the handshake in clear text.
    let server = Server::new([Act::AnswerAndReset("HTTP/1.1 400 Bad Request\r\n\r\n".into())]).await;
    let url = server.url.replace("http://", "https://");
    let error = http(&[&url]).submit(id(), order()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Transport { operation: "submit", .. }), "{error:?}");
}

#[tokio::test]
async fn reset_before_the_request_was_read_is_unknown() {
    assert_unknown(Act::ResetUnread).await;
}

#[tokio::test]
async fn reset_after_the_request_was_read_is_unknown() {
    assert_unknown(Act::ResetRead).await;
}

#[tokio::test]
async fn half_open_connection_is_unknown() {
    assert_unknown(Act::Silent).await;
}

#[tokio::test]
async fn closed_without_an_answer_is_unknown() {
    assert_unknown(Act::Answer(String::new())).await;
}

#[tokio::test]
async fn truncated_head_is_unknown() {
    assert_unknown(Act::Answer("HTTP/1.1 200 OK\r\ncontent-le".into())).await;
}

#[tokio::test]
async fn truncated_body_is_unknown_whatever_its_status() {
    assert_unknown(truncated("200 OK")).await;
    assert_unknown(truncated("400 Bad Request")).await;
    let reset = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\"";
    assert_unknown(Act::AnswerAndReset(reset.into())).await;
}

#[tokio::test]
async fn body_that_stalls_is_unknown() {
    // Length promised, connection kept: the limit of the attempt ends it.
    let server = Server::new([Act::Silent]).await;
    let mut settings = settings(&[&server.url]);
    settings.timeout = std::time::Duration::from_millis(50);
    let http = qtp_exchange::transport::Http::new(settings).unwrap();
    let error = http.submit(id(), order()).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("50ms"), "{error:?}");
}

#[tokio::test]
async fn server_errors_and_redirects_are_unknown() {
    for line in ["500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Timeout", "408 Timeout"] {
        assert_unknown(status(line, "", "{}")).await;
    }
    assert_unknown(status("307 Elsewhere", "location: /other\r\n", "")).await;
}

#[tokio::test]
async fn answer_that_is_no_text_or_too_long_is_unknown() {
    assert_unknown(Act::Answer(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc".into(),
    ))
    .await;
    let server = Server::new([ok(&"x".repeat(100))]).await;
    let mut settings = settings(&[&server.url]);
    settings.body_max = 99;
    let http = qtp_exchange::transport::Http::new(settings).unwrap();
    let error = http.submit(id(), order()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::OutcomeUnknown { .. }), "{error:?}");
}

#[tokio::test]
async fn rate_limited_submit_had_no_effect_and_pauses_the_rest() {
    let server = Server::new([status("429 Slow", "retry-after: 7\r\n", "{}"), ok("{}")]).await;
    let http = http(&[&server.url]);
    let error = http.submit(id(), order()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::RateLimited { .. }), "{error:?}");
    assert_eq!(error.retry_after().unwrap().as_secs(), 7);

    // The next one waits no longer than a submit may, and never leaves.
    let error = http.submit(id(), order()).await.unwrap_err();
    assert!(error.retry_after().unwrap().as_secs() >= 6, "{error:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn submit_beyond_the_budget_never_leaves() {
    let server = Server::new([ok("{}")]).await;
    let mut settings = settings(&[&server.url]);
    let minute = Limit { name: "orders", capacity: 10, window: std::time::Duration::from_secs(60) };
    settings.budget = std::sync::Arc::new(qtp_exchange::transport::Budget::new([minute]));
    let http = qtp_exchange::transport::Http::new(settings).unwrap();
    let error = http.submit(id(), order().charge(0, 9)).await.unwrap_err();
    assert!(matches!(error, ExchangeError::RateLimited { retry_after: None, .. }), "{error:?}");
    assert!(server.requests().is_empty());

    // A close may use what is kept for it.
    http.submit(id(), order().charge(0, 9).exit()).await.unwrap();
    assert_eq!(http.budget().used(0), 9);
}

#[tokio::test]
async fn request_goes_out_as_it_was_signed() {
    let server = Server::new([ok("{}")]).await;
    let request = Request::post_json("submit", "/v1/%2Forder", "{\"b\":1, \"a\":2}")
        .query("z=%5B%22a%22%5D&a=1")
        .header("x-key", "k");
    http(&[&format!("{}/", server.url)]).submit(id(), request).await.unwrap();
    let seen = server.requests().remove(0);
    assert!(seen.starts_with("POST /v1/%2Forder?z=%5B%22a%22%5D&a=1 HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.contains("\r\nx-key: k\r\n") && seen.contains("\r\ncontent-type: application/json\r\n"),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\n{\"b\":1, \"a\":2}"), "{seen}");
}

#[tokio::test]
async fn idle_connection_that_the_venue_closed_is_not_an_unknown_outcome() {
    // The first answer keeps the connection and then closes it; the submit goes over a new one.
    let kept = Act::Answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".into());
    let server = Server::new([kept, ok("second")]).await;
    let http = http(&[&server.url]);
    http.read(|| Ok(Request::get("time", "/time"))).await.unwrap();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let reply = http.submit(id(), order()).await.unwrap();
    assert_eq!((reply.text(), server.requests().len()), ("second", 2));
}

#[test]
fn secrets_are_not_shown() {
    let request = order().header("x-key", "canary");
    let mut request = request;
    request.body = Some(("application/json", "canary".into()));
    let text = format!("{request:?}");
    assert!(!text.contains("canary") && text.contains("x-key") && text.contains("/order"), "{text}");
}
