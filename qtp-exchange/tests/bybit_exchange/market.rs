//! Public data.

use qtp_core::port::MarketData;
use qtp_core::{CandleQuery, Event, ExchangeError, MarketTopic, Timeframe, Timestamp};
use qtp_exchange::bybit::{BybitMarket, Category, MarketSettings};
use serde_json::json;

use crate::stub::{Sockets, next};
use crate::{NOW, PERP, list, settings, venue};

const MINUTE: i64 = 60_000;

fn query(limit: Option<usize>) -> CandleQuery {
    CandleQuery {
        instrument: PERP.parse().unwrap(),
        timeframe: Timeframe::M1,
        start: Timestamp::from_millis(NOW - NOW % MINUTE - 1_500 * MINUTE),
        end: Timestamp::MAX,
        limit,
    }
}

/// Candles that open before `end`, the newest first, as many as were asked for; the market began 1,400 minutes ago.
fn klines(query: &str) -> crate::stub::Does {
    let value = |name: &str| -> i64 {
        query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap().parse().unwrap()
    };
    let (end, limit) = (value("end="), value("limit="));
    let newest = (end - end % MINUTE).min(NOW - NOW % MINUTE);
    let began = NOW - NOW % MINUTE - 1_400 * MINUTE;
    let rows = (0..limit).map(|back| newest - back * MINUTE).filter(|open| *open >= began);
    let rows: Vec<String> = rows.map(|open| format!(r#"["{open}","1","1","1","1","1","1"]"#)).collect();
    list(&rows.join(","))
}

#[tokio::test]
async fn candles_are_read_backwards_page_by_page_and_only_closed_ones() {
    let stub = venue(|asked| klines(&asked.query)).await;
    let market = BybitMarket::new(Category::Linear, settings(&stub, Category::Linear, NOW).market).unwrap();
    let candles = market.candles(&query(None)).await.unwrap();
    assert_eq!(candles.len(), 1_400);
    assert!(candles.windows(2).all(|pair| pair[0].close_time() == pair[1].open_time()));
    assert!(candles[1_399].close_time() <= Timestamp::from_millis(NOW));
    let last = market.candles(&query(Some(3))).await.unwrap();
    assert_eq!(last, candles[1_397..]);
    let odd = CandleQuery { timeframe: "2m".parse().unwrap(), ..query(None) };
    assert!(matches!(market.candles(&odd).await, Err(ExchangeError::Unsupported { .. })));
}

#[tokio::test]
async fn funding_and_open_interest_come_from_the_figures() {
    let figures = format!(
        r#"{{"symbol":"BTCUSDT","markPrice":"90000","indexPrice":"90001","fundingRate":"0.0001","nextFundingTime":"{NOW}",
        "openInterest":"68744.761","openInterestValue":"1183601235.91"}}"#
    );
    let stub = venue(move |_| list(&figures)).await;
    let market = BybitMarket::new(Category::Linear, settings(&stub, Category::Linear, NOW).market).unwrap();
    let rate = market.funding_rate(&PERP.parse().unwrap()).await.unwrap();
    assert_eq!((rate.rate.to_string(), rate.time), ("0.0001".to_owned(), Timestamp::from_millis(NOW)));
    let interest = market.open_interest(&PERP.parse().unwrap()).await.unwrap();
    assert_eq!(interest.quantity.to_string(), "68744.761");
}

fn depth(kind: &str, update: u64, bid: &str, size: &str) -> serde_json::Value {
    json!({"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": NOW,
        "data": {"s": "BTCUSDT", "b": [[bid, size]], "a": [["101", "1"]], "u": update, "seq": update}})
}

#[tokio::test]
async fn a_book_with_a_gap_is_asked_for_anew() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings: MarketSettings = settings(&stub, Category::Linear, NOW).market;
    let sockets = Sockets::new(&mut settings.socket).await;
    let market = BybitMarket::new(Category::Linear, settings).unwrap();
    let mut stream = market.subscribe(&[MarketTopic::Book(PERP.parse().unwrap())]).await.unwrap();
    let mut peer = sockets.accept().await;
    assert_eq!(peer.target, "/v5/public/linear");
    assert_eq!(peer.heard().await, json!({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]}));
    peer.say(json!({"success": true, "ret_msg": "", "op": "subscribe"})).await;
    peer.say(depth("snapshot", 10, "99", "1")).await;
    peer.say(depth("delta", 11, "100", "2")).await;
    assert_eq!(next(&mut stream).await.kind(), "book");
    let Event::Book(book) = next(&mut stream).await else { panic!("no book") };
    assert_eq!((book.bids.len(), book.bids[0].price.to_string().as_str()), (2, "100"));

    peer.say(depth("delta", 13, "98", "1")).await;
    peer.say(depth("delta", 14, "98", "1")).await;
    let Event::Gap(gap) = next(&mut stream).await else { panic!("no gap") };
    assert_eq!(gap.cause, "sequence");
    assert_eq!(peer.heard().await, json!({"op": "unsubscribe", "args": ["orderbook.50.BTCUSDT"]}));
    peer.say(json!({"success": true, "ret_msg": "", "op": "unsubscribe"})).await;
    assert_eq!(peer.heard().await["op"], "subscribe");
    peer.say(depth("snapshot", 20, "97", "1")).await;
    let Event::Book(book) = next(&mut stream).await else { panic!("one gap is told once") };
    assert_eq!(book.bids[0].price.to_string(), "97");
}

#[tokio::test]
async fn figures_are_merged_and_become_mark_and_funding() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings: MarketSettings = settings(&stub, Category::Linear, NOW).market;
    let sockets = Sockets::new(&mut settings.socket).await;
    let market = BybitMarket::new(Category::Linear, settings).unwrap();
    let mut stream = market.subscribe(&[MarketTopic::Mark(PERP.parse().unwrap())]).await.unwrap();
    let mut peer = sockets.accept().await;
    peer.heard().await;
    let say = |kind: &str, data: serde_json::Value| json!({"topic": "tickers.BTCUSDT", "type": kind, "ts": NOW, "data": data});
    let whole = json!({"symbol": "BTCUSDT", "markPrice": "100", "indexPrice": "101", "fundingRate": "0.0001",
        "nextFundingTime": NOW.to_string(), "bid1Price": "99", "bid1Size": "1", "ask1Price": "101", "ask1Size": "1"});
    peer.say(say("snapshot", whole)).await;
    peer.say(say("delta", json!({"symbol": "BTCUSDT", "markPrice": "102"}))).await;
    let mut marks = Vec::new();
    for _ in 0..4 {
        match next(&mut stream).await {
            Event::Mark(mark) => marks.push((mark.mark.to_string(), mark.index.unwrap().to_string())),
            other => assert_eq!(other.kind(), "funding_rate"),
        }
    }
    assert_eq!(marks, [("100".to_owned(), "101".to_owned()), ("102".to_owned(), "101".to_owned())]);
}
