//! Public data of Binance over loopback: pages, limits, and streams that break.
#![cfg(feature = "binance")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod books;
#[path = "../transport/server.rs"]
#[allow(dead_code, reason = "the transport's own tests use all of it")]
mod server;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qtp_core::port::{MarketData, MarketStream};
use qtp_core::{Candle, CandleQuery, Event, ExchangeError, InstrumentId, MarketTopic, Timeframe, Timestamp};
use qtp_exchange::binance::{BinanceMarket, MarketSettings, Product};
use qtp_exchange::transport::Backoff;
use server::{Act, Server, ok, status};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const SPOT: &str = r#"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
    "filters":[{"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","stepSize":"0.00001","minQty":"0.00001","maxQty":"9000"}]}]}"#;

const FUTURES: &str = r#"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT",
    "marginAsset":"USDT","contractType":"PERPETUAL","filters":[]}]}"#;

fn now(minute: i64) -> Act {
    ok(&format!("{{\"serverTime\":{}}}", minute * 60_000))
}

/// Candles of these minutes; the close is the minute.
fn klines(minutes: std::ops::Range<i64>) -> Act {
    let row = |minute: i64| {
        let (open, close) = (minute * 60_000, minute * 60_000 + 59_999);
        format!(
            "[{open},\"{minute}\",\"{minute}\",\"{minute}\",\"{minute}\",\"1\",{close},\"1\",1,\"1\",\"1\",\"0\"]"
        )
    };
    ok(&format!("[{}]", minutes.map(row).collect::<Vec<_>>().join(",")))
}

fn market(product: Product, http: &str, socket: &str) -> BinanceMarket {
    let venue = if product == Product::Spot { "binance" } else { "binance-usdm" };
    let mut settings = MarketSettings::new(venue.parse().unwrap(), product, false);
    settings.http.base_urls = vec![http.to_owned()];
    settings.socket.urls = vec![socket.to_owned()];
    settings.socket.pace = Duration::ZERO;
    settings.socket.backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(5) };
    BinanceMarket::new(product, settings).unwrap()
}

fn spot(http: &str) -> BinanceMarket {
    market(Product::Spot, http, "ws://127.0.0.1:9")
}

fn id() -> InstrumentId {
    "BTC-USDT@binance".parse().unwrap()
}

fn query(start: i64, end: Timestamp, limit: Option<usize>) -> CandleQuery {
    CandleQuery {
        instrument: id(),
        timeframe: Timeframe::M1,
        start: Timestamp::from_secs(start * 60),
        end,
        limit,
    }
}

fn closes(candles: &[Candle]) -> Vec<String> {
    candles.iter().map(|candle| candle.close().to_string()).collect()
}

#[tokio::test]
async fn the_latest_candles_are_closed_ones() {
    // At minute 104 the candle of minute 104 is open.
    let server = Server::new([ok(SPOT), now(104), klines(101..105)]).await;
    let candles = spot(&server.url).candles(&query(0, Timestamp::MAX, Some(3))).await.unwrap();
    assert_eq!(closes(&candles), ["101", "102", "103"]);
    let asked = &server.requests()[2];
    let expected =
        format!("GET /api/v3/klines?interval=1m&limit=4&symbol=BTCUSDT&endTime={} ", 104 * 60_000 - 1);
    assert!(asked.starts_with(&expected), "{asked}");
}

#[tokio::test]
async fn a_long_range_is_read_page_by_page() {
    let pages = [ok(SPOT), now(5_000), klines(10..1010), klines(1010..1012), klines(0..0)];
    let server = Server::new(pages).await;
    let candles = spot(&server.url).candles(&query(10, Timestamp::MAX, None)).await.unwrap();
    assert_eq!((candles.len(), closes(&candles)[1001].as_str()), (1002, "1011"));
    assert!(candles.windows(2).all(|pair| pair[0].close_time() == pair[1].open_time()));
    assert!(server.requests()[3].contains(&format!("&startTime={} ", 1010 * 60_000)));
}

#[tokio::test]
async fn a_limit_longer_than_a_page_is_read_backwards() {
    let pages = [ok(SPOT), now(3_000), klines(2_000..3_000), klines(1_900..2_000), klines(0..0)];
    let server = Server::new(pages).await;
    let candles = spot(&server.url).candles(&query(0, Timestamp::MAX, Some(1_050))).await.unwrap();
    assert_eq!(
        (candles.len(), closes(&candles)[0].as_str(), closes(&candles)[1_049].as_str()),
        (1_050, "1950", "2999")
    );
}

#[tokio::test]
async fn the_end_of_a_query_is_exclusive() {
    let server = Server::new([ok(SPOT), now(100), klines(10..20), klines(0..0)]).await;
    let candles = spot(&server.url).candles(&query(10, Timestamp::from_secs(13 * 60), None)).await.unwrap();
    assert_eq!(closes(&candles), ["10", "11", "12"]);
}

