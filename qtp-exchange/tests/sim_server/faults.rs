//! Each fault, as a client meets it.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{SECOND, USER, Venue, limit, next_nonce, signed};

/// A venue with one rule.
async fn broken(rule: Value) -> Venue {
    let venue = Venue::open().await;
    venue.admin("faults", json!({"fault": [rule]})).await;
    venue
}

fn order_body(price: f64) -> String {
    signed(
        &json!({"type": "order", "orders": [limit(true, price, "Gtc")], "grouping": "na"}).to_string(),
        next_nonce(),
    )
}

#[tokio::test]
async fn dropped_reply_leaves_the_order_placed() {
    let venue = broken(json!({"on": "exchange:order", "nth": 2, "do": "drop_reply"})).await;
    assert!(venue.post("/exchange", &order_body(50_000.0)).await.is_some());
    assert_eq!(venue.post("/exchange", &order_body(50_001.0)).await, None);
    assert_eq!(venue.open_orders().await, 2);
    assert!(venue.post("/exchange", &order_body(50_002.0)).await.is_some(), "only the second");
    assert_eq!(venue.open_orders().await, 3);
}

#[tokio::test]
async fn dropped_request_leaves_nothing() {
    let venue =
        broken(json!({"on": "exchange:order", "coin": "BTC", "user": USER, "do": "drop_request"})).await;
    assert_eq!(venue.post("/exchange", &order_body(50_000.0)).await, None);
    assert_eq!(venue.open_orders().await, 0);
}

#[tokio::test]
async fn status_and_truncation_are_what_they_say() {
    let venue = broken(json!({"on": "info:meta", "times": 2, "do": "status", "status": 503})).await;
    let meta = json!({"type": "meta"}).to_string();
    for _ in 0..2 {
        assert_eq!(venue.post("/info", &meta).await.unwrap().0, 503);
    }
    assert_eq!(venue.post("/info", &meta).await.unwrap().0, 200);
    venue.admin("faults", json!({"clear": true, "fault": [{"on": "info:*", "do": "truncate"}]})).await;
    assert_eq!(venue.post("/info", &meta).await, None, "half of an answer is none");
    venue
        .admin("faults", json!({"clear": true, "fault": [{"on": "info:*", "do": "status", "status": 429}]}))
        .await;
    assert_eq!(venue.post("/info", &meta).await.unwrap(), (429, "null".to_owned()));
}

#[tokio::test]
async fn half_open_connection_never_answers() {
    let venue = broken(json!({"on": "info:meta", "do": "half_open"})).await;
    let body = json!({"type": "meta"}).to_string();
    let waited = tokio::time::timeout(Duration::from_millis(200), venue.post("/info", &body)).await;
    assert!(waited.is_err());
}

#[tokio::test]
async fn late_order_comes_after_the_reply_was_lost() {
    let venue = broken(json!({"on": "exchange:order", "do": "late", "ms": 300})).await;
    assert_eq!(venue.post("/exchange", &order_body(50_000.0)).await, None);
    assert_eq!(venue.open_orders().await, 0);
    while venue.open_orders().await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn wrong_clock_halt_and_manual_order() {
    let venue = broken(json!({"on": "info:meta", "do": "clock", "ms": -3_600_000})).await;
    let time = |state: Value| state["time"].as_i64().unwrap();
    let status = json!({"type": "exchangeStatus"});
    let before = time(venue.info(status.clone()).await);
    venue.info(json!({"type": "meta"})).await;
    assert_eq!(time(venue.info(status).await), before - 3_600_000);
    venue.admin("clock", json!({"ms": 0})).await;

    venue.admin("market", json!({"coin": "BTC", "halted": true})).await;
    let refused = venue.order(json!([limit(true, 50_000.0, "Gtc")]), "na").await;
    assert_eq!(refused[0]["error"], "Trading is halted. asset=0");
    venue.admin("market", json!({"coin": "BTC", "halted": false})).await;
    venue.admin("order", json!({"user": USER, "coin": "BTC", "size": "-0.5"})).await;
    assert!((venue.position().await + 0.5).abs() < 1e-9);
    venue.admin("adl", json!({"user": USER, "coin": "BTC", "share": "0.4"})).await;
    assert!((venue.position().await + 0.3).abs() < 1e-9);
    venue.admin("liquidate", json!({"user": USER, "coin": "BTC"})).await;
    assert!(venue.position().await.abs() < 1e-9);
    let fills = venue.info(json!({"type": "userFills", "user": USER})).await;
    let words: Vec<&str> =
        fills.as_array().unwrap().iter().map(|fill| fill["dir"].as_str().unwrap()).collect();
    assert_eq!(words, ["Liquidated Cross Short", "Auto-Deleveraging", "Open Short"]);
}

#[tokio::test]
async fn partly_filled_parent_takes_its_children_along() {
    let venue = broken(json!({"on": "exchange:order", "do": "fill_then_cancel", "amount": "0.5"})).await;
    let mark = venue.mark().await;
    let trigger = |price: f64, tpsl: &str| {
        json!({"a": 0, "b": false, "p": format!("{}", price.round()), "s": "0.01", "r": true,
            "t": {"trigger": {"isMarket": true, "triggerPx": format!("{}", price.round()), "tpsl": tpsl}}})
    };
    let orders =
        json!([limit(true, mark * 1.01, "Gtc"), trigger(mark * 1.1, "tp"), trigger(mark * 0.9, "sl")]);
    let statuses = venue.order(orders, "normalTpsl").await;
    assert_eq!(statuses[0]["filled"]["totalSz"], "0.005");
    assert!((venue.position().await - 0.005).abs() < 1e-9, "a position stands");
    assert_eq!(venue.open_orders().await, 0, "without a stop");
}

#[tokio::test]
async fn stop_fills_while_nobody_is_connected() {
    let venue = Venue::open().await;
    let mark = venue.mark().await;
    venue.order(json!([limit(true, mark * 1.01, "Ioc")]), "na").await;
    let stop = json!([{"a": 0, "b": false, "p": "1000", "s": "0", "r": true,
        "t": {"trigger": {"isMarket": true, "triggerPx": format!("{}", (mark * 0.95).round()), "tpsl": "sl"}}}]);
    // A worst price far from the mark is no legal one, of a stop too.
    let refused = venue.order(stop.clone(), "positionTpsl").await;
    assert!(refused[0]["error"].as_str().unwrap().contains("80%"));
    let mut stop = stop;
    stop[0]["p"] = json!(format!("{}", (mark * 0.9).round()));
    assert_eq!(venue.order(stop, "positionTpsl").await[0], "waitingForTrigger");
    venue.admin("market", json!({"coin": "BTC", "move": "-0.06"})).await;
    venue.server.step(SECOND * 2);
    assert!(venue.position().await.abs() < 1e-9);
    let orders = venue.info(json!({"type": "historicalOrders", "user": USER})).await;
    assert_eq!(
        (orders[0]["status"].as_str(), orders[0]["order"]["isPositionTpsl"].as_bool()),
        (Some("filled"), Some(true))
    );
}

#[tokio::test]
async fn rules_without_sense_are_refused_with_rule_and_field() {
    let venue = Venue::open().await;
    let body = json!({"fault": [{"on": "info:meta", "do": "delay"}]}).to_string();
    let (status, text) = venue.post("/admin/faults", &body).await.unwrap();
    assert_eq!(status, 400);
    assert!(text.contains("fault 1, field ms"), "{text}");
}
