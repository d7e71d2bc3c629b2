//! Account, history and stream.

use qtp_core::port::Execution;
use qtp_core::{Event, ExchangeError, ExternalCause, OrderStatus, Timestamp};
use qtp_exchange::bybit::{BybitExchange, Category};
use qtp_exchange::transport::Credentials;
use serde_json::{Value, json};

use crate::stub::{Asked, KEY, Peer, SECRET, Sockets, healthy, id, next};
use crate::{NOW, PERP, SPOT, checked, exchange, execution, list, result, settings, told, venue};

const DAY: i64 = 86_400_000;

#[tokio::test]
async fn fills_are_read_by_weeks_and_pages_and_know_their_orders() {
    let stub = venue(|asked| {
        assert_eq!(asked.line, "GET /v5/execution/list");
        let first = asked.query.contains(&format!("startTime={}", NOW - 10 * DAY));
        match (first, asked.query.contains("cursor=older")) {
            (true, false) => {
                let newer = execution("e-2", &id(1).to_string(), "Trade", NOW - 9 * DAY);
                result(&format!(r#"{{"list":[{newer}],"nextPageCursor":"older"}}"#))
            }
            (true, true) => list(&execution("e-1", "", "Trade", NOW - 10 * DAY)),
            (false, _) => list(&execution("e-3", "", "AdlTrade", NOW)),
        }
    })
    .await;
    let fills =
        exchange(&stub, Category::Linear).fills_since(Timestamp::from_millis(NOW - 10 * DAY)).await.unwrap();
    let told: Vec<_> =
        fills.iter().map(|fill| (fill.trade_id.as_str(), fill.client_order_id, fill.external)).collect();
    let expected = [
        ("e-1", None, Some(ExternalCause::Manual)),
        ("e-2", Some(id(1)), None),
        ("e-3", None, Some(ExternalCause::Adl)),
    ];
    assert_eq!(told, expected);
    checked(&stub.asked("GET /v5/execution/list")[0]);
}

#[tokio::test]
async fn the_account_is_the_unified_wallet_with_contracts_or_coins() {
    let answers = |asked: &Asked| match asked.line.as_str() {
        "GET /v5/account/wallet-balance" => {
            list(r#"{"coin":[{"coin":"USDT","walletBalance":"100"},{"coin":"BTC","walletBalance":"0.3"}]}"#)
        }
        "GET /v5/position/list" => list(
            r#"{"positionIdx":0,"symbol":"BTCUSDT","side":"Sell","size":"0.5"},{"positionIdx":0,"symbol":"ETHUSDT","side":"","size":"0"}"#,
        ),
        "GET /v5/order/realtime" => list(&told("by-hand", "New", "0")),
        _ => panic!("{asked:?}"),
    };
    let stub = venue(answers).await;
    for (category, instrument, held) in [(Category::Linear, PERP, "-0.5"), (Category::Spot, SPOT, "0.3")] {
        let snapshot = exchange(&stub, category).account_snapshot().await.unwrap();
        let positions: Vec<_> =
            snapshot.positions.iter().map(|(id, held)| (id.as_str(), held.to_string())).collect();
        assert_eq!(positions, [(instrument, held.to_owned())]);
        assert_eq!((snapshot.balances.len(), snapshot.time), (2, Timestamp::from_millis(NOW)));
    }
    let open = exchange(&stub, Category::Linear).open_orders().await.unwrap();
    assert_eq!(
        (open.len(), open[0].client_order_id),
        (1, None),
        "a foreign order is listed without an id of ours"
    );
    assert!(checked(&stub.asked("GET /v5/order/realtime")[0]).contains("settleCoin=USDT"));
}

/// The venue's side of a login and a subscription.
async fn welcome(sockets: &Sockets) -> Peer {
    let mut peer = sockets.accept().await;
    let asked = peer.heard().await;
    let expires = asked["args"][1].as_i64().unwrap();
    assert!(expires > NOW, "the login is valid for a while");
    let signature = Credentials::hmac(KEY, SECRET).sign(&format!("GET/realtime{expires}"));
    assert_eq!(
        (&asked["op"], &asked["args"][0], &asked["args"][2]),
        (&json!("auth"), &json!(KEY), &json!(signature))
    );
    peer.say(json!({"op": "auth", "success": true, "retCode": 0, "retMsg": ""})).await;
    assert_eq!(peer.heard().await, json!({"op": "subscribe", "args": ["execution", "order", "wallet"]}));
    peer.say(json!({"op": "subscribe", "success": true, "ret_msg": ""})).await;
    peer
}

fn message(topic: &str, data: &str) -> Value {
    let data: Value = serde_json::from_str(data).unwrap();
    json!({"topic": topic, "creationTime": NOW, "data": [data]})
}

#[tokio::test]
async fn the_stream_logs_in_survives_a_cut_and_tells_of_money_that_comes() {
    let stub = venue(|asked| {
        assert_eq!(asked.line, "GET /v5/account/transaction-log");
        let entry = format!(r#"{{"id":"t-1","currency":"USDT","change":"25","transactionTime":"{NOW}"}}"#);
        list(if asked.query.contains("TRANSFER_IN") { &entry } else { "" })
    })
    .await;
    let mut settings = settings(&stub, Category::Linear, NOW);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = BybitExchange::new(settings).unwrap();
    let (stream, mut peer) = tokio::join!(exchange.subscribe_account(), welcome(&sockets));
    let mut stream = stream.unwrap();
    assert_eq!(peer.target, "/v5/private");
    peer.say(message("execution", &execution("e-1", &id(1).to_string(), "Trade", NOW))).await;
    let Event::Fill(fill) = next(&mut stream).await else { panic!("no fill") };
    assert_eq!((fill.client_order_id, fill.instrument.as_str(), fill.external), (Some(id(1)), PERP, None));
    // The account's other half is not ours.
    peer.say(message("order", &told(&id(1).to_string(), "Filled", "0.5").replace("linear", "spot"))).await;
    peer.say(message("order", &told(&id(1).to_string(), "PartiallyFilled", "0.1"))).await;
    let Event::OrderReport(report) = next(&mut stream).await else { panic!("no report") };
    assert_eq!(report.status, OrderStatus::PartiallyFilled);

    peer.close().await;
    let (mut peer, ()) = tokio::join!(welcome(&sockets), healthy(&mut stream));

    // Two words on the wallet, one transfer.
    for _ in 0..2 {
        peer.say(message("wallet", r#"{"accountType":"UNIFIED","coin":[]}"#)).await;
    }
    let Event::CashFlow { amount, .. } = next(&mut stream).await else { panic!("no transfer") };
    assert_eq!(amount.to_string(), "25 USDT");

    // What cannot be read makes the account be compared, and does not end the stream.
    peer.say(message("order", &told(&id(1).to_string(), "SomethingNew", "0.1"))).await;
    healthy(&mut stream).await;
    peer.say(message("order", &told(&id(1).to_string(), "Cancelled", "0.1"))).await;
    assert_eq!(next(&mut stream).await.kind(), "order_report");
    assert_eq!(stub.asked("GET /v5/account/transaction-log").len(), 2);
}

#[tokio::test]
async fn a_refused_login_is_an_error_with_the_venues_words() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings = settings(&stub, Category::Spot, NOW);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = BybitExchange::new(settings).unwrap();
    let peer = async {
        let mut peer = sockets.accept().await;
        peer.heard().await;
        peer.say(json!({"op": "auth", "success": false, "retCode": 10003, "retMsg": "Invalid apikey"})).await;
        peer
    };
    let (stream, _peer) = tokio::join!(exchange.subscribe_account(), peer);
    let error = stream.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Auth { message, .. } if message.contains("Invalid apikey")),
        "{error:?}"
    );
}
