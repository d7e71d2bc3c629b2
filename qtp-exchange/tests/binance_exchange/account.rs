//! Account, history and stream.

use qtp_core::port::Execution;
use qtp_core::{Event, ExchangeError, ExternalCause, OrderStatus, Timestamp};
use qtp_exchange::binance::{BinanceExchange, Product};
use qtp_exchange::transport::Credentials;
use serde_json::json;

use crate::stub::{Asked, Does, KEY, SECRET, Sockets, healthy, id, next, ok};
use crate::{NOW, PERP, SPOT, checked, refused, settings, told, venue};

fn trade(number: u64, order: u64, time: i64) -> String {
    format!(
        r#"{{"symbol":"BTCUSDT","id":{number},"orderId":{order},"price":"90000","qty":"0.1","commission":"0.01",
        "commissionAsset":"USDT","time":{time},"isBuyer":true,"isMaker":false,"side":"BUY","maker":false}}"#
    )
}

#[tokio::test]
async fn fills_are_read_page_by_page_and_know_their_orders() {
    let stub = venue(|asked| match (asked.line.as_str(), asked.query.contains("fromId=1000")) {
        ("GET /api/v3/myTrades", false) => {
            let page: Vec<String> =
                (0..1_000u32).map(|n| trade(n.into(), 5, NOW - 10_000 + i64::from(n))).collect();
            ok(format!("[{}]", page.join(",")))
        }
        ("GET /api/v3/myTrades", true) => ok(format!("[{}]", trade(1_000, 6, NOW))),
        ("GET /api/v3/order", _) if asked.query.contains("orderId=5&") => {
            ok(told(&id(1).to_string(), 5, "FILLED", "0.5"))
        }
        ("GET /api/v3/order", _) => ok(told("web_1234", 6, "FILLED", "0.5")),
        _ => panic!("{asked:?}"),
    })
    .await;
    let mut named = settings(&stub, Product::Spot, NOW);
    named.instruments = vec![SPOT.parse().unwrap()];
    let since = Timestamp::from_millis(NOW - 20_000);
    let fills = BinanceExchange::new(named).unwrap().fills_since(since).await.unwrap();
    assert_eq!(fills.len(), 1_001);
    assert!(fills.windows(2).all(|pair| pair[0].time <= pair[1].time));
    assert_eq!((fills[0].client_order_id, fills[0].external), (Some(id(1)), None));
    assert_eq!((fills[1_000].client_order_id, fills[1_000].external), (None, Some(ExternalCause::Manual)));
    assert_eq!(stub.asked("GET /api/v3/order").len(), 2, "each order is asked for once");
}

#[tokio::test]
async fn fills_of_futures_are_read_by_weeks_also_where_only_a_position_is_left() {
    const DAY: i64 = 86_400_000;
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /fapi/v3/account" => ok(r#"{"assets":[{"asset":"USDT","walletBalance":"100"}],
            "positions":[{"symbol":"BTCUSDT","positionAmt":"0.1","positionSide":"BOTH"}]}"#),
        "GET /fapi/v1/userTrades" => {
            let start: i64 =
                asked.query.split("startTime=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            ok(if start == NOW - 10 * DAY {
                format!("[{}]", trade(1, 5, start))
            } else {
                format!("[{}]", trade(2, 5, NOW))
            })
        }
        "GET /fapi/v1/order" => refused(-2013, "Order does not exist."),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = BinanceExchange::new(settings(&stub, Product::UsdMargin, NOW)).unwrap();
    let fills = exchange.fills_since(Timestamp::from_millis(NOW - 10 * DAY)).await.unwrap();
    let ids: Vec<_> = fills.iter().map(|fill| fill.trade_id.as_str().to_owned()).collect();
    assert_eq!(
        (ids, fills[0].external),
        (vec!["1".to_owned(), "2".to_owned()], Some(ExternalCause::Unknown))
    );
    let asked = stub.asked("GET /fapi/v1/userTrades");
    assert!(checked(&asked[0]).contains(&format!("&endTime={}", NOW - 3 * DAY)));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_coin_is_the_position_of_the_first_instrument_that_trades_it() {
    let balances = r#"{"balances":[{"asset":"BTC","free":"0.1","locked":"0.2"},{"asset":"USDT","free":"5","locked":"0"}]}"#;
    let stub = venue(move |_| ok(balances)).await;
    let mut named = settings(&stub, Product::Spot, NOW);
    named.instruments = vec![SPOT.parse().unwrap(), "ETH-USDT@binance".parse().unwrap()];
    let snapshot = BinanceExchange::new(named).unwrap().account_snapshot().await.unwrap();
    let positions: Vec<_> =
        snapshot.positions.iter().map(|(id, held)| (id.as_str(), held.to_string())).collect();
    assert_eq!(positions, [(SPOT, "0.3".to_owned())]);
    assert_eq!((snapshot.balances.len(), snapshot.time), (2, Timestamp::from_millis(NOW)));
}

