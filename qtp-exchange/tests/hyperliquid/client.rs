//! The client against a venue of a few lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use qtp_core::port::{Execution, Finding, MarketData, Severity};
use qtp_core::{
    CancelRequest, CandleQuery, ExchangeError, LeverageRequest, ModifyRequest, OrderKind, OrderRequest,
    OrderRole, OrderStatus, Ratio, Side, TimeInForce, Timeframe, Timestamp, Trigger, TriggerSource,
};
use qtp_exchange::hyperliquid::sign::Network;
use qtp_exchange::hyperliquid::wire::Request;
use qtp_exchange::hyperliquid::{Hyperliquid, NonceStore};
use serde_json::{Value, json};

use crate::stub::{Does, KEY, NOW, OWNER, Stub, approve, approved_leverage, approved_modify, order};

fn resting(oid: u64) -> Does {
    json!({"status": "ok", "response": {"type": "order", "data": {"statuses": [{"resting": {"oid": oid}}]}}})
        .into()
}

fn refused(words: &str) -> Does {
    json!({"status": "ok", "response": {"type": "order", "data": {"statuses": [{"error": words}]}}}).into()
}

/// The one signed request that a venue got: its action, and the request.
fn sent(stub: &Stub) -> (Value, String) {
    let bodies = stub.asked("/exchange");
    assert_eq!(bodies.len(), 1, "sent once: {bodies:?}");
    let request: Request<'_> = serde_json::from_str(&bodies[0]).unwrap();
    let signer = request.signer(Network::Testnet).unwrap().unwrap();
    assert_eq!(signer.to_string(), OWNER, "the venue finds our key in what it received");
    (serde_json::from_str(request.action.get()).unwrap(), bodies[0].clone())
}

fn limit(price: &str) -> OrderKind {
    OrderKind::Limit { price: price.parse().unwrap() }
}

fn stop(price: &str, source: TriggerSource) -> OrderKind {
    OrderKind::StopMarket { trigger: Trigger { price: price.parse().unwrap(), source } }
}

#[tokio::test]
async fn a_limit_order_travels_signed_with_its_id_and_its_end() {
    let stub = Stub::new(|_, _| resting(7)).await;
    let mut request = order(1, Side::Buy, "0.012", limit("99999.0"));
    request.valid_until = Some(Timestamp::from_millis(NOW + 5000));
    let acks = stub.client().submit(&approve(&request)).await.unwrap();
    assert_eq!(acks[0].client_order_id, request.client_order_id);
    assert_eq!(acks[0].venue_order_id.as_ref().unwrap().as_str(), "7");
    let (action, body) = sent(&stub);
    assert_eq!(
        action,
        json!({"type": "order", "orders": [{"a": 0, "b": true, "p": "99999", "s": "0.012", "r": false,
            "t": {"limit": {"tif": "Gtc"}}, "c": format!("0x{}", request.client_order_id)}], "grouping": "na"})
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["expiresAfter"], &body["nonce"]), (&json!(NOW + 5000), &json!(NOW)));
    assert_eq!(body["vaultAddress"], Value::Null);
}

#[tokio::test]
async fn every_kind_of_order_has_its_form() {
    let tif = |tif: &str| json!({"limit": {"tif": tif}});
    let trigger =
        |px: &str, tpsl: &str| json!({"trigger": {"isMarket": true, "triggerPx": px, "tpsl": tpsl}});
    let alo = OrderRequest { post_only: true, ..order(1, Side::Buy, "1", limit("9999.5")) };
    let ioc = OrderRequest { time_in_force: TimeInForce::Ioc, ..order(1, Side::Sell, "1", limit("100001")) };
    let decided = Some("100000".parse().unwrap());
    let market = OrderRequest { decision_price: decided, ..order(1, Side::Buy, "1", OrderKind::Market) };
    let sell = OrderRequest { side: Side::Sell, ..market.clone() };
    let sl = OrderRequest {
        reduce_only: true,
        role: OrderRole::Stop,
        ..order(1, Side::Sell, "1", stop("95000", TriggerSource::Mark))
    };
    let at = Trigger { price: "110000".parse().unwrap(), source: TriggerSource::Mark };
    let tp = OrderRequest { kind: OrderKind::TakeProfitMarket { trigger: at }, ..sl.clone() };
    let bound = OrderKind::StopLimit { trigger: at, price: "109000".parse().unwrap() };
    let stop_limit = OrderRequest { kind: bound, ..sl.clone() };
    let limit_trigger = json!({"trigger": {"isMarket": false, "triggerPx": "110000", "tpsl": "sl"}});
    for (request, price, kind) in [
        (alo, "9999.5", tif("Alo")),
        (ioc, "100001", tif("Ioc")),
        // 5 % from the price of the decision, and no tick beyond.
        (market, "105000", tif("Ioc")),
        (sell, "95000", tif("Ioc")),
        // Ten percent from its trigger.
        (sl, "85500", trigger("95000", "sl")),
        (tp, "99000", trigger("110000", "tp")),
        (stop_limit, "109000", limit_trigger),
    ] {
        let stub = Stub::new(|_, _| resting(7)).await;
        stub.client().submit(&approve(&request)).await.unwrap();
        let (action, _) = sent(&stub);
        let wire = &action["orders"][0];
        assert_eq!((&wire["p"], &wire["t"]), (&json!(price), &kind), "{request:?}");
        assert_eq!(wire["r"], json!(request.reduce_only));
    }
}

