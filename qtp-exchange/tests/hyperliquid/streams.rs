//! Streams over sockets that break.

use std::time::Duration;

use qtp_core::port::{EventStream, Execution, MarketData};
use qtp_core::{Candle, Event, InstrumentId, MarketTopic, OrderStatus, Timeframe};
use qtp_exchange::hyperliquid::Hyperliquid;
use serde_json::{Value, json};

use crate::stub::{Does, NOW, OWNER, Peer, Sockets, Stub};

fn btc() -> InstrumentId {
    "BTC-USDC-PERP@hyperliquid.testnet".parse().unwrap()
}

async fn venue() -> Stub {
    Stub::new(|_, _| Does::Answer(404, String::new())).await
}

/// The next event that `pick` takes; others are passed over.
async fn next<T>(stream: &mut EventStream, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let (_, event) = stream.next().await.expect("the stream goes on");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("in time")
}

fn candle(t: i64, close: &str) -> Value {
    json!({"t": t, "T": t + 59_999, "s": "BTC", "i": "1m", "o": "1", "c": close, "h": "9", "l": "1", "v": "5", "n": 1})
}

/// A stream of every kind of topic, and the venue's end of it.
async fn market() -> (EventStream, Sockets, Peer, Vec<String>) {
    let stub = venue().await;
    let mut config = stub.config();
    let sockets = Sockets::new(&mut config).await;
    let client = Hyperliquid::new(config).unwrap();
    let topics = [
        MarketTopic::Candles(btc(), Timeframe::M1),
        MarketTopic::Trades(btc()),
        MarketTopic::Quotes(btc()),
        MarketTopic::Book(btc()),
        MarketTopic::Mark(btc()),
    ];
    let (opened, (peer, asked)) = tokio::join!(client.subscribe(&topics), sockets.accept(5));
    (opened.unwrap(), sockets, peer, asked)
}

fn closed(event: Event) -> Option<Vec<Candle>> {
    if let Event::Candles(batch) = event { Some(batch.candles) } else { None }
}

fn health(event: Event) -> Option<bool> {
    if let Event::Connection { healthy, topic: None, .. } = event { Some(healthy) } else { None }
}

#[tokio::test]
async fn market_topics_come_as_events() {
    let (mut stream, _sockets, mut peer, asked) = market().await;
    assert!(asked.iter().any(|topic| topic.contains("candle") && topic.contains("1m")), "{asked:?}");
    peer.say("trades", json!([{"coin": "BTC", "side": "B", "px": "100", "sz": "2", "time": 5, "tid": 1}]))
        .await;
    let trade =
        next(&mut stream, |event| if let Event::Trade(trade) = event { Some(trade) } else { None }).await;
    assert_eq!((trade.instrument, trade.quantity), (btc(), "2".parse().unwrap()));

    let level = json!({"px": "100", "sz": "2", "n": 1});
    peer.say("bbo", json!({"coin": "BTC", "time": 6, "bbo": [level, null]})).await;
    peer.say("l2Book", json!({"time": 7, "coin": "BTC", "levels": [[level], []]})).await;
    let book = next(&mut stream, |event| match event {
        Event::Book(book) => Some(book),
        Event::Quote(quote) => panic!("half a quote is none: {quote:?}"),
        _ => None,
    })
    .await;
    assert_eq!((book.bids.len(), book.asks.len()), (1, 0));

    let context = json!({"markPx": "101", "oraclePx": "102", "funding": "0.0001"});
    peer.say("activeAssetCtx", json!({"coin": "BTC", "ctx": context})).await;
    let rate =
        next(&mut stream, |event| if let Event::FundingRate(rate) = event { Some(rate) } else { None }).await;
    assert_eq!((rate.rate.get().to_string().as_str(), rate.time.as_millis() % 3_600_000), ("0.0001", 0));

    // A candle is told once the next one opens, with its last word.
    for message in [candle(0, "2"), candle(0, "3"), candle(60_000, "4")] {
        peer.say("candle", message).await;
    }
    let candles = next(&mut stream, closed).await;
    assert_eq!((candles.len(), candles[0].close()), (1, "3".parse().unwrap()));
}