fn keys(asked: &Asked) -> Does {
    match asked.line.as_str() {
        "POST /fapi/v1/listenKey" => {
            assert_eq!(asked.headers["x-mbx-apikey"], KEY);
            ok(r#"{"listenKey":"listen-1"}"#)
        }
        "GET /fapi/v1/income" => ok(format!(
            r#"[{{"symbol":"BTCUSDT","incomeType":"FUNDING_FEE","income":"-0.25","asset":"USDT","time":{NOW},"tranId":9}}]"#
        )),
        _ => panic!("{asked:?}"),
    }
}

fn execution(state: &str, filled: &str, trade: i64) -> String {
    json!({"e": "ORDER_TRADE_UPDATE", "T": NOW, "o": {"s": "BTCUSDT", "c": id(1).to_string(), "S": "BUY", "q": "0.5",
        "p": "90000", "x": "TRADE", "X": state, "i": 7, "l": filled, "z": filled, "L": "90000", "n": "0.02", "N": "USDT",
        "T": NOW, "t": trade, "m": true}})
    .to_string()
}

#[tokio::test]
async fn the_stream_of_futures_survives_a_cut_with_a_new_key_and_tells_of_it() {
    let stub = venue(keys).await;
    let mut settings = settings(&stub, Product::UsdMargin, NOW);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = BinanceExchange::new(settings).unwrap();
    let (stream, peer) = tokio::join!(exchange.subscribe_account(), sockets.accept());
    let (mut stream, mut peer) = (stream.unwrap(), peer);
    assert_eq!(peer.target, "/private/ws?listenKey=listen-1");
    peer.say(execution("PARTIALLY_FILLED", "0.2", 11)).await;
    let Event::Fill(fill) = next(&mut stream).await else { panic!("a fill comes before its report") };
    assert_eq!((fill.client_order_id, fill.instrument.as_str(), fill.external), (Some(id(1)), PERP, None));
    let Event::OrderReport(report) = next(&mut stream).await else { panic!("no report") };
    assert_eq!(report.status, OrderStatus::PartiallyFilled);

    peer.close().await;
    let (mut peer, ()) = tokio::join!(sockets.accept(), healthy(&mut stream));
    assert_eq!(stub.asked("POST /fapi/v1/listenKey").len(), 2, "each connection has a key of its own");

    // Funding in cross margin does not name its symbol.
    peer.say(json!({"e": "ACCOUNT_UPDATE", "T": NOW, "a": {"m": "FUNDING_FEE", "B": [{"a": "USDT", "bc": "-0.25"}]}})).await;
    let Event::Funding(payment) = next(&mut stream).await else { panic!("no payment") };
    assert_eq!((payment.instrument.as_str(), payment.amount.value.to_string()), (PERP, "-0.25".to_owned()));

    // A key that has ended.
    peer.say(json!({"e": "listenKeyExpired", "E": NOW, "listenKey": "listen-1"})).await;
    let (mut peer, ()) = tokio::join!(sockets.accept(), healthy(&mut stream));

    // What cannot be read makes the account be compared, and does not end the stream.
    peer.say(execution("SOMETHING_NEW", "0.2", 12)).await;
    healthy(&mut stream).await;
    peer.say(execution("FILLED", "0.3", 13)).await;
    assert_eq!(next(&mut stream).await.kind(), "fill");
}

#[tokio::test]
async fn the_stream_of_spot_begins_with_a_signed_login() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings = settings(&stub, Product::Spot, NOW);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = BinanceExchange::new(settings).unwrap();
    let peer = async {
        let mut peer = sockets.accept().await;
        let asked = peer.heard().await;
        assert_eq!(asked["method"], "userDataStream.subscribe.signature");
        let signed = format!("apiKey={KEY}&recvWindow=5000&timestamp={NOW}");
        assert_eq!(asked["params"]["signature"], Credentials::hmac(KEY, SECRET).sign(&signed));
        peer.say(json!({"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}})).await;
        peer
    };
    let (stream, mut peer) = tokio::join!(exchange.subscribe_account(), peer);
    let report = json!({"e": "executionReport", "s": "BTCUSDT", "c": id(1).to_string(), "C": "", "S": "BUY", "q": "0.5",
        "p": "90000", "x": "NEW", "X": "NEW", "i": 7, "l": "0", "z": "0", "L": "0", "n": "0", "N": null, "T": NOW,
        "t": -1, "m": false});
    peer.say(json!({"subscriptionId": 0, "event": {"e": "outboundAccountPosition", "u": NOW, "B": []}}))
        .await;
    peer.say(json!({"subscriptionId": 0, "event": report})).await;
    let Event::OrderReport(report) = next(&mut stream.unwrap()).await else { panic!("no report") };
    assert_eq!((report.status, report.instrument.as_str()), (OrderStatus::Open, SPOT));
}

#[tokio::test]
async fn a_refused_login_is_an_error_with_the_venues_words() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings = settings(&stub, Product::Spot, NOW);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = BinanceExchange::new(settings).unwrap();
    let peer = async {
        let mut peer = sockets.accept().await;
        peer.heard().await;
        peer.say(json!({"id": 1, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}})).await;
        peer
    };
    let (stream, _peer) = tokio::join!(exchange.subscribe_account(), peer);
    let error = stream.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Auth { message, .. } if message.contains("Invalid API-key")),
        "{error:?}"
    );
}