#[tokio::test]
async fn a_market_order_without_a_price_asks_for_the_middle() {
    let mids = |_: &str, body: &Value| match body["type"].as_str() {
        Some("allMids") => json!({"BTC": "99998.5"}).into(),
        _ => resting(7),
    };
    let stub = Stub::new(mids).await;
    stub.client().submit(&approve(&order(1, Side::Buy, "1", OrderKind::Market))).await.unwrap();
    // 104998.425, of which five figures are legal, rounded towards the market.
    assert_eq!(sent(&stub).0["orders"][0]["p"], json!("104998"));
}

#[tokio::test]
async fn what_the_venue_cannot_do_is_refused_before_it_is_sent() {
    let stub = Stub::new(|_, _| resting(7)).await;
    let client = stub.client();
    let fok = OrderRequest { time_in_force: TimeInForce::Fok, ..order(1, Side::Buy, "1", limit("99999")) };
    for request in [fok, order(1, Side::Sell, "1", stop("95000", TriggerSource::Last))] {
        let error = client.submit(&approve(&request)).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
    }
    for (quantity, price, code) in [("0.000001", "99999", "lot_rejected"), ("1", "99999.55", "tick_rejected")]
    {
        let error = client.submit(&approve(&order(1, Side::Buy, quantity, limit(price)))).await.unwrap_err();
        assert!(matches!(&error, ExchangeError::Rejected { reason, .. } if reason.code == code), "{error:?}");
    }
    assert!(stub.asked("/exchange").is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_an_unknown_outcome_and_is_sent_once() {
    for does in
        [|| Does::Reset, || Does::Answer(502, "bad gateway".to_owned()), || Does::Answer(200, "{".to_owned())]
    {
        let stub = Stub::new(move |_, _| does()).await;
        let request = order(1, Side::Buy, "1", limit("99999"));
        let error = stub.client().submit(&approve(&request)).await.unwrap_err();
        let id = request.client_order_id;
        assert!(
            matches!(error, ExchangeError::OutcomeUnknown { client_order_id, .. } if client_order_id == id)
        );
        assert_eq!(stub.asked("/exchange").len(), 1, "never sent again");
    }
}

#[tokio::test]
async fn refusals_keep_their_kind() {
    let err = |words: &str| Does::from(json!({"status": "err", "response": words}));
    let submit = |stub: Stub| async move {
        stub.client().submit(&approve(&order(1, Side::Buy, "1", limit("99999")))).await.unwrap_err()
    };
    let error = submit(Stub::new(|_, _| refused("Insufficient margin to place order. asset=0")).await).await;
    assert!(
        matches!(&error, ExchangeError::Rejected { reason, .. } if reason.code == "perp_margin_rejected")
    );
    let error = submit(Stub::new(move |_, _| err("User or API Wallet 0x01 does not exist.")).await).await;
    assert!(matches!(error, ExchangeError::Auth { .. }), "{error:?}");
    let error = submit(Stub::new(move |_, _| err("Too many cumulative requests sent (1 > 0)")).await).await;
    assert!(matches!(error, ExchangeError::RateLimited { .. }), "{error:?}");
    let error = submit(Stub::new(|_, _| Does::Answer(422, "Failed to deserialize".to_owned())).await).await;
    assert!(matches!(error, ExchangeError::Rejected { .. }), "{error:?}");
}

#[tokio::test]
async fn without_a_key_the_market_can_be_read_and_orders_are_refused_clearly() {
    let stub = Stub::new(|_, body| match body["type"].as_str() {
        Some("l2Book") => json!({"coin": "BTC", "time": NOW,
            "levels": [[{"px": "99999", "sz": "1", "n": 1}], [{"px": "100001", "sz": "2", "n": 1}]]})
        .into(),
        _ => resting(7),
    })
    .await;
    let mut config = stub.config();
    config.key = None;
    let client = Hyperliquid::new(config).unwrap();
    let request = order(1, Side::Buy, "1", limit("99999"));
    let book = client.order_book(&request.instrument, 5).await.unwrap();
    assert_eq!((book.bids.len(), book.asks[0].price), (1, "100001".parse().unwrap()));
    let error = client.submit(&approve(&request)).await.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Auth { message, .. } if message.contains("private key")),
        "{error:?}"
    );
    let error = client.account_snapshot().await.unwrap_err();
    assert!(error.to_string().contains("address"), "{error}");
    assert!(stub.asked("/exchange").is_empty());
}

