//! Orders.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qtp_core::port::{Execution, MarketData, Severity};
use qtp_core::{
    ExchangeError, OrderKind, OrderRequest, OrderRole, OrderStatus, Side, Timestamp, TriggerSource,
};
use qtp_exchange::binance::{BinanceExchange, Product};

use crate::stub::{
    Asked, Does, SECRET, approve, approved_leverage, approved_modify, cancel_of, id, limit, ok, order,
    status, stop,
};
use crate::{NOW, PERP, SPOT, checked, futures, refused, settings, spot, told, venue};

fn taken(number: u64) -> Does {
    ok(told(&id(1).to_string(), number, "NEW", "0"))
}

#[tokio::test]
async fn an_order_travels_signed_with_our_id_and_its_end() {
    let stub = venue(|_| taken(7)).await;
    let mut asked = order(SPOT, 1, Side::Buy, "0.5", limit("90000"));
    asked.valid_until = Some(Timestamp::from_millis(NOW + 2_500));
    let acks = spot(&stub).submit(&approve(&asked)).await.unwrap();
    assert_eq!(acks[0].venue_order_id.as_ref().unwrap().as_str(), "7");
    let sent = stub.asked("POST /api/v3/order");
    let expected = format!(
        "timestamp={NOW}&symbol=BTCUSDT&side=BUY&newClientOrderId={}&newOrderRespType=FULL&type=LIMIT&quantity=0.5\
         &price=90000&timeInForce=GTC&recvWindow=2500",
        asked.client_order_id
    );
    assert_eq!((sent.len(), checked(&sent[0])), (1, expected));
}

/// Takes every order, loses its answers, and tells of it when asked.
fn loses_answers(asked: &Asked) -> Does {
    match asked.line.as_str() {
        "POST /api/v3/order" => Does::Reset,
        "GET /api/v3/order" => ok(told(&id(1).to_string(), 7, "FILLED", "0.5")),
        _ => panic!("{asked:?}"),
    }
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_and_not_sent_again() {
    let stub = venue(loses_answers).await;
    let exchange = spot(&stub);
    let asked = order(SPOT, 1, Side::Buy, "0.5", limit("90000"));
    let error = exchange.submit(&approve(&asked)).await.unwrap_err();
    assert!(
        matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id(1))
    );
    let found = exchange.order(&id(1)).await.unwrap().unwrap();
    assert_eq!((found.status, found.filled.to_string()), (OrderStatus::Filled, "0.5".to_owned()));
    assert_eq!(stub.asked("POST /api/v3/order").len(), 1, "sent once");
    assert!(checked(&stub.asked("GET /api/v3/order")[0]).contains(&format!("origClientOrderId={}", id(1))));
}

