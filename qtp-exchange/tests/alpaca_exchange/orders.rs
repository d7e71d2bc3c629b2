//! Orders.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use qtp_core::port::{Execution, Severity};
use qtp_core::{ExchangeError, OrderKind, OrderRequest, OrderRole, OrderStatus, Side, TriggerSource};
use qtp_exchange::alpaca::{AlpacaExchange, AssetClass};
use serde_json::{Value, json};

use crate::stub::{
    Does, SECRET, Sockets, approve, approved_leverage, approved_modify, cancel_of, id, limit, next, ok,
    order, status, stop,
};
use crate::{AAPL, NOW, exchange, settings, told, venue};

#[tokio::test]
async fn an_order_travels_with_our_id_and_fractions_live_for_a_day() {
    let stub = venue(|_| ok(told("n-1", "x", "accepted", "0"))).await;
    let exchange = exchange(&stub);
    let acks = exchange.submit(&approve(&order(AAPL, 1, Side::Buy, "0.5", limit("180")))).await.unwrap();
    assert_eq!(acks[0].venue_order_id.as_ref().unwrap().as_str(), "n-1");
    let sent: Value = serde_json::from_str(&stub.asked("POST /v2/orders")[0].body).unwrap();
    let expected = json!({"symbol": "AAPL", "side": "buy", "type": "limit", "limit_price": "180", "qty": "0.5",
        "time_in_force": "day", "client_order_id": id(1).to_string()});
    assert_eq!(sent, expected);

    // A stop protects what is held; there is no flag, so only a sale can mean it.
    let kind = stop("170", TriggerSource::Last);
    let protective =
        OrderRequest { reduce_only: true, role: OrderRole::Stop, ..order(AAPL, 2, Side::Sell, "3", kind) };
    exchange.submit(&approve(&protective)).await.unwrap();
    let purchase = OrderRequest { side: Side::Buy, ..protective };
    let error = exchange.submit(&approve(&purchase)).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
    assert_eq!(stub.asked("POST /v2/orders").len(), 2);
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_and_not_sent_again() {
    let stub = venue(|asked| match asked.line.as_str() {
        "POST /v2/orders" => Does::Reset,
        "GET /v2/orders:by_client_order_id" => ok(told("n-1", &id(1).to_string(), "filled", "3")),
        _ => panic!("{asked:?}"),
    })
    .await;
    let exchange = exchange(&stub);
    let asked = approve(&order(AAPL, 1, Side::Buy, "3", limit("180")));
    let error = exchange.submit(&asked).await.unwrap_err();
    assert!(
        matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id(1))
    );
    let found = exchange.order(&id(1)).await.unwrap().unwrap();
    assert_eq!((found.status, found.filled.to_string()), (OrderStatus::Filled, "3".to_owned()));
    assert_eq!(stub.asked("POST /v2/orders").len(), 1, "sent once");
    assert!(stub.asked("GET /v2/orders:by_client_order_id")[0].query.contains(&id(1).to_string()));

    let stub = venue(|_| status(404, r#"{"code":40410000,"message":"order not found"}"#)).await;
    assert_eq!(crate::exchange(&stub).order(&id(1)).await.unwrap(), None);
}

#[tokio::test]
async fn refusals_have_the_venues_reason_and_an_id_that_was_used_is_looked_up() {
    let answers = [
        (403, r#"{"code":40310000,"message":"insufficient buying power"}"#),
        (422, r#"{"code":40010001,"message":"client_order_id must be unique"}"#),
        (504, "gateway timeout"),
    ];
    let place = AtomicUsize::new(0);
    let stub = venue(move |_| {
        let (code, body) = answers[place.fetch_add(1, Ordering::SeqCst)];
        status(code, body)
    })
    .await;
    let (exchange, asked) = (exchange(&stub), approve(&order(AAPL, 1, Side::Buy, "3", limit("180"))));
    let error = exchange.submit(&asked).await.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Rejected { reason, .. } if reason.message == "insufficient buying power"),
        "{error:?}"
    );
    for _ in 0..2 {
        let error = exchange.submit(&asked).await.unwrap_err();
        assert!(matches!(error, ExchangeError::OutcomeUnknown { .. }), "{error:?}");
    }

    let stub = venue(|_| Does::Answer(429, "retry-after: 7\r\n", "{}".into())).await;
    let error = crate::exchange(&stub).submit(&asked).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{error:?}");
    assert_eq!(stub.asked("POST /v2/orders").len(), 1);
}

#[tokio::test]
async fn a_cancel_goes_by_the_venues_number_and_may_come_too_late() {
    let looked = AtomicUsize::new(0);
    let stub = venue(move |asked| match asked.line.as_str() {
        "GET /v2/orders:by_client_order_id" => {
            let state = if looked.fetch_add(1, Ordering::SeqCst) == 0 { "new" } else { "filled" };
            ok(told("n-1", &id(1).to_string(), state, "0"))
        }
        "DELETE /v2/orders/n-1" => {
            status(422, r#"{"code":42210000,"message":"order is already in \"filled\" state"}"#)
        }
        _ => panic!("{asked:?}"),
    })
    .await;
    let asked = order(AAPL, 1, Side::Buy, "3", limit("180"));
    exchange(&stub).cancel(&cancel_of(&asked)).await.expect("an order that has ended needs no cancel");
    exchange(&stub).cancel(&cancel_of(&asked)).await.unwrap();
    assert_eq!(stub.asked("DELETE /v2/orders/n-1").len(), 1, "what has ended is not cancelled again");
}

#[tokio::test]
async fn what_the_venue_cannot_do_is_refused() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let exchange = exchange(&stub);
    let asked = order(AAPL, 1, Side::Buy, "3", limit("180"));
    let modify = exchange.modify(&approved_modify(&asked, "2", limit("181"))).await;
    assert!(matches!(modify, Err(ExchangeError::Unsupported { .. })), "{modify:?}");
    let leverage = exchange.set_leverage(&approved_leverage(AAPL, 2, false)).await;
    assert!(matches!(leverage, Err(ExchangeError::Unsupported { .. })), "{leverage:?}");
    let capabilities = exchange.capabilities();
    assert!(
        !capabilities.reduce_only
            && !capabilities.amend
            && !capabilities.validity
            && !capabilities.native_bracket
    );
    let mut crypto = settings(&stub);
    crypto.market.class = AssetClass::Crypto;
    let crypto = AlpacaExchange::new(crypto).unwrap();
    assert_eq!(crypto.capabilities().trigger_sources, [], "a stop at the market cannot rest there");
    for asked in [
        OrderRequest { post_only: true, ..asked },
        order(AAPL, 2, Side::Sell, "3", stop("170", TriggerSource::Mark)),
    ] {
        let error = exchange.submit(&approve(&asked)).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
    }
    let unknown = order("NOPE@alpaca", 1, Side::Buy, "3", OrderKind::Market);
    let error = exchange.submit(&approve(&unknown)).await.unwrap_err();
    assert!(matches!(error, ExchangeError::UnknownInstrument { .. }), "{error:?}");
}

#[tokio::test]
async fn the_exits_of_a_bracket_keep_our_ids() {
    let taken = format!(
        r#"{{"id":"n-1","client_order_id":"{}","legs":[{{"id":"n-stop","type":"stop"}},{{"id":"n-target","type":"limit"}}]}}"#,
        id(1)
    );
    let stub = venue(move |asked| match asked.line.as_str() {
        "POST /v2/orders" => ok(taken.clone()),
        "GET /v2/orders" => ok(format!("[{}]", told("n-stop", "9f2d-venues-own", "held", "0"))),
        _ => panic!("{asked:?}"),
    })
    .await;
    let mut settings = settings(&stub);
    let sockets = Sockets::new(&mut settings.account_socket).await;
    let exchange = AlpacaExchange::new(settings).unwrap();
    let single = order(AAPL, 1, Side::Buy, "3", limit("180"));
    exchange.submit(&approve(&single)).await.unwrap();
    // Of one order alone the legs are nobody's.
    assert_eq!(exchange.open_orders().await.unwrap()[0].client_order_id, None);
    let (stream, mut peer) = tokio::join!(exchange.subscribe_account(), crate::account::welcome(&sockets));
    let update = json!({"stream": "trade_updates", "data": {"event": "new", "timestamp": NOW,
        "order": serde_json::from_str::<Value>(&told("n-1", "9f2d-venues-own", "new", "0")).unwrap()}});
    peer.say(update).await;
    let qtp_core::Event::OrderReport(report) = next(&mut stream.unwrap()).await else { panic!("no report") };
    assert_eq!(report.client_order_id, Some(id(1)), "a number that was acknowledged is ours under any name");
}

#[tokio::test]
async fn the_preflight_refuses_accounts_that_cannot_trade_or_could_go_short() {
    let stub = venue(|_| {
        ok(r#"{"status":"ACTIVE","trading_blocked":true,"pattern_day_trader":true,"shorting_enabled":true}"#)
    })
    .await;
    let found = exchange(&stub).preflight(&[]).await.unwrap();
    let codes: Vec<_> =
        found.iter().map(|finding| (finding.severity, finding.reason.code.as_str())).collect();
    let expected = [
        (Severity::Refuse, "account_blocked"),
        (Severity::Warn, "pattern_day_trader"),
        (Severity::Refuse, "shorting_enabled"),
        (Severity::Warn, "market_closed"),
    ];
    assert_eq!(codes, expected);
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_the_secret() {
    let stub = venue(|_| Does::Reset).await;
    let exchange = exchange(&stub);
    let error = exchange.submit(&approve(&order(AAPL, 1, Side::Buy, "1", limit("9")))).await.unwrap_err();
    let shown = format!("{exchange:?} {:?} {:?} {error:?} {error}", exchange.settings(), exchange.market());
    assert!(!shown.contains(SECRET) && !shown.contains(crate::stub::KEY), "{shown}");
}