#[tokio::test]
async fn a_cancel_of_what_is_gone_is_no_error_and_may_be_repeated() {
    let tries = AtomicUsize::new(0);
    let stub = Stub::new(move |_, _| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Does::Reset,
        _ => refused("Order was never placed, already canceled, or filled. asset=0"),
    })
    .await;
    let request = order(1, Side::Buy, "1", limit("99999"));
    let cancel = CancelRequest {
        client_order_id: request.client_order_id,
        account: request.account.clone(),
        instrument: request.instrument.clone(),
    };
    stub.client().cancel(&cancel).await.unwrap();
    let nonces: Vec<Value> = stub
        .asked("/exchange")
        .iter()
        .map(|body| serde_json::from_str::<Value>(body).unwrap()["nonce"].clone())
        .collect();
    assert_eq!(nonces, [json!(NOW), json!(NOW + 1)], "under another number");
}

#[tokio::test]
async fn an_order_is_found_by_our_id() {
    let stub = Stub::new(|_, body| match body["oid"].as_str() {
        Some("0x000000000000abcd0003000000000001") => json!({"status": "order", "order": {"order": {
            "coin": "BTC", "side": "B", "limitPx": "99999.0", "sz": "0.4", "oid": 7, "timestamp": 1, "origSz": "1.0",
            "cloid": body["oid"]}, "status": "open", "statusTimestamp": 2}})
        .into(),
        _ => json!({"status": "unknownOid"}).into(),
    })
    .await;
    let (client, request) = (stub.client(), order(1, Side::Buy, "1", limit("99999")));
    let found = client.order(&request.client_order_id).await.unwrap().unwrap();
    assert_eq!(found.client_order_id, Some(request.client_order_id));
    assert_eq!((found.status, found.filled), (OrderStatus::PartiallyFilled, "0.6".parse().unwrap()));
    assert_eq!(client.order(&order(2, Side::Buy, "1", limit("1")).client_order_id).await.unwrap(), None);
}

#[tokio::test]
async fn a_change_orders_what_is_left_of_the_new_size() {
    let stub = Stub::new(|path, body| match path {
        "/info" => json!({"status": "order", "order": {"order": {
            "coin": "BTC", "side": "A", "limitPx": "99999.0", "sz": "0.4", "oid": 7, "timestamp": 1, "origSz": "1.0",
            "reduceOnly": true, "tif": "Alo", "cloid": body["oid"]}, "status": "open", "statusTimestamp": 2}})
        .into(),
        _ => resting(8),
    })
    .await;
    let request = order(1, Side::Sell, "1", limit("99999"));
    let change = ModifyRequest {
        client_order_id: request.client_order_id,
        account: request.account.clone(),
        instrument: request.instrument.clone(),
        quantity: "0.8".parse().unwrap(),
        kind: limit("100100"),
    };
    stub.client().modify(&approved_modify(change, "1")).await.unwrap();
    let cloid = format!("0x{}", request.client_order_id);
    assert_eq!(
        sent(&stub).0,
        json!({"type": "batchModify", "modifies": [{"oid": cloid, "order": {"a": 0, "b": false, "p": "100100",
            "s": "0.2", "r": true, "t": {"limit": {"tif": "Alo"}}, "c": cloid}}]})
    );
}

