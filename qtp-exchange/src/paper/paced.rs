//! Recorded or synthetic data as a live market: every event comes at its time, and nothing is known before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic, OpenInterest,
    OrderBook, Timestamp, Venue,
};

/// Room of a stream.
const ROOM: usize = 1_024;

/// A clock that started at an instant of its own and runs a whole number of times as fast as another.
#[derive(Debug, Clone)]
pub struct ScaledClock {
    wall: Arc<dyn Clock>,
    wall_start: Timestamp,
    start: Timestamp,
    speed: u32,
}

impl ScaledClock {
    /// A clock that shows `start` now. A speed of 0 counts as 1.
    pub fn new(wall: Arc<dyn Clock>, start: Timestamp, speed: u32) -> Self {
        Self { wall_start: wall.now(), wall, start, speed: speed.max(1) }
    }

    /// How long the other clock takes until this one shows `time`.
    pub fn wait(&self, time: Timestamp) -> Duration {
        time.since(self.now()) / self.speed
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        self.start + self.wall.now().since(self.wall_start).saturating_mul(self.speed)
    }
}

/// A market that knows its future, shown at the pace of a clock.
///
/// # Contract
/// - A stream begins with the first event after the subscription; each comes when the clock has reached its time.
/// - `candles` brings those that have closed by now.
/// - Order books, funding and open interest are asked of the market itself.
#[derive(Debug, Clone)]
pub struct Paced<M> {
    market: M,
    clock: Arc<ScaledClock>,
}

impl<M: MarketData> Paced<M> {
    /// A market at the pace of `clock`.
    pub const fn new(market: M, clock: Arc<ScaledClock>) -> Self {
        Self { market, clock }
    }
}

#[async_trait]
impl<M: MarketData> MarketData for Paced<M> {
    fn venue(&self) -> Venue {
        self.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.market.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let now = self.clock.now();
        // Open times before this have closed: otherwise a limit would count candles of the future.
        let closed =
            Timestamp::from_nanos((now - query.timeframe.as_duration()).as_nanos().saturating_add(1));
        let query = CandleQuery { end: query.end.min(closed), ..query.clone() };
        if query.end <= query.start {
            return Ok(Vec::new());
        }
        self.market.candles(&query).await
    }

    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        self.market.order_book(instrument, depth).await
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        self.market.funding_rate(instrument).await
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        self.market.open_interest(instrument).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let (clock, started) = (Arc::clone(&self.clock), self.clock.now());
        let mut source = self.market.subscribe(topics).await?;
        let (sender, stream) = EventStream::channel(ROOM);
        drop(tokio::spawn(async move {
            while let Some((time, event)) = source.next().await {
                if time <= started {
                    continue;
                }
                // Again, for a clock that was moved.
                while clock.now() < time {
                    tokio::time::sleep(clock.wait(time).max(Duration::from_millis(1))).await;
                }
                if sender.send(time, event).await.is_err() {
                    break;
                }
            }
        }));
        Ok(stream)
    }
}
