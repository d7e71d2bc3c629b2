//! Orders.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qtp_core::port::{Execution, MarketData, Severity};
use qtp_core::{
    ExchangeError, OrderKind, OrderRequest, OrderRole, OrderStatus, Side, Timestamp, TriggerSource,
};
use qtp_exchange::bybit::{BybitExchange, Category};
use serde_json::json;

use crate::stub::{
    Asked, Does, KEY, SECRET, approve, approved_leverage, approved_modify, cancel_of, id, limit, order,
    status, stop,
};
use crate::{NOW, PERP, SPOT, checked, exchange, list, refused, result, settings, told, venue};

fn taken() -> Does {
    result(r#"{"orderId":"o-7","orderLinkId":"x"}"#)
}

fn body(asked: &Asked) -> serde_json::Value {
    serde_json::from_str(&checked(asked)).unwrap()
}

#[tokio::test]
async fn an_order_travels_signed_with_our_id_and_its_end() {
    let stub = venue(|_| taken()).await;
    let mut asked = order(PERP, 1, Side::Buy, "0.5", limit("90000"));
    asked.valid_until = Some(Timestamp::from_millis(NOW + 2_500));
    let acks = exchange(&stub, Category::Linear).submit(&approve(&asked)).await.unwrap();
    assert_eq!(acks[0].venue_order_id.as_ref().unwrap().as_str(), "o-7");
    let sent = stub.asked("POST /v5/order/create");
    let expected = json!({"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "orderLinkId": id(1).to_string(),
        "price": "90000", "category": "linear", "qty": "0.5"});
    assert_eq!((sent.len(), body(&sent[0])), (1, expected));
    assert_eq!(
        (sent[0].headers["x-bapi-recv-window"].as_str(), &sent[0].headers["x-bapi-timestamp"]),
        ("2500", &NOW.to_string())
    );
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_and_not_sent_again() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /v5/order/create" => Does::Reset,
        // It has ended already: only history knows it.
        "GET /v5/order/realtime" => list(""),
        "GET /v5/order/history" => list(&told(&id(1).to_string(), "Filled", "0.5")),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = exchange(&stub, Category::Linear);
    let asked = approve(&order(PERP, 1, Side::Buy, "0.5", limit("90000")));
    let error = exchange.submit(&asked).await.unwrap_err();
    assert!(
        matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id(1))
    );
    let found = exchange.order(&id(1)).await.unwrap().unwrap();
    assert_eq!((found.status, found.filled.to_string()), (OrderStatus::Filled, "0.5".to_owned()));
    assert_eq!(stub.asked("POST /v5/order/create").len(), 1, "sent once");
    assert!(checked(&stub.asked("GET /v5/order/realtime")[0]).contains(&format!("orderLinkId={}", id(1))));
}