#[tokio::test]
async fn leverage_is_whole_and_keeps_to_what_the_asset_allows() {
    let stub = Stub::new(|_, _| json!({"status": "ok", "response": {"type": "default"}}).into()).await;
    let client = stub.client();
    let request = |coin: &str, leverage: &str, isolated| {
        approved_leverage(LeverageRequest {
            account: "main".parse().unwrap(),
            instrument: format!("{coin}-USDC-PERP@hyperliquid.testnet").parse().unwrap(),
            leverage: Ratio::new(leverage.parse().unwrap()).unwrap(),
            isolated,
        })
    };
    client.set_leverage(&request("BTC", "5", false)).await.unwrap();
    assert_eq!(sent(&stub).0, json!({"type": "updateLeverage", "asset": 0, "isCross": true, "leverage": 5}));
    for refused in [request("BTC", "2.5", false), request("ETH", "5", false)] {
        let error = client.set_leverage(&refused).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Unsupported { .. }), "{error:?}");
    }
}

fn fill(tid: u64, time: i64) -> Value {
    json!({"coin": "BTC", "px": "100", "sz": "1", "side": "B", "time": time, "startPosition": "0.0",
        "dir": "Open Long", "closedPnl": "0.0", "hash": "0x0", "oid": 1, "crossed": true, "fee": "0.01", "tid": tid,
        "feeToken": "USDC", "cloid": null})
}

#[tokio::test]
async fn fills_come_whole_over_many_pages() {
    // 4500 fills, two of each millisecond, of which a page holds 2000.
    let stub = Stub::new(|_, body| {
        let start = body["startTime"].as_i64().unwrap();
        let all = (1..=4500_u64).map(|tid| fill(tid, i64::try_from(tid).unwrap() / 2));
        let page: Vec<Value> =
            all.filter(|fill| fill["time"].as_i64().unwrap() >= start).take(2000).collect();
        json!(page).into()
    })
    .await;
    let fills = stub.client().fills_since(Timestamp::from_millis(10)).await.unwrap();
    let ids: Vec<u64> = fills.iter().map(|fill| fill.trade_id.as_str().parse().unwrap()).collect();
    assert_eq!(ids, (20..=4500).collect::<Vec<u64>>(), "each once, the first instant included");
}

#[tokio::test]
async fn candles_are_closed_ones_and_at_most_as_many_as_asked() {
    let minute = 60_000;
    let open = NOW - NOW.rem_euclid(minute);
    let stub = Stub::new(move |_, body| {
        let request = &body["req"];
        assert_eq!((&request["coin"], &request["interval"]), (&json!("BTC"), &json!("1m")));
        let start = request["startTime"].as_i64().unwrap();
        let candle = |t: i64| {
            json!({"t": t, "T": t + minute - 1, "s": "BTC", "i": "1m", "o": "1", "c": "2", "h": "3",
            "l": "1", "v": "5", "n": 1})
        };
        // The newest is still forming.
        json!(
            (0..10)
                .rev()
                .map(|ago| open - ago * minute)
                .filter(|t| *t >= start)
                .map(candle)
                .collect::<Vec<_>>()
        )
        .into()
    })
    .await;
    let query = |limit| CandleQuery {
        instrument: "BTC-PERP@hyperliquid.testnet".parse().unwrap(),
        timeframe: Timeframe::M1,
        start: Timestamp::EPOCH,
        end: Timestamp::MAX,
        limit,
    };
    let client = stub.client();
    let all = client.candles(&query(None)).await.unwrap();
    assert_eq!((all.len(), all.last().unwrap().close_time().as_millis()), (9, open));
    assert_eq!(all[0].instrument(), &query(None).instrument, "under the name that was asked for");
    assert_eq!(client.candles(&query(Some(3))).await.unwrap(), all[6..]);
    let odd = CandleQuery { timeframe: "7m".parse().unwrap(), ..query(None) };
    assert!(matches!(client.candles(&odd).await, Err(ExchangeError::Unsupported { .. })));
}

#[derive(Debug, Default)]
struct Kept(std::sync::Mutex<u64>);

impl NonceStore for Kept {
    fn highest(&self) -> u64 {
        NOW.unsigned_abs() + 100
    }

    fn reserve(&self, highest: u64) {
        *self.0.lock().unwrap() = highest;
    }
}