#[tokio::test]
async fn a_break_is_told_with_a_gap_for_every_topic() {
    let (mut stream, sockets, mut peer, asked) = market().await;
    peer.say("candle", candle(60_000, "4")).await;
    drop(peer);
    assert!(!next(&mut stream, health).await, "the break is told");
    let (mut peer, again) = sockets.accept(5).await;
    assert_eq!(again, asked, "every topic is asked for again");
    let mut gaps = 0;
    let healthy = next(&mut stream, |event| match event {
        Event::Gap(gap) => {
            assert_eq!(gap.cause, "reconnect");
            gaps += 1;
            None
        }
        other => health(other),
    })
    .await;
    assert_eq!((healthy, gaps), (true, 5), "one a topic, before the stream is well again");

    // The candle that was forming at the break is not told: its last word is missing.
    for message in [candle(120_000, "5"), candle(180_000, "6")] {
        peer.say("candle", message).await;
    }
    assert_eq!(next(&mut stream, closed).await[0].open_time().as_millis(), 120_000);
    peer.say("trades", json!([{"coin": "BTC", "side": "B", "px": "-1", "sz": "2", "time": 5}])).await;
    assert!(!next(&mut stream, health).await, "what cannot be read is told");
    assert!(next(&mut stream, health).await, "and the stream goes on");
}

fn fill(tid: u64, time: i64) -> Value {
    json!({"coin": "BTC", "px": "100", "sz": "1", "side": "B", "time": time, "startPosition": "0.0", "dir": "Open Long",
        "closedPnl": "0.0", "hash": "0x0", "oid": tid, "crossed": true, "fee": "0.01", "tid": tid, "feeToken": "USDC"})
}

fn fills(snapshot: bool, fills: &[Value]) -> Value {
    json!({"user": OWNER, "isSnapshot": snapshot, "fills": fills})
}

#[tokio::test]
async fn nothing_of_an_account_is_lost_or_told_twice_over_a_break() {
    let stub = venue().await;
    let mut config = stub.config();
    let sockets = Sockets::new(&mut config).await;
    let client = Hyperliquid::new(config).unwrap();
    let (opened, (mut peer, asked)) = tokio::join!(client.subscribe_account(), sockets.accept(4));
    let mut stream = opened.unwrap();
    assert!(asked.iter().all(|topic| topic.contains(OWNER)), "{asked:?}");

    // History is older than the stream.
    peer.say("userFills", fills(true, &[fill(1, NOW - 5000)])).await;
    peer.say("userFills", fills(false, &[fill(2, NOW + 1)])).await;
    let told = |event| if let Event::Fill(fill) = event { Some(fill.trade_id.to_string()) } else { None };
    assert_eq!(next(&mut stream, told).await, "2");
    let order = json!({"coin": "BTC", "side": "B", "limitPx": "99", "sz": "1", "oid": 5, "timestamp": 1, "origSz": "1",
        "cloid": "0x000000000000abcd0003000000000001"});
    peer.say("orderUpdates", json!([{"order": order, "status": "open", "statusTimestamp": 2}])).await;
    let report =
        next(&mut stream, |event| if let Event::OrderReport(report) = event { Some(report) } else { None })
            .await;
    assert_eq!((report.status, report.client_order_id.unwrap().sequence()), (OrderStatus::Open, 1));

    drop(peer);
    assert!(!next(&mut stream, health).await);
    let (mut peer, _) = sockets.accept(4).await;
    // What filled meanwhile is in the history that comes first now.
    peer.say("userFills", fills(true, &[fill(3, NOW + 9), fill(2, NOW + 1), fill(1, NOW - 5000)])).await;
    assert!(next(&mut stream, health).await);
    assert_eq!(next(&mut stream, told).await, "3", "and only that");

    peer.say(
        "userFundings",
        json!({"user": OWNER, "fundings": [{"time": NOW + 20, "coin": "BTC", "usdc": "-2.5",
        "szi": "1", "fundingRate": "0.0001", "nSamples": null}]}),
    )
    .await;
    let paid =
        next(&mut stream, |event| if let Event::Funding(paid) = event { Some(paid.amount) } else { None })
            .await;
    assert_eq!(paid.value.to_string(), "-2.5");
    let update = |hash: &str, delta: Value| json!({"time": NOW + 30, "hash": hash, "delta": delta});
    let updates = [
        update("0xa", json!({"type": "deposit", "usdc": "100.0"})),
        update("0xa", json!({"type": "deposit", "usdc": "100.0"})),
        update("0xb", json!({"type": "somethingNew"})),
    ];
    peer.say("userNonFundingLedgerUpdates", json!({"user": OWNER, "nonFundingLedgerUpdates": updates})).await;
    let mut flows = 0;
    let compared = next(&mut stream, |event| match event {
        Event::CashFlow { amount, .. } => {
            assert_eq!(amount.value.to_string(), "100.0");
            flows += 1;
            None
        }
        other => health(other),
    })
    .await;
    assert_eq!((compared, flows), (false, 1), "what is not understood makes the account be compared");
}
