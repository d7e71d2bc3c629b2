//! Market data that only answers, as a stream: every candle is asked for once it has closed.

mod hours;
mod lane;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, EventStream, MarketData, MarketStream, StreamSender, SystemClock};
use qtp_core::{
    Candle, CandleBatch, CandleQuery, Event, ExchangeError, FundingRate, Gap, Instrument, InstrumentId,
    MarketTopic, OpenInterest, OrderBook, Reason, Timestamp, Venue,
};

pub use hours::Hours;
use lane::Lane;

/// Room of a stream.
const ROOM: usize = 256;
/// Longest wait between two attempts at a source that does not answer.
const LONGEST: Duration = Duration::from_secs(300);

/// When a source is asked.
#[derive(Debug, Clone)]
pub struct PollSettings {
    /// How long after its close a candle is asked for. What closed later still forms, to us: a source whose data come
    /// late needs as much.
    pub delay: Duration,
    /// Wait before a candle that is not there yet is asked for again.
    pub again: Duration,
    /// How often a candle is asked for.
    pub attempts: u32,
    /// When an instrument is traded. Otherwise nobody asks, and nothing is missing.
    pub hours: fn(&InstrumentId) -> Hours,
    /// Our time.
    pub clock: Arc<dyn Clock>,
}

impl Default for PollSettings {
    /// 5 s after the close and twice more, 10 s apart.
    fn default() -> Self {
        let (delay, again) = (Duration::from_secs(5), Duration::from_secs(10));
        Self { delay, again, attempts: 3, hours: Hours::of, clock: Arc::new(SystemClock) }
    }
}

impl PollSettings {
    /// How long after its close a candle may come. Who waits for candles waits longer than that.
    pub fn patience(&self) -> Duration {
        self.delay.saturating_add(self.again.saturating_mul(self.attempts))
    }
}

/// Market data with streams of candles that are asked for. A clone asks the same market.
///
/// # Contract
/// - Each candle that closes after the subscription comes once, in order, and never before `delay` has passed since its
///   close. One that changed since is told as [`Event::CandleRevised`].
/// - A candle that is missing within the hours of trading is told as a gap once the next one has come.
/// - One request at a time; where the source refuses, or does not answer, the stream says so and waits longer each time,
///   or as long as the source says.
/// - Only candles are streamed. Everything else is asked of the market itself.
#[derive(Clone)]
pub struct Polled {
    market: Arc<dyn MarketData>,
    settings: PollSettings,
}

impl std::fmt::Debug for Polled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Polled").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Polled {
    /// Streams over `market`.
    pub fn new(market: impl MarketData + 'static, settings: PollSettings) -> Self {
        Self { market: Arc::new(market), settings }
    }
}

#[async_trait]
impl MarketData for Polled {
    fn venue(&self) -> Venue {
        self.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.market.instruments().await
    }

    /// What lies wholly outside the hours of trading is not asked for.
    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let end = query.end.min(self.settings.clock.now());
        if !(self.settings.hours)(&query.instrument).any_between(query.start, end) {
            return Ok(Vec::new());
        }
        self.market.candles(query).await
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
        let (sender, stream) = EventStream::channel(ROOM);
        start(Arc::clone(&self.market), self.settings.clone(), topics, (sender, Scope::Stream))?;
        Ok(stream)
    }
}

/// What fails with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The whole stream.
    Stream,
    /// Only these topics of it.
    #[cfg_attr(not(feature = "alpaca"), allow(dead_code, reason = "venues that stream the rest"))]
    Topics,
}

/// Asks for these topics until the reader of `sender` is gone.
///
/// # Errors
/// `Unsupported` for a topic that is no candles.
pub(crate) fn start(
    market: Arc<dyn MarketData>,
    settings: PollSettings,
    topics: &[MarketTopic],
    (sender, scope): (StreamSender, Scope),
) -> Result<(), ExchangeError> {
    let now = settings.clock.now();
    let lane = |topic: &MarketTopic| match topic {
        MarketTopic::Candles(instrument, timeframe) => {
            Ok(Lane::new((instrument.clone(), *timeframe), (settings.hours)(instrument), now, settings.delay))
        }
        other => {
            let what = format!("a stream of {other:?}: {} has candles only", market.venue());
            Err(ExchangeError::Unsupported { operation: "subscribe", what })
        }
    };
    let lanes = topics.iter().map(lane).collect::<Result<Vec<_>, _>>()?;
    let poller = Poller { market, settings, lanes, sender, scope, failures: 0 };
    drop(tokio::spawn(poller.run()));
    Ok(())
}