#[tokio::test]
async fn request_numbers_go_on_from_the_store() {
    let stub = Stub::new(|_, _| resting(7)).await;
    let (mut config, store) = (stub.config(), Arc::new(Kept::default()));
    config.nonces = Some(store.clone());
    Hyperliquid::new(config)
        .unwrap()
        .submit(&approve(&order(1, Side::Buy, "1", limit("99999"))))
        .await
        .unwrap();
    let body: Value = serde_json::from_str(&sent(&stub).1).unwrap();
    assert_eq!(body["nonce"], json!(NOW + 101));
    assert!(*store.0.lock().unwrap() > NOW.unsigned_abs() + 101);
}

/// The codes of refusals and warnings, over what the venue says of address and key.
async fn preflight(address: &str, key_role: Value, until: i64) -> (Vec<String>, Vec<String>) {
    const MASTER: &str = "0x00000000000000000000000000000000000000aa";
    let stub = Stub::new(move |_, body| match body["type"].as_str() {
        Some("userRole") if body["user"] == json!(OWNER) => key_role.clone().into(),
        Some("userRole") if body["user"] == json!(MASTER) => json!({"role": "user"}).into(),
        Some("userRole") => json!({"role": "missing"}).into(),
        _ => json!([{"name": "bot", "address": OWNER, "validUntil": until}]).into(),
    })
    .await;
    let mut config = stub.config();
    config.address = Some(address.parse().unwrap());
    let found = Execution::preflight(&Hyperliquid::new(config).unwrap(), &[]).await.unwrap();
    let of = |severity| {
        let findings = found.iter().filter(|finding: &&Finding| finding.severity == severity);
        findings.map(|finding| finding.reason.code.clone()).collect()
    };
    (of(Severity::Refuse), of(Severity::Warn))
}

#[tokio::test]
async fn preflight_refuses_with_reasons() {
    const MASTER: &str = "0x00000000000000000000000000000000000000aa";
    const DAY: i64 = 86_400_000;
    let agent = |of: &str| json!({"role": "agent", "data": {"user": of}});
    let nothing = (Vec::new(), Vec::new());
    assert_eq!(preflight(MASTER, agent(MASTER), NOW + 9 * DAY).await, nothing);
    let warned = (Vec::new(), vec!["agent_expires".to_owned()]);
    assert_eq!(preflight(MASTER, agent(MASTER), NOW + DAY / 2).await, warned);
    let refused = |address: &'static str, role, until| async move { preflight(address, role, until).await.0 };
    assert_eq!(refused(MASTER, agent(OWNER), NOW + 9 * DAY).await, ["agent_of_another"]);
    assert_eq!(refused(MASTER, json!({"role": "user"}), NOW - 1).await, ["no_agent", "agent_expired"]);
    assert_eq!(refused(OWNER, agent(MASTER), NOW).await, ["address_of_an_agent"]);
    let nobody = "0x00000000000000000000000000000000000000bb";
    assert_eq!(refused(nobody, agent(nobody), NOW + 9 * DAY).await, ["unknown_address"]);
}

#[tokio::test]
async fn a_key_or_signature_is_in_no_text_of_ours() {
    let mut texts = String::new();
    for does in [
        (|| Does::Reset) as fn() -> Does,
        || Does::Answer(200, "{".to_owned()),
        || Does::Answer(422, "no".to_owned()),
        || refused("Order has zero size"),
    ] {
        let stub = Stub::new(move |_, _| does()).await;
        let client = stub.client();
        let error = client.submit(&approve(&order(1, Side::Buy, "1", limit("99999")))).await.unwrap_err();
        texts += &format!("{client:?} {:?} {error} {error:?}", client.config());
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            texts += &error.to_string();
            cause = error.source();
        }
        let sent = stub.asked("/exchange").join(" ");
        let body: Value = serde_json::from_str(&sent).unwrap();
        let digits =
            |name: &str| body["signature"][name].as_str().unwrap().trim_start_matches("0x").to_owned();
        for secret in [&KEY[2..], &digits("r"), &digits("s")] {
            assert!(!texts.contains(secret), "{texts}");
        }
    }
    assert!(texts.contains(OWNER), "the address is shown");
    assert!(
        "0x12345"
            .parse::<qtp_exchange::hyperliquid::sign::PrivateKey>()
            .is_err_and(|error| { !format!("{error} {error:?}").contains("12345") })
    );
}