#[tokio::test]
async fn what_the_venue_does_not_know_either_is_an_unknown_outcome() {
    for answer in [
        status(503, r#"{"code":-1008,"msg":"Service unavailable"}"#),
        status(400, r#"{"code":-1007,"msg":"Timeout waiting for response from backend server."}"#),
        status(400, r#"{"code":-2010,"msg":"Duplicate order sent."}"#),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let stub = venue(move |_| answer.lock().unwrap().take().expect("sent once")).await;
        let error =
            spot(&stub).submit(&approve(&order(SPOT, 1, Side::Buy, "1", limit("9")))).await.unwrap_err();
        assert!(matches!(error, ExchangeError::OutcomeUnknown { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_refusal_has_the_venues_reason_and_a_limit_its_hint() {
    let stub = venue(|_| refused(-2010, "Account has insufficient balance for requested action.")).await;
    let asked = approve(&order(SPOT, 1, Side::Buy, "1", limit("9")));
    let error = spot(&stub).submit(&asked).await.unwrap_err();
    let ExchangeError::Rejected { reason, .. } = &error else { panic!("{error:?}") };
    assert_eq!(reason.code, "-2010");
    assert!(reason.message.contains("insufficient balance"));

    let stub = venue(|_| Does::Answer(429, "retry-after: 7\r\n", "{}".into())).await;
    let exchange = spot(&stub);
    let error = exchange.submit(&asked).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{error:?}");
    assert_eq!(stub.asked("POST /api/v3/order").len(), 1);
    // Nothing leaves before then, not even an exit.
    let error = exchange.submit(&asked).await.unwrap_err();
    assert!(matches!(error, ExchangeError::RateLimited { .. }), "{error:?}");
    assert_eq!(stub.asked("POST /api/v3/order").len(), 1);
}

#[tokio::test]
async fn a_look_up_covers_all_that_is_traded_and_both_lists_of_futures() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /fapi/v1/order" => refused(-2013, "Order does not exist."),
        "GET /fapi/v1/algoOrder" => ok(format!(
            r#"{{"algoId":31,"clientAlgoId":"{}","symbol":"BTCUSDT","side":"SELL","quantity":"0.5","algoStatus":"NEW",
            "triggerPrice":"80000","updateTime":{NOW}}}"#,
            id(1)
        )),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = futures(&stub);
    let blind = exchange.order(&id(1)).await;
    assert!(
        matches!(blind, Err(ExchangeError::Unsupported { .. })),
        "nothing to look in is not absence: {blind:?}"
    );
    let mut named = settings(&stub, Product::UsdMargin, NOW);
    named.instruments = vec![PERP.parse().unwrap()];
    let found = BinanceExchange::new(named).unwrap().order(&id(1)).await.unwrap().unwrap();
    assert_eq!((found.status, found.price.unwrap().to_string()), (OrderStatus::Open, "80000".to_owned()));

    let stub = venue(|_| refused(-2013, "Order does not exist.")).await;
    let mut named = settings(&stub, Product::Spot, NOW);
    named.instruments = vec![SPOT.parse().unwrap(), "ETH-USDT@binance".parse().unwrap()];
    assert_eq!(BinanceExchange::new(named).unwrap().order(&id(1)).await.unwrap(), None);
    let looked: Vec<String> = stub.asked("GET /api/v3/order").iter().map(checked).collect();
    assert!(looked[0].contains("symbol=BTCUSDT") && looked[1].contains("symbol=ETHUSDT"), "{looked:?}");
}

#[tokio::test]
async fn a_protective_stop_has_its_own_door_and_a_cancel_tries_both() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /fapi/v1/algoOrder" => ok(r#"{"algoId":31,"algoStatus":"NEW"}"#),
        "DELETE /fapi/v1/order" | "DELETE /fapi/v1/algoOrder" => refused(-2011, "Unknown order sent."),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = futures(&stub);
    let kind = stop("80000", TriggerSource::Mark);
    let asked =
        OrderRequest { reduce_only: true, role: OrderRole::Stop, ..order(PERP, 1, Side::Sell, "0.5", kind) };
    let acks = exchange.submit(&approve(&asked)).await.unwrap();
    assert_eq!(acks[0].venue_order_id.as_ref().unwrap().as_str(), "31");
    let sent = checked(&stub.asked("POST /fapi/v1/algoOrder")[0]);
    for part in ["type=STOP_MARKET", "triggerPrice=80000", "workingType=MARK_PRICE", "reduceOnly=true"] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    exchange.cancel(&cancel_of(&asked)).await.expect("a cancel of what is gone is no error");
    assert_eq!(stub.asked("DELETE /fapi/v1/order").len(), 1);
    assert!(
        checked(&stub.asked("DELETE /fapi/v1/algoOrder")[0]).contains(&format!("clientAlgoId={}", id(1)))
    );
}

#[tokio::test]
async fn a_limit_order_of_futures_is_changed_in_place_and_nothing_else_is() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /fapi/v1/order" | "PUT /fapi/v1/order" => taken(7),
        _ => panic!("{asked:?}"),
    })
    .await;
    let asked = order(PERP, 1, Side::Buy, "0.5", limit("90000"));
    let exchange = futures(&stub);
    exchange.modify(&approved_modify(&asked, "0.4", limit("91000"))).await.unwrap();
    let sent = checked(&stub.asked("PUT /fapi/v1/order")[0]);
    assert!(sent.contains("side=BUY") && sent.contains("quantity=0.4&price=91000"), "{sent}");
    let error = exchange.modify(&approved_modify(&asked, "0.4", OrderKind::Market)).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
}

#[tokio::test]
async fn leverage_that_is_set_already_is_fine() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /fapi/v1/marginType" => refused(-4046, "No need to change margin type."),
        "POST /fapi/v1/leverage" => ok("{}"),
        _ => panic!("{asked:?}"),
    })
    .await;
    futures(&stub).set_leverage(&approved_leverage(PERP, 5, true)).await.unwrap();
    assert!(checked(&stub.asked("POST /fapi/v1/leverage")[0]).contains("symbol=BTCUSDT&leverage=5"));
    let spot = spot(&stub).set_leverage(&approved_leverage(SPOT, 5, true)).await;
    assert!(matches!(spot, Err(ExchangeError::Unsupported { .. })), "{spot:?}");
}

