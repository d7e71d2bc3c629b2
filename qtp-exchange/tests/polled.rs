//! Candles that are asked for: once each, when they have closed, and in the hours of trading.
#![cfg(any(feature = "alpaca", feature = "sources"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleParts, CandleQuery, Event, ExchangeError, Instrument, MarketTopic, Price, Timeframe,
    Timestamp, Venue,
};
use qtp_exchange::polled::{PollSettings, Polled};
use tokio::time::Instant;

const PAIR: &str = "BTC-USD@source";
const STOCK: &str = "AAPL@source";

/// Our time is tokio's.
#[derive(Debug, Clone, Copy)]
struct TokioClock(Timestamp, Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.0 + self.1.elapsed()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn candle(instrument: &str, open: &str, close: i64, timeframe: Timeframe) -> Candle {
    let price = Price::new(close.into()).unwrap();
    let (instrument, open_time) = (instrument.parse().unwrap(), at(open));
    let (open, high, low, close) = (price, price, price, price);
    let volume = "1".parse().unwrap();
    Candle::new(CandleParts { instrument, timeframe, open_time, open, high, low, close, volume }).unwrap()
}

/// A source whose candles are there from an instant on, and which can be out of order for a while.
struct Source {
    clock: TokioClock,
    /// From when it has a candle. The later word on one counts.
    candles: Vec<(Timestamp, Candle)>,
    /// No answers in between, and when to come again.
    down: Option<(Timestamp, Timestamp, Option<Duration>)>,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

#[async_trait]
impl MarketData for Source {
    fn venue(&self) -> Venue {
        "source".parse().unwrap()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(Vec::new())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let now = self.clock.now();
        self.asked.lock().unwrap().push(now);
        if let Some((_, _, retry_after)) = self.down.filter(|(from, to, _)| (*from..*to).contains(&now)) {
            return Err(ExchangeError::RateLimited { operation: "candles", retry_after });
        }
        let mut found: Vec<Candle> = Vec::new();
        for (_, candle) in self.candles.iter().filter(|(from, _)| *from <= now) {
            let wanted = (query.start..query.end).contains(&candle.open_time());
            if wanted && *candle.instrument() == query.instrument && candle.timeframe() == query.timeframe {
                found.retain(|known| known.open_time() != candle.open_time());
                found.push(candle.clone());
            }
        }
        found.sort_by_key(Candle::open_time);
        Ok(found)
    }

    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        panic!("it has no streams")
    }
}

/// A source, and the stream over it of one topic that begins at an instant.
struct Rig {
    polled: Polled,
    clock: TokioClock,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

impl Rig {
    fn new(begins: &str, candles: Vec<(Timestamp, Candle)>) -> Self {
        Self::with(begins, candles, None)
    }

    fn with(
        begins: &str,
        candles: Vec<(Timestamp, Candle)>,
        down: Option<(Timestamp, Timestamp, Option<Duration>)>,
    ) -> Self {
        let clock = TokioClock(at(begins), Instant::now());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let source = Source { clock, candles, down, asked: Arc::clone(&asked) };
        let settings = PollSettings { clock: Arc::new(clock), ..PollSettings::default() };
        Self { polled: Polled::new(source, settings), clock, asked }
    }

    /// What the stream brings until an instant, each with when it came.
    async fn heard(&self, instrument: &str, timeframe: Timeframe, until: &str) -> Vec<(String, String)> {
        let topic = MarketTopic::Candles(instrument.parse().unwrap(), timeframe);
        let mut stream = self.polled.subscribe(&[topic]).await.unwrap();
        let mut heard = Vec::new();
        while let Ok(event) = tokio::time::timeout(at(until).since(self.clock.now()), stream.next()).await {
            let (time, event) = event.unwrap();
            let words = match event {
                Event::Candles(batch) => {
                    assert_eq!((batch.candles.len(), batch.candles[0].close_time()), (1, time));
                    format!("closed at {}", batch.candles[0].close())
                }
                Event::CandleRevised(candle) => format!("revised to {}", candle.close()),
                Event::Gap(gap) => format!("gap {} to {}", gap.from, gap.to),
                Event::Connection { healthy, topic: None, .. } => format!("healthy {healthy}"),
                other => panic!("{other:?}"),
            };
            heard.push((self.clock.now().to_string(), words));
        }
        heard
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

fn told(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(time, words)| ((*time).to_owned(), (*words).to_owned())).collect()
}

/// Minutes of a pair, by close: when the source has it, when it opens, and its price.
fn minutes(rows: &[(&str, &str, i64)]) -> Vec<(Timestamp, Candle)> {
    rows.iter().map(|(from, open, close)| (at(from), candle(PAIR, open, *close, Timeframe::M1))).collect()
}

#[tokio::test(start_paused = true)]
async fn each_closed_candle_comes_once_and_none_that_forms() {
    // The source shows the minute that forms, and goes on to change it; that of 10:02 comes late and is corrected.
    let rig = Rig::new(
        "2024-01-06T10:00:30Z",
        minutes(&[
            ("2024-01-06T10:00:00Z", "2024-01-06T09:59:00Z", 1),
            ("2024-01-06T10:00:00Z", "2024-01-06T10:00:00Z", 2),
            ("2024-01-06T10:01:02Z", "2024-01-06T10:00:00Z", 3),
            ("2024-01-06T10:01:02Z", "2024-01-06T10:01:00Z", 4),
            ("2024-01-06T10:02:02Z", "2024-01-06T10:01:00Z", 5),
            ("2024-01-06T10:03:07Z", "2024-01-06T10:02:00Z", 6),
            ("2024-01-06T10:03:40Z", "2024-01-06T10:02:00Z", 7),
            ("2024-01-06T10:04:02Z", "2024-01-06T10:03:00Z", 8),
        ]),
    );
    let expected = [
        ("2024-01-06T10:01:05Z", "closed at 3"),
        ("2024-01-06T10:02:05Z", "closed at 5"),
        ("2024-01-06T10:03:15Z", "closed at 6"),
        ("2024-01-06T10:04:05Z", "revised to 7"),
        ("2024-01-06T10:04:05Z", "closed at 8"),
    ];
    assert_eq!(rig.heard(PAIR, Timeframe::M1, "2024-01-06T10:05:00Z").await, told(&expected));
    assert_eq!(rig.asked().len(), 5, "one question a candle, and one more for the late one");
}

#[tokio::test(start_paused = true)]
async fn a_missing_candle_is_a_gap_once_the_next_has_come() {
    let rig = Rig::new(
        "2024-01-06T10:00:30Z",
        minutes(&[
            ("2024-01-06T10:01:00Z", "2024-01-06T10:00:00Z", 1),
            ("2024-01-06T10:04:00Z", "2024-01-06T10:03:00Z", 2),
        ]),
    );
    let expected = [
        ("2024-01-06T10:01:05Z", "closed at 1"),
        ("2024-01-06T10:04:05Z", "gap 2024-01-06T10:01:00Z to 2024-01-06T10:03:00Z"),
        ("2024-01-06T10:04:05Z", "closed at 2"),
    ];
    assert_eq!(rig.heard(PAIR, Timeframe::M1, "2024-01-06T10:04:30Z").await, told(&expected));
    assert_eq!(rig.asked().len(), 1 + 3 + 3 + 1, "a bounded number of questions for what does not come");
}

#[tokio::test(start_paused = true)]
async fn nobody_asks_at_night_and_a_night_is_no_gap() {
    let five = |from: &str, open: &str, close| (at(from), candle(STOCK, open, close, Timeframe::M5));
    let rig = Rig::new(
        "2024-01-05T20:52:00Z",
        vec![
            five("2024-01-05T20:55:01Z", "2024-01-05T20:50:00Z", 1),
            five("2024-01-05T21:00:01Z", "2024-01-05T20:55:00Z", 2),
            five("2024-01-08T14:35:01Z", "2024-01-08T14:30:00Z", 3),
        ],
    );
    let expected = [
        ("2024-01-05T20:55:05Z", "closed at 1"),
        ("2024-01-05T21:00:05Z", "closed at 2"),
        ("2024-01-08T14:35:05Z", "closed at 3"),
    ];
    assert_eq!(rig.heard(STOCK, Timeframe::M5, "2024-01-08T14:36:00Z").await, told(&expected));
    assert_eq!(rig.asked(), expected.map(|(time, _)| time.to_owned()));
    let query = |start: &str, end: &str| CandleQuery {
        instrument: STOCK.parse().unwrap(),
        timeframe: Timeframe::M5,
        start: at(start),
        end: at(end),
        limit: None,
    };
    let night = query("2024-01-05T21:00:00Z", "2024-01-08T14:30:00Z");
    assert_eq!(rig.polled.candles(&night).await.unwrap(), []);
    assert_eq!(rig.asked().len(), 3, "nothing is asked that cannot be there");
    let day = query("2024-01-05T20:55:00Z", "2024-01-08T14:30:00Z");
    assert_eq!(rig.polled.candles(&day).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn hours_that_begin_at_the_half_are_found() {
    let hour = |from: &str, open: &str, close| (at(from), candle(STOCK, open, close, Timeframe::H1));
    let rig = Rig::new(
        "2024-01-05T14:00:00Z",
        vec![
            hour("2024-01-05T15:30:01Z", "2024-01-05T14:30:00Z", 1),
            hour("2024-01-05T16:30:01Z", "2024-01-05T15:30:00Z", 2),
        ],
    );
    let expected = [("2024-01-05T15:30:05Z", "closed at 1"), ("2024-01-05T16:30:05Z", "closed at 2")];
    assert_eq!(rig.heard(STOCK, Timeframe::H1, "2024-01-05T17:00:00Z").await, told(&expected));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_refuses_is_left_alone_as_long_as_it_says_and_nothing_is_lost() {
    let rows: Vec<(String, i64)> =
        (0..20).map(|minute| (format!("2024-01-06T10:{minute:02}:00Z"), minute)).collect();
    let candles: Vec<_> = rows
        .iter()
        .map(|(open, close)| candle(PAIR, open, *close + 1, Timeframe::M1))
        .map(|candle| (candle.close_time(), candle))
        .collect();
    let outage = (at("2024-01-06T10:02:00Z"), at("2024-01-06T10:04:00Z"), Some(Duration::from_secs(100)));
    let rig = Rig::with("2024-01-06T10:00:30Z", candles.clone(), Some(outage));
    let expected = [
        ("2024-01-06T10:01:05Z", "closed at 1"),
        ("2024-01-06T10:02:05Z", "healthy false"),
        ("2024-01-06T10:05:25Z", "healthy true"),
        ("2024-01-06T10:05:25Z", "closed at 2"),
        ("2024-01-06T10:05:25Z", "closed at 3"),
        ("2024-01-06T10:05:25Z", "closed at 4"),
        ("2024-01-06T10:05:25Z", "closed at 5"),
        ("2024-01-06T10:06:05Z", "closed at 6"),
    ];
    assert_eq!(rig.heard(PAIR, Timeframe::M1, "2024-01-06T10:06:30Z").await, told(&expected));
    let at_100 = ["2024-01-06T10:02:05Z", "2024-01-06T10:03:45Z", "2024-01-06T10:05:25Z"];
    assert_eq!(rig.asked()[1..4], at_100.map(str::to_owned));

    // One that says nothing is asked ever less often.
    let rig = Rig::with("2024-01-06T10:00:30Z", candles, Some((outage.0, at("2024-01-06T12:00:00Z"), None)));
    rig.heard(PAIR, Timeframe::M1, "2024-01-06T10:40:00Z").await;
    assert!(rig.asked().len() < 16, "{:?}", rig.asked());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_anything_but_candles_is_refused() {
    let rig = Rig::new("2024-01-06T10:00:30Z", Vec::new());
    let error = rig.polled.subscribe(&[MarketTopic::Trades(PAIR.parse().unwrap())]).await.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Unsupported { what, .. } if what.contains("candles only")),
        "{error}"
    );
}