#[tokio::test]
async fn what_is_not_traded_and_what_is_refused_are_errors() {
    let server = Server::new([
        ok(SPOT),
        now(1),
        status("400 Bad Request", "", r#"{"code":-1120,"msg":"Invalid interval."}"#),
    ])
    .await;
    let market = spot(&server.url);
    let unknown =
        CandleQuery { instrument: "NO-USDT@binance".parse().unwrap(), ..query(0, Timestamp::MAX, Some(1)) };
    assert!(matches!(market.candles(&unknown).await, Err(ExchangeError::UnknownInstrument { .. })));
    let error = market.candles(&query(0, Timestamp::MAX, Some(1))).await.unwrap_err();
    assert!(matches!(&error, ExchangeError::Rejected { reason, .. } if reason.code == "-1120"), "{error:?}");
    assert!(matches!(market.funding_rate(&id()).await, Err(ExchangeError::Unsupported { .. })));
    let mark = market.subscribe(&[MarketTopic::Mark(id())]).await;
    assert!(matches!(mark, Err(ExchangeError::Unsupported { .. })));
}

#[tokio::test]
async fn books_are_cut_to_their_depth() {
    let book = r#"{"lastUpdateId":7,"bids":[["99","1"],["98","2"]],"asks":[["101","3"],["102","4"]]}"#;
    let server = Server::new([ok(SPOT), ok(book), now(7)]).await;
    let book = spot(&server.url).order_book(&id(), 1).await.unwrap();
    assert_eq!((book.bids.len(), book.asks[0].quantity.to_string().as_str()), (1, "3"));
    assert_eq!(book.time, Timestamp::from_secs(7 * 60));
    assert!(server.requests()[1].contains("/api/v3/depth?symbol=BTCUSDT&limit=5 "));
}

type Peer = WebSocketStream<TcpStream>;

async fn accept(listener: &TcpListener) -> Peer {
    let (stream, _) = listener.accept().await.unwrap();
    tokio_tungstenite::accept_async(stream).await.unwrap()
}

async fn heard(peer: &mut Peer) -> String {
    peer.next().await.unwrap().unwrap().into_text().unwrap().as_str().to_owned()
}

async fn say(peer: &mut Peer, text: &str) {
    peer.send(Message::text(text)).await.unwrap();
}

async fn next(stream: &mut MarketStream) -> Event {
    tokio::time::timeout(Duration::from_secs(20), stream.next()).await.unwrap().unwrap().1
}

#[tokio::test]
async fn spot_streams_bring_their_events_and_tell_of_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = Server::new([ok(SPOT)]).await;
    let market = market(Product::Spot, &server.url, &url);
    let topics =
        [MarketTopic::Book(id()), MarketTopic::Candles(id(), Timeframe::M1), MarketTopic::Trades(id())];
    let mut stream = market.subscribe(&topics).await.unwrap();

    let mut peer = accept(&listener).await;
    let asked = heard(&mut peer).await;
    let expected = r#"{"id":1,"method":"SUBSCRIBE","params":["btcusdt@depth@100ms","btcusdt@kline_1m","btcusdt@trade"]}"#;
    assert_eq!(asked, expected);
    say(&mut peer, r#"{"result":null,"id":1}"#).await;
    let trade = r#"{"e":"trade","s":"BTCUSDT","p":"100","q":"2","T":5,"m":true}"#;
    say(&mut peer, &format!(r#"{{"stream":"btcusdt@trade","data":{trade}}}"#)).await;
    let Event::Trade(trade) = next(&mut stream).await else { panic!("no trade") };
    assert_eq!(trade.taker, Some(qtp_core::Side::Sell));

    peer.close(None).await.unwrap();
    let down = next(&mut stream).await;
    assert!(matches!(&down, Event::Connection { healthy: false, topic: None, .. }), "{down:?}");
    let mut peer = accept(&listener).await;
    assert!(heard(&mut peer).await.contains("SUBSCRIBE"));
    let mut gaps = Vec::new();
    loop {
        match next(&mut stream).await {
            Event::Gap(gap) => gaps.push(gap.topic),
            Event::Connection { healthy, .. } => break assert!(healthy),
            other => panic!("{other:?}"),
        }
    }
    gaps.sort();
    let mut expected = topics.to_vec();
    expected.sort();
    assert_eq!(gaps, expected);
}

#[tokio::test]
async fn futures_use_a_connection_for_each_route() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = Server::new([ok(FUTURES)]).await;
    let market = market(Product::UsdMargin, &server.url, &url);
    let id: InstrumentId = "BTC-USDT-PERP@binance-usdm".parse().unwrap();
    let topics = [MarketTopic::Quotes(id.clone()), MarketTopic::Mark(id.clone())];
    let mut stream = market.subscribe(&topics).await.unwrap();
    for _ in 0..2 {
        let mut peer = accept(&listener).await;
        let asked = heard(&mut peer).await;
        let (text, kind) = if asked.contains("btcusdt@bookTicker") {
            let best =
                r#"{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"99","B":"1","a":"101","A":"2","T":2,"E":1}"#;
            (best, "quote")
        } else {
            assert!(asked.contains("btcusdt@markPrice@1s"), "{asked}");
            (r#"{"e":"markPriceUpdate","E":1,"s":"BTCUSDT","p":"100","i":"100","r":"0.0001","T":9}"#, "mark")
        };
        say(&mut peer, text).await;
        assert_eq!(next(&mut stream).await.kind(), kind);
        if kind == "mark" {
            assert_eq!(next(&mut stream).await.kind(), "funding_rate");
        }
        // Kept until the end: a connection that goes would be an event.
        std::mem::forget(peer);
    }
}

#[tokio::test]
async fn a_refused_subscription_ends_the_stream_with_the_venues_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = Server::new([ok(SPOT)]).await;
    let market = market(Product::Spot, &server.url, &url);
    let mut stream = market.subscribe(&[MarketTopic::Quotes(id())]).await.unwrap();
    let mut peer = accept(&listener).await;
    heard(&mut peer).await;
    say(&mut peer, r#"{"error":{"code":2,"msg":"Invalid request: too many streams"},"id":1}"#).await;
    let Event::Connection { healthy, reason, .. } = next(&mut stream).await else { panic!("no end") };
    assert!(!healthy && reason.message.contains("too many streams"), "{reason}");
    assert_eq!(stream.next().await, None);
}
