//! Reads and cancels are tried again, within a bound and at the next address.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::ExchangeError;
use qtp_exchange::transport::{Budget, Http, Limit, Reply, Request, UsageHeader};

use crate::server::{Act, Server, http, ok, refused, settings, status, truncated};

async fn read(http: &Http) -> Result<Reply, ExchangeError> {
    http.read(|| Ok(Request::get("book", "/book").query("signature=canary"))).await
}

#[tokio::test]
async fn every_loss_of_an_answer_is_tried_again() {
    let losses = [
        Act::ResetUnread,
        Act::ResetRead,
        Act::Silent,
        truncated("200 OK"),
        status("503 Unavailable", "", ""),
    ];
    for loss in losses {
        let shown = format!("{loss:?}");
        let server = Server::new([loss, ok("[1]")]).await;
        let reply = read(&http(&[&server.url])).await.unwrap();
        assert_eq!(reply.json::<Vec<u8>>().unwrap(), [1], "{shown}");
    }
}

#[tokio::test]
async fn attempts_have_a_bound() {
    let server = Server::new(vec![status("500 Oops", "", ""); 9]).await;
    let error = read(&http(&[&server.url])).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Transport { operation: "book", .. }), "{error:?}");
    assert!(error.is_retryable());
    assert_eq!(server.requests().len(), 4);
    let text = format!("{error:?}");
    assert!(text.contains("500") && !text.contains("canary"), "{text}");
}

#[tokio::test]
async fn silence_to_the_end_is_a_time_out() {
    let server = Server::new(vec![Act::Silent; 2]).await;
    let mut settings = settings(&[&server.url]);
    settings.timeout = Duration::from_millis(30);
    settings.retries = 1;
    let error = read(&Http::new(settings).unwrap()).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Timeout { operation: "book", .. }), "{error:?}");
}

#[tokio::test]
async fn refusals_are_not_tried_again() {
    let server = Server::new([status("404 Not Found", "", r#"{"code":-1121}"#), ok("")]).await;
    let reply = read(&http(&[&server.url])).await.unwrap();
    assert_eq!((reply.status(), server.requests().len()), (404, 1));
}

#[tokio::test]
async fn each_attempt_is_built_anew() {
    let server = Server::new([status("500 Oops", "", ""), ok("{}")]).await;
    let mut nonce = 0;
    let build = || {
        nonce += 1;
        Ok(Request::post_json("cancel", "/cancel", format!("{{\"nonce\":{nonce}}}")))
    };
    http(&[&server.url]).cancel(build).await.unwrap();
    let seen = server.requests();
    assert!(seen[0].ends_with(r#"{"nonce":1}"#) && seen[1].ends_with(r#"{"nonce":2}"#), "{seen:?}");
}

#[tokio::test]
async fn what_cannot_be_built_is_not_sent() {
    let server = Server::new([ok("")]).await;
    let build = || Err(ExchangeError::Unsupported { operation: "book", what: "depth 7".into() });
    let error = http(&[&server.url]).read(build).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_failing_address_is_left_and_the_next_one_kept() {
    let dead = refused().await;
    let alive = Server::new([ok("1"), ok("2")]).await;
    let http = http(&[&dead, &alive.url]);
    assert_eq!(read(&http).await.unwrap().text(), "1");
    // Sticky: with the dead address first again this would cost an attempt, which the next call has not.
    assert_eq!(read(&http).await.unwrap().text(), "2");
}

#[tokio::test]
async fn server_errors_lead_to_the_next_address() {
    let ill = Server::new([status("502 Bad Gateway", "", "")]).await;
    let well = Server::new([ok("1")]).await;
    assert_eq!(read(&http(&[&ill.url, &well.url])).await.unwrap().text(), "1");
    assert_eq!((ill.requests().len(), well.requests().len()), (1, 1));
}

#[tokio::test]
async fn rate_limit_is_waited_for_only_within_patience() {
    let server = Server::new([status("429 Slow", "retry-after: 3600\r\n", ""), ok("")]).await;
    let error = read(&http(&[&server.url])).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.requests().len(), 1);

    let server = Server::new([status("429 Slow", "retry-after: 0\r\n", ""), ok("later")]).await;
    assert_eq!(read(&http(&[&server.url])).await.unwrap().text(), "later");
}

#[tokio::test]
async fn a_ban_without_a_hint_is_the_shortest_known() {
    let server = Server::new([status("418 Teapot", "", "")]).await;
    let error = read(&http(&[&server.url])).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
}

#[tokio::test]
async fn the_venues_count_corrects_ours() {
    let server = Server::new([status("200 OK", "X-MBX-USED-WEIGHT-1M: 75\r\n", "{}")]).await;
    let mut settings = settings(&[&server.url]);
    let minute = Limit { name: "weight", capacity: 100, window: Duration::from_secs(60) };
    settings.budget = Arc::new(Budget::new([minute]));
    settings.usage = vec![UsageHeader { name: "x-mbx-used-weight-1m", limit: 0 }];
    settings.patience = Duration::ZERO;
    let http = Http::new(settings).unwrap();
    http.read(|| Ok(Request::get("time", "/time").charge(0, 1))).await.unwrap();
    assert_eq!(http.budget().used(0), 75);
    let error = http.read(|| Ok(Request::get("book", "/book").charge(0, 10))).await.unwrap_err();
    assert!(matches!(error, ExchangeError::RateLimited { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_place_and_call() {
    let server = Server::new([ok("[1,\n\"x\"]")]).await;
    let error = read(&http(&[&server.url])).await.unwrap().json::<Vec<u8>>().unwrap_err();
    let text = format!("{error} {:?}", std::error::Error::source(&error));
    assert!(text.contains("book") && text.contains("line: 2"), "{text}");
}
