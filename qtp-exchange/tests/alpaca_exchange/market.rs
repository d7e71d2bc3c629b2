//! Data.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{MarketData, SimClock};
use qtp_core::{CandleQuery, Event, ExchangeError, MarketTopic, Timeframe, Timestamp};
use qtp_exchange::alpaca::AlpacaMarket;
use qtp_exchange::polled::PollSettings;
use serde_json::json;

use crate::stub::{KEY, SECRET, Sockets, Stub, next, ok};
use crate::{AAPL, market, now, venue};

fn bar(minute: u32) -> String {
    format!(
        r#"{{"t":"2024-01-02T14:{minute:02}:00Z","o":180.1,"h":181,"l":180,"c":180.{minute},"v":1200,"n":5,"vw":180.4}}"#
    )
}

#[tokio::test]
async fn candles_are_read_backwards_over_pages_and_only_closed_ones() {
    let stub = venue(|asked| {
        assert_eq!(asked.line, "GET /v2/stocks/bars");
        let page = |minutes: &[u32], next: &str| {
            let bars: Vec<String> = minutes.iter().map(|minute| bar(*minute)).collect();
            ok(format!(r#"{{"bars":{{"AAPL":[{}]}},"next_page_token":{next}}}"#, bars.join(",")))
        };
        // The candle of 14:31 is open; nothing was traded at 14:28.
        match (asked.query.contains("end=2024-01-02T14%3A30"), asked.query.contains("page_token=older")) {
            (true, false) => page(&[31, 30, 29], r#""older""#),
            (true, true) => page(&[27], "null"),
            (false, _) => ok(r#"{"bars":{},"next_page_token":null}"#),
        }
    })
    .await;
    let market = AlpacaMarket::new(market(&stub)).unwrap();
    let query = CandleQuery {
        instrument: AAPL.parse().unwrap(),
        timeframe: Timeframe::M1,
        start: Timestamp::from_secs(now().as_secs() - 3_600),
        end: Timestamp::MAX,
        limit: None,
    };
    let candles = market.candles(&query).await.unwrap();
    let closes: Vec<_> = candles.iter().map(|candle| candle.close().to_string()).collect();
    assert_eq!(closes, ["180.27", "180.29", "180.3"], "exact to the last digit");
    let asked = &stub.asked("GET /v2/stocks/bars")[0].query;
    assert!(
        asked.contains("sort=desc") && asked.contains("feed=iex") && asked.contains("timeframe=1Min"),
        "{asked}"
    );
    let last = market.candles(&CandleQuery { limit: Some(2), ..query }).await.unwrap();
    assert_eq!(last, candles[1..]);
    let book = market.order_book(&AAPL.parse().unwrap(), 5).await;
    assert!(matches!(book, Err(ExchangeError::Unsupported { .. })), "{book:?}");
}

#[tokio::test]
async fn sessions_are_instants() {
    let stub = venue(|asked| {
        assert_eq!((asked.line.as_str(), asked.query.as_str()), ("GET /v2/calendar", "start=2024-07-02&end=2024-07-03"));
        ok(r#"[{"date":"2024-07-02","open":"09:30","close":"16:00"},{"date":"2024-07-03","open":"09:30","close":"13:00"}]"#)
    })
    .await;
    let market = AlpacaMarket::new(market(&stub)).unwrap();
    let sessions = market.calendar("2024-07-02", "2024-07-03").await.unwrap();
    let times: Vec<_> = sessions.iter().map(|session| session.close.to_string()).collect();
    assert_eq!(times, ["2024-07-02T20:00:00Z", "2024-07-03T17:00:00Z"]);
    let clock = market.clock().await.unwrap();
    assert_eq!((clock.is_open, clock.time), (false, now()));
}

#[tokio::test]
async fn the_stream_logs_in_and_brings_prints_quotes_and_minutes() {
    let stub = venue(|asked| panic!("{asked:?}")).await;
    let mut settings = market(&stub);
    let sockets = Sockets::new(&mut settings.socket).await;
    let market = AlpacaMarket::new(settings).unwrap();
    let id = || AAPL.parse().unwrap();
    let topics =
        [MarketTopic::Candles(id(), Timeframe::M1), MarketTopic::Trades(id()), MarketTopic::Quotes(id())];
    let mut stream = market.subscribe(&topics).await.unwrap();
    let mut peer = sockets.accept().await;
    assert_eq!(peer.target, "/v2/iex");
    peer.say(json!([{"T": "success", "msg": "connected"}])).await;
    assert_eq!(peer.heard().await, json!({"action": "auth", "key": KEY, "secret": SECRET}));
    peer.say(json!([{"T": "success", "msg": "authenticated"}])).await;
    let expected = json!({"action": "subscribe", "bars": ["AAPL"], "quotes": ["AAPL"], "trades": ["AAPL"], "updatedBars": ["AAPL"]});
    assert_eq!(peer.heard().await, expected);
    peer.say(json!([{"T": "subscription", "trades": ["AAPL"]}])).await;
    let time = "2024-01-02T14:31:00.5Z";
    peer.say(json!([
        {"T": "t", "S": "AAPL", "p": 180.25, "s": 100, "t": time},
        {"T": "q", "S": "AAPL", "bp": 0, "bs": 0, "ap": 180.3, "as": 2, "t": time},
        {"T": "q", "S": "AAPL", "bp": 180.2, "bs": 1, "ap": 180.3, "as": 2, "t": time},
        {"T": "b", "S": "AAPL", "o": 1, "h": 2, "l": 1, "c": 2, "v": 3, "t": "2024-01-02T14:30:00Z"},
        {"T": "u", "S": "AAPL", "o": 1, "h": 2, "l": 1, "c": 1.5, "v": 4, "t": "2024-01-02T14:30:00Z"}
    ]))
    .await;
    let mut kinds = Vec::new();
    for _ in 0..4 {
        kinds.push(next(&mut stream).await.kind());
    }
    assert_eq!(kinds, ["trade", "quote", "candles", "candle_revised"]);
    peer.say(json!([{"T": "error", "code": 407, "msg": "slow client"}])).await;
    let Event::Connection { healthy: false, reason, .. } = next(&mut stream).await else { panic!("no word") };
    assert!(reason.message.contains("slow client (407)"), "{reason}");
}

#[tokio::test]
async fn candles_that_the_venue_does_not_stream_are_asked_for_when_they_have_closed() {
    let stub = Stub::new(|asked| match asked.line.as_str() {
        "GET /v2/clock" => ok(r#"{"timestamp":"2024-01-02T09:36:00-05:00","is_open":true,
            "next_open":"2024-01-03T09:30:00-05:00","next_close":"2024-01-02T16:00:00-05:00"}"#),
        "GET /v2/assets" => ok(r#"[{"symbol":"AAPL","tradable":true}]"#),
        "GET /v2/stocks/bars" => {
            assert!(asked.query.contains("timeframe=5Min"), "{asked:?}");
            ok(format!(r#"{{"bars":{{"AAPL":[{},{}]}},"next_page_token":null}}"#, bar(35), bar(30)))
        }
        _ => panic!("{asked:?}"),
    })
    .await;
    let mut settings = market(&stub);
    let open: Timestamp = "2024-01-02T14:30:00Z".parse().unwrap();
    let clock = Arc::new(SimClock::new(open + Duration::from_millis(299_900)));
    settings.polling =
        PollSettings { delay: Duration::ZERO, clock: Arc::clone(&clock) as _, ..settings.polling };
    let sockets = Sockets::new(&mut settings.socket).await;
    let market = AlpacaMarket::new(settings).unwrap();
    let id = || AAPL.parse().unwrap();
    let topics = [MarketTopic::Candles(id(), Timeframe::M1), MarketTopic::Candles(id(), Timeframe::M5)];
    let mut stream = market.subscribe(&topics).await.unwrap();
    let mut peer = sockets.accept().await;
    peer.say(json!([{"T": "success", "msg": "connected"}])).await;
    peer.heard().await;
    peer.say(json!([{"T": "success", "msg": "authenticated"}])).await;
    assert_eq!(peer.heard().await["bars"], json!(["AAPL"]), "minutes are streamed");
    clock.advance_to(open + Duration::from_secs(300));
    let Event::Candles(batch) = next(&mut stream).await else { panic!("no candle") };
    assert_eq!((batch.candles.len(), batch.candles[0].timeframe()), (1, Timeframe::M5));
    assert_eq!(batch.candles[0].open_time(), open);
    let book = [MarketTopic::Book(id())];
    assert!(matches!(market.subscribe(&book).await, Err(ExchangeError::Unsupported { .. })));
}