#[tokio::test]
async fn requests_carry_the_venues_time_and_clocks_too_far_apart_stop_new_risk() {
    let stub = venue(|_| taken(7)).await;
    let near = BinanceExchange::new(settings(&stub, Product::Spot, NOW - 3_000)).unwrap();
    let mut asked = order(SPOT, 1, Side::Buy, "0.5", limit("90000"));
    // Its end is by our clock.
    asked.valid_until = Some(Timestamp::from_millis(NOW - 3_000 + 2_000));
    near.submit(&approve(&asked)).await.unwrap();
    let sent = checked(&stub.asked("POST /api/v3/order")[0]);
    assert!(sent.starts_with(&format!("timestamp={NOW}&")) && sent.ends_with("recvWindow=2000"), "{sent}");

    let far = BinanceExchange::new(settings(&stub, Product::Spot, NOW + 60_000)).unwrap();
    asked.valid_until = None;
    let error = far.submit(&approve(&asked)).await.unwrap_err().to_string();
    assert!(error.contains("60.000 s ahead of the venue's") && error.contains("set the clock"), "{error}");
    let exit = OrderRequest { role: OrderRole::Exit, side: Side::Sell, ..asked };
    far.submit(&approve(&exit)).await.expect("an exit leaves");
    assert_eq!(stub.asked("POST /api/v3/order").len(), 2);
}

#[tokio::test]
async fn a_doubted_time_stamp_is_measured_anew() {
    let calls = AtomicUsize::new(0);
    let stub = venue(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => refused(-1021, "Timestamp for this request is outside of the recvWindow."),
        _ => ok("[]"),
    })
    .await;
    assert!(spot(&stub).open_orders().await.unwrap().is_empty());
    assert_eq!(stub.asked("GET /api/v3/time").len(), 2);
    assert_eq!(stub.asked("GET /api/v3/openOrders").len(), 2);
}

#[tokio::test]
async fn open_orders_of_futures_are_those_of_both_lists() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /fapi/v1/openOrders" => ok(format!("[{}]", told("somebody", 7, "NEW", "0"))),
        "GET /fapi/v1/openAlgoOrders" => ok(format!(
            r#"[{{"algoId":31,"clientAlgoId":"{}","symbol":"BTCUSDT","side":"SELL","quantity":"0.5","algoStatus":"NEW",
            "triggerPrice":"80000","updateTime":{NOW}}}]"#,
            id(2)
        )),
        _ => panic!("{asked:?}"),
    })
    .await;
    let open = futures(&stub).open_orders().await.unwrap();
    let ids: Vec<_> = open.iter().map(|report| report.client_order_id).collect();
    assert_eq!(ids, [None, Some(id(2))], "a foreign order is listed without an id of ours");
}

#[tokio::test]
async fn the_preflight_refuses_hedge_mode_and_a_wrong_clock_and_names_what_is_set() {
    let stub = venue(|asked| match asked.line.as_str() {
        "GET /fapi/v1/positionSide/dual" => ok(r#"{"dualSidePosition":true}"#),
        "GET /fapi/v1/multiAssetsMargin" => ok(r#"{"multiAssetsMargin":false}"#),
        "GET /fapi/v1/symbolConfig" => ok(r#"[{"symbol":"BTCUSDT","marginType":"CROSSED","leverage":20}]"#),
        "GET /fapi/v1/leverageBracket" => ok(
            r#"[{"symbol":"BTCUSDT","brackets":[{"initialLeverage":50,"notionalCap":80000,"maintMarginRatio":0.01},
            {"initialLeverage":125,"notionalCap":10000,"maintMarginRatio":0.004}]}]"#,
        ),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = BinanceExchange::new(settings(&stub, Product::UsdMargin, NOW - 4_000)).unwrap();
    let found = exchange.preflight(&[PERP.parse().unwrap()]).await.unwrap();
    let codes: Vec<_> =
        found.iter().map(|finding| (finding.severity, finding.reason.code.as_str())).collect();
    let expected =
        [(Severity::Refuse, "clock"), (Severity::Refuse, "hedge_mode"), (Severity::Warn, "margin_mode")];
    assert_eq!(codes, expected);
    assert!(found[2].reason.message.ends_with("leverage 20, cross margin"), "{}", found[2].reason.message);
    let instruments = exchange.instruments().await.unwrap();
    let tiers = &instruments.iter().find(|one| one.id.as_str() == PERP).unwrap().margin_tiers;
    let tiers: Vec<_> = tiers
        .iter()
        .map(|tier| (tier.up_to.map(|end| end.to_string()), tier.maintenance.to_string()))
        .collect();
    assert_eq!(tiers, [(Some("10000".into()), "0.004".into()), (None, "0.01".into())]);
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_the_secret_or_a_signature() {
    let stub = venue(|_| Does::Reset).await;
    let exchange = spot(&stub);
    let error = exchange.submit(&approve(&order(SPOT, 1, Side::Buy, "1", limit("9")))).await.unwrap_err();
    let signed = stub.asked("POST /api/v3/order")[0].body.clone();
    let signature = signed.rsplit_once("&signature=").unwrap().1;
    let shown = format!("{exchange:?} {:?} {error:?} {error}", exchange.settings());
    assert!(!shown.contains(SECRET) && !shown.contains(signature) && !shown.contains(crate::KEY), "{shown}");
}