#[tokio::test]
async fn what_the_venue_does_not_know_either_is_an_unknown_outcome() {
    for answer in [
        status(502, "bad gateway"),
        refused(10016, "Server error"),
        refused(110_072, "OrderLinkedID is duplicate"),
        status(403, "<html>access too frequent</html>"),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let stub = venue(move |_| answer.lock().unwrap().take().expect("sent once")).await;
        let asked = approve(&order(PERP, 1, Side::Buy, "1", limit("9")));
        let error = exchange(&stub, Category::Linear).submit(&asked).await.unwrap_err();
        assert!(matches!(error, ExchangeError::OutcomeUnknown { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_venues_reason_and_a_limit_its_hint() {
    let stub = venue(|_| refused(110_007, "ab not enough for new order")).await;
    let asked = approve(&order(PERP, 1, Side::Buy, "1", limit("9")));
    let error = exchange(&stub, Category::Linear).submit(&asked).await.unwrap_err();
    let ExchangeError::Rejected { reason, .. } = &error else { panic!("{error:?}") };
    assert_eq!((reason.code.as_str(), reason.message.as_str()), ("110007", "ab not enough for new order"));

    let stub = venue(|_| Does::Answer(429, "retry-after: 7\r\n", "{}".into())).await;
    let exchange = exchange(&stub, Category::Linear);
    let error = exchange.submit(&asked).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{error:?}");
    assert!(exchange.submit(&asked).await.unwrap_err().is_retryable(), "nothing leaves before then");
    assert_eq!(stub.asked("POST /v5/order/create").len(), 1);
}

#[tokio::test]
async fn an_order_that_nobody_knows_is_absent_only_where_it_was_looked_for() {
    let stub = venue(|_| list("")).await;
    assert_eq!(exchange(&stub, Category::Spot).order(&id(1)).await.unwrap(), None);
    assert_eq!(stub.asked("GET /v5/order/history").len(), 1);
    let blind = BybitExchange::new(settings(&stub, Category::Spot, NOW)).unwrap().order(&id(1)).await;
    assert!(matches!(blind, Err(ExchangeError::Unsupported { .. })), "{blind:?}");
}

#[tokio::test]
async fn a_protective_stop_watches_the_mark_and_a_cancel_of_what_is_gone_is_fine() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /v5/order/create" => taken(),
        "POST /v5/order/cancel" if asked.body.contains("spot") => refused(170_213, "Order does not exist."),
        "POST /v5/order/cancel" => refused(110_001, "order not exists or too late to cancel"),
        _ => panic!("{asked:?}"),
    })
    .await;
    let kind = stop("80000", TriggerSource::Mark);
    let asked =
        OrderRequest { reduce_only: true, role: OrderRole::Stop, ..order(PERP, 1, Side::Sell, "0.5", kind) };
    let linear = exchange(&stub, Category::Linear);
    linear.submit(&approve(&asked)).await.unwrap();
    let sent = body(&stub.asked("POST /v5/order/create")[0]);
    assert_eq!(
        (&sent["triggerBy"], &sent["triggerDirection"], &sent["reduceOnly"]),
        (&json!("MarkPrice"), &json!(2), &json!(true))
    );
    linear.cancel(&cancel_of(&asked)).await.expect("a cancel of what is gone is no error");
    // Spot keeps what waits for a trigger in a list of its own.
    let spot = order(SPOT, 2, Side::Sell, "0.5", limit("90000"));
    exchange(&stub, Category::Spot).cancel(&cancel_of(&spot)).await.unwrap();
    let filters: Vec<_> =
        stub.asked("POST /v5/order/cancel").iter().map(|asked| body(asked)["orderFilter"].clone()).collect();
    assert_eq!(filters, [json!(null), json!("Order"), json!("StopOrder")]);
}

#[tokio::test]
async fn changes_and_leverage_do_what_the_venue_can_and_refuse_the_rest() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /v5/order/amend" => taken(),
        "GET /v5/account/info" => result(r#"{"marginMode":"REGULAR_MARGIN","unifiedMarginStatus":5}"#),
        "POST /v5/position/set-leverage" => refused(110_043, "leverage not modified"),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = exchange(&stub, Category::Linear);
    let asked = order(PERP, 1, Side::Buy, "0.5", limit("90000"));
    exchange.modify(&approved_modify(&asked, "0.4", limit("91000"))).await.unwrap();
    let sent = body(&stub.asked("POST /v5/order/amend")[0]);
    assert_eq!((&sent["qty"], &sent["price"]), (&json!("0.4"), &json!("91000")));
    let error = exchange.modify(&approved_modify(&asked, "0.4", OrderKind::Market)).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");

    exchange.set_leverage(&approved_leverage(PERP, 5, false)).await.expect("set already is fine");
    let error = exchange.set_leverage(&approved_leverage(PERP, 5, true)).await.unwrap_err().to_string();
    assert!(error.contains("the account's, which is REGULAR_MARGIN"), "{error}");
    assert_eq!(stub.asked("POST /v5/position/set-leverage").len(), 1);
}

#[tokio::test]
async fn clocks_too_far_apart_stop_new_risk_and_a_doubted_time_stamp_is_measured_anew() {
    let stub = venue(|_| taken()).await;
    let far = BybitExchange::new(settings(&stub, Category::Linear, NOW - 60_000)).unwrap();
    let asked = order(PERP, 1, Side::Buy, "0.5", limit("90000"));
    let error = far.submit(&approve(&asked)).await.unwrap_err().to_string();
    assert!(error.contains("60.000 s behind the venue's"), "{error}");
    far.submit(&approve(&OrderRequest { reduce_only: true, ..asked })).await.expect("an exit leaves");
    assert_eq!(stub.asked("POST /v5/order/create")[0].headers["x-bapi-timestamp"], NOW.to_string());

    let calls = AtomicUsize::new(0);
    let stub = venue(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => refused(10002, "invalid request, please check your server timestamp"),
        _ => list(""),
    })
    .await;
    assert!(exchange(&stub, Category::Spot).open_orders().await.unwrap().is_empty());
    assert_eq!(stub.asked("GET /v5/market/time").len(), 2);
}

#[tokio::test]
async fn the_preflight_looks_at_key_account_and_mode() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /v5/user/query-api" => result(
            r#"{"readOnly":1,"permissions":{"ContractTrade":["Order"],"Wallet":["Withdraw"]},"ips":["*"],
            "expiredAt":"2020-01-01T00:00:00Z"}"#,
        ),
        "GET /v5/account/info" => result(r#"{"marginMode":"REGULAR_MARGIN","unifiedMarginStatus":1}"#),
        "GET /v5/position/list" => list(r#"{"positionIdx":1,"symbol":"BTCUSDT","side":"Buy","size":"1"}"#),
        "GET /v5/market/risk-limit" => list(
            r#"{"symbol":"BTCUSDT","riskLimitValue":"2000000","maintenanceMargin":"0.005","maxLeverage":"100"}"#,
        ),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = exchange(&stub, Category::Linear);
    let found = exchange.preflight(&[PERP.parse().unwrap()]).await.unwrap();
    let refused: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Refuse)
        .map(|finding| finding.reason.code.as_str())
        .collect();
    assert_eq!(refused, ["key_cannot_trade", "key_expired", "classic_account", "hedge_mode"]);
    assert!(found.iter().any(|finding| finding.reason.code == "key_can_withdraw"));
    let instruments = exchange.instruments().await.unwrap();
    let tiers: Vec<_> = instruments.iter().map(|one| one.margin_tiers.len()).collect();
    assert_eq!((instruments.len(), tiers), (2, vec![1, 0]));
    assert_eq!(instruments[0].margin_tiers[0].up_to, None);
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_the_secret_or_a_signature() {
    let stub = venue(|_| Does::Reset).await;
    let exchange = exchange(&stub, Category::Spot);
    let error = exchange.submit(&approve(&order(SPOT, 1, Side::Buy, "1", limit("9")))).await.unwrap_err();
    let signature = stub.asked("POST /v5/order/create")[0].headers["x-bapi-sign"].clone();
    let shown = format!("{exchange:?} {:?} {error:?} {error}", exchange.settings());
    assert!(!shown.contains(SECRET) && !shown.contains(&signature) && !shown.contains(KEY), "{shown}");
}
