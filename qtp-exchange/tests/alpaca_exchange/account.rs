//! Account, history and stream.

use qtp_core::port::Execution;
use qtp_core::{Event, ExchangeError, ExternalCause, OrderStatus};
use qtp_exchange::alpaca::AlpacaExchange;
use serde_json::{Value, json};

use crate::stub::{KEY, Peer, SECRET, Sockets, healthy, id, next, ok, status};
use crate::{AAPL, NOW, exchange, now, settings, told, venue};

fn activity(number: u32, order: &str, filled: &str, time: &str) -> String {
    format!(
        r#"{{"activity_type":"FILL","id":"2024::{number}","order_id":"{order}","symbol":"AAPL","side":"buy","type":"fill",
        "price":"180.01","qty":"1","cum_qty":"{filled}","leaves_qty":"0","transaction_time":"{time}"}}"#
    )
}

#[tokio::test]
async fn fills_are_read_page_by_page_and_know_their_orders() {
    let stub = venue(|asked| match (asked.line.as_str(), asked.query.contains("page_token=2024%3A%3A99")) {
        ("GET /v2/account/activities/FILL", false) => {
            let page: Vec<String> = (0..100).map(|n| activity(n, "n-1", &(n + 1).to_string(), NOW)).collect();
            ok(format!("[{}]", page.join(",")))
        }
        ("GET /v2/account/activities/FILL", true) => {
            ok(format!("[{},{}]", activity(100, "n-2", "1.0", NOW), activity(101, "n-3", "1", NOW)))
        }
        ("GET /v2/orders/n-1", _) => ok(told("n-1", &id(1).to_string(), "filled", "3")),
        ("GET /v2/orders/n-2", _) => ok(told("n-2", "by-hand", "filled", "3")),
        _ => status(404, r#"{"code":40410000,"message":"order not found"}"#),
    })
    .await;
    let fills = exchange(&stub).fills_since(now()).await.unwrap();
    assert_eq!(fills.len(), 102);
    assert_eq!(
        (fills[0].client_order_id, fills[0].external, fills[0].instrument.as_str()),
        (Some(id(1)), None, AAPL)
    );
    assert_eq!((fills[100].trade_id.as_str(), fills[100].external), ("n-2/1", Some(ExternalCause::Manual)));
    assert_eq!(fills[101].external, Some(ExternalCause::Unknown));
    assert_eq!(stub.asked("GET /v2/orders/n-1").len(), 1, "each order is asked for once");
    assert!(
        stub.asked("GET /v2/account/activities/FILL")[0].query.contains("after=2024-01-02T14%3A30%3A59.999Z")
    );
}

#[tokio::test]
async fn the_account_is_its_cash_and_what_is_held() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /v2/account" => ok(r#"{"cash":"1234.5","currency":"USD"}"#),
        "GET /v2/positions" => {
            ok(r#"[{"symbol":"AAPL","qty":"3","side":"long"},{"symbol":"MSFT","qty":"-2","side":"short"}]"#)
        }
        _ => panic!("{asked:?}"),
    })
    .await;
    let snapshot = exchange(&stub).account_snapshot().await.unwrap();
    let positions: Vec<_> =
        snapshot.positions.iter().map(|(id, held)| (id.as_str(), held.to_string())).collect();
    assert_eq!(positions, [(AAPL, "3".to_owned()), ("MSFT@alpaca", "-2".to_owned())]);
    assert_eq!((snapshot.balances.len(), snapshot.time), (1, now()));
}

/// The venue's side of a login and of what is listened to.
pub(crate) async fn welcome(sockets: &Sockets) -> Peer {
    let mut peer = sockets.accept().await;
    assert_eq!(peer.heard().await, json!({"action": "auth", "key": KEY, "secret": SECRET}));
    peer.say(json!({"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}))
        .await;
    let asked = peer.heard().await;
    assert_eq!(asked, json!({"action": "listen", "data": {"streams": ["trade_updates"]}}));
    peer.say(json!({"stream": "listening", "data": {"streams": ["trade_updates"]}})).await;
    peer
}

fn update(event: &str, state: &str, filled: &str) -> Value {
    let order: Value = serde_json::from_str(&told("n-1", &id(1).to_string(), state, filled)).unwrap();
    json!({"stream": "trade_updates", "data": {"event": event, "execution_id": "of-the-stream", "price": "180.01",
        "qty": "1", "position_qty": "3", "timestamp": NOW, "order": order}})
}

#[tokio::test]
async fn the_stream_names_executions_as_history_does_and_survives_a_cut() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /v2/account/activities/FILL" => ok(format!("[{}]", activity(1, "n-1", "1", NOW))),
        _ => panic!("{asked:?}"),
    })
    .await;
    let mut settings = settings(&stub);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = AlpacaExchange::new(settings).unwrap();
    let (stream, mut peer) = tokio::join!(exchange.subscribe_account(), welcome(&sockets));
    let mut stream = stream.unwrap();
    assert_eq!(peer.target, "/stream");
    peer.say(update("partial_fill", "partially_filled", "1")).await;
    let Event::Fill(fill) = next(&mut stream).await else { panic!("a fill comes before its report") };
    assert_eq!(
        (fill.client_order_id, fill.price.to_string(), fill.external),
        (Some(id(1)), "180.01".to_owned(), None)
    );
    let Event::OrderReport(report) = next(&mut stream).await else { panic!("no report") };
    assert_eq!(report.status, OrderStatus::PartiallyFilled);
    let history = exchange.fills_since(now()).await.unwrap();
    assert_eq!(history[0].trade_id, fill.trade_id, "one execution has one name");

    peer.close().await;
    let (mut peer, ()) = tokio::join!(welcome(&sockets), healthy(&mut stream));
    peer.say(update("something", "a_new_state", "1")).await;
    healthy(&mut stream).await;
    peer.say(update("rejected", "rejected", "0")).await;
    let Event::OrderReport(report) = next(&mut stream).await else { panic!("no report") };
    assert_eq!(report.status, OrderStatus::Rejected);
}

#[tokio::test]
async fn a_refused_login_is_an_error() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings = settings(&stub);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = AlpacaExchange::new(settings).unwrap();
    let peer = async {
        let mut peer = sockets.accept().await;
        peer.heard().await;
        peer.say(
            json!({"stream": "authorization", "data": {"status": "unauthorized", "action": "authenticate"}}),
        )
        .await;
        peer
    };
    let (stream, _peer) = tokio::join!(exchange.subscribe_account(), peer);
    let error = stream.unwrap_err();
    assert!(matches!(&error, ExchangeError::Auth { message, .. } if message == "unauthorized"), "{error:?}");
}
