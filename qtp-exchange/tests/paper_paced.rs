//! A market at the pace of a clock.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Clock, MarketData as _};
use qtp_core::{CandleQuery, Event, MarketTopic, Timeframe, Timestamp};
use qtp_exchange::paper::{Paced, ScaledClock};
use qtp_exchange::synthetic::{SyntheticConfig, SyntheticMarket};

/// Tokio's time as a wall clock.
#[derive(Debug)]
struct Wall(tokio::time::Instant);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_000_000) + self.0.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_at_their_time_and_nothing_is_known_before() {
    let market = SyntheticMarket::new(7, SyntheticConfig::default()).unwrap();
    let (begin, id) = (market.feed().unwrap().now(), market.definitions()[0].id.clone());
    let start = begin + Duration::from_secs(3630);
    let clock = Arc::new(ScaledClock::new(Arc::new(Wall(tokio::time::Instant::now())), start, 60));
    let paced = Paced::new(market, Arc::clone(&clock));
    let mut stream = paced.subscribe(&[MarketTopic::Candles(id.clone(), Timeframe::M1)]).await.unwrap();
    let wall = tokio::time::Instant::now();
    for minute in 61..=70_u64 {
        let (time, event) = stream.next().await.unwrap();
        assert_eq!(time, begin + Duration::from_secs(60 * minute));
        assert!(matches!(event, Event::Candles(_)));
        assert!(clock.now() >= time && clock.now().since(time) < Duration::from_secs(1));
    }
    assert!(wall.elapsed() < Duration::from_secs(11), "sixty times as fast: {:?}", wall.elapsed());
    let (timeframe, end) = (Timeframe::M1, begin + Duration::from_secs(86_400));
    let query = CandleQuery { instrument: id, timeframe, start: begin, end, limit: Some(5) };
    let candles = paced.candles(&query).await.unwrap();
    let closes: Vec<Timestamp> = candles.iter().map(qtp_core::Candle::close_time).collect();
    let expected: Vec<Timestamp> = (66..=70).map(|minute| begin + Duration::from_secs(60 * minute)).collect();
    assert_eq!(closes, expected);
}