/// The reader of the stream is gone.
struct Done;

struct Poller {
    market: Arc<dyn MarketData>,
    settings: PollSettings,
    lanes: Vec<Lane>,
    sender: StreamSender,
    scope: Scope,
    /// Questions without an answer since the last one that had one.
    failures: u32,
}

impl Poller {
    async fn run(mut self) {
        while let Some(next) = (0..self.lanes.len()).min_by_key(|lane| self.lanes[*lane].due) {
            let wait = self.lanes[next].due.since(self.settings.clock.now());
            if !wait.is_zero() {
                tokio::select! {
                    () = self.sender.closed() => return,
                    // Then it is looked at again, for a clock that was moved.
                    () = tokio::time::sleep(wait) => continue,
                }
            }
            if self.poll(next).await.is_err() {
                return;
            }
        }
    }

    async fn poll(&mut self, index: usize) -> Result<(), Done> {
        let settled = self.settings.clock.now() - self.settings.delay;
        let query = self.lanes[index].query(settled);
        match self.market.candles(&query).await {
            Ok(candles) => {
                if std::mem::take(&mut self.failures) > 0 {
                    self.tell(true, Reason::new("connected", "")).await?;
                }
                let fresh = self.take(index, candles, settled).await?;
                let now = self.settings.clock.now();
                self.lanes[index].plan(fresh, now, &self.settings);
                Ok(())
            }
            Err(error) => self.failed(&error).await,
        }
    }

    /// Returns whether a candle was new.
    async fn take(&mut self, index: usize, candles: Vec<Candle>, settled: Timestamp) -> Result<bool, Done> {
        let mut fresh = false;
        for candle in candles {
            let lane = &mut self.lanes[index];
            let topic = lane.topic();
            let time = candle.close_time();
            let event = match &lane.last {
                Some(last) if last.open_time() == candle.open_time() => {
                    if *last == candle {
                        continue;
                    }
                    lane.last = Some(candle.clone());
                    Event::CandleRevised(candle)
                }
                _ if !lane.is_new(&candle, settled) => continue,
                last => {
                    fresh = true;
                    let missing = last.as_ref().map(Candle::close_time);
                    let missing = missing.filter(|from| lane.hours.any_between(*from, candle.open_time()));
                    lane.last = Some(candle.clone());
                    if let Some(from) = missing {
                        let (to, cause) = (candle.open_time(), "missing".to_owned());
                        self.send(time, Event::Gap(Gap { topic, from, to, cause })).await?;
                    }
                    Event::Candles(CandleBatch { candles: vec![candle], ..CandleBatch::default() })
                }
            };
            self.send(time, event).await?;
        }
        Ok(fresh)
    }

    /// Nothing is asked until the source may have recovered.
    async fn failed(&mut self, error: &ExchangeError) -> Result<(), Done> {
        self.failures = self.failures.saturating_add(1);
        if self.failures == 1 {
            self.tell(false, Reason::new("unavailable", error.to_string())).await?;
        }
        let doubled = self.settings.again.saturating_mul(1 << (self.failures - 1).min(16));
        let wait = error.retry_after().unwrap_or(doubled.min(LONGEST));
        let until = self.settings.clock.now() + wait.max(Duration::from_secs(1));
        for lane in &mut self.lanes {
            lane.due = lane.due.max(until);
        }
        Ok(())
    }

    async fn tell(&self, healthy: bool, reason: Reason) -> Result<(), Done> {
        let topics: Vec<Option<MarketTopic>> = match self.scope {
            Scope::Stream => vec![None],
            Scope::Topics => self.lanes.iter().map(|lane| Some(lane.topic())).collect(),
        };
        let now = self.settings.clock.now();
        for topic in topics {
            let reason = reason.clone();
            self.send(now, Event::Connection { account: None, topic, healthy, reason }).await?;
        }
        Ok(())
    }

    async fn send(&self, time: Timestamp, event: Event) -> Result<(), Done> {
        self.sender.send(time, event).await.map_err(|_| Done)
    }
}
