//! A market that plays candles at their time, a clock that follows tokio's, and a driver over both.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{
    Clock, EventStream, Exchange, JournalRecord, JournalWriter, MarketData, MarketStream, Strategy,
};
use qtp_core::{
    Bracket, Candle, CandleBatch, CandleQuery, Context, Decimal, Event, ExchangeError, Instrument,
    InstrumentId, MarketTopic, Price, RiskGate, RunId, RunStarted, StateBlob, StoreError, StrategyError,
    StrategyId, Target, Timeframe, Timestamp, TriggerSource, Venue, Warmup,
};
use qtp_engine::driver::live::{LiveDriver, LiveOutcome, LiveSettings, LiveSetup};
use qtp_engine::driver::{NoObserver, Observer, Replay};
use qtp_engine::{Engine, EngineConfig};
use qtp_exchange::paper::PaperExchange;
use qtp_exchange::sim::{FeeModel, SimVenue, SimVenueConfig};

use crate::common::*;

/// Our time is tokio's.
#[derive(Debug, Clone)]
pub(crate) struct TokioClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl TokioClock {
    /// A clock that stands `minutes` after midnight now.
    pub(crate) fn at(minutes: i64) -> Arc<Self> {
        let base = Timestamp::from_secs(MIDNIGHT + 60 * minutes);
        Arc::new(Self { base, start: tokio::time::Instant::now() })
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.base + self.start.elapsed()
    }
}

/// Candles that close at their time. The stream ends with the last one.
#[derive(Debug)]
pub(crate) struct Feed {
    clock: Arc<TokioClock>,
    candles: Vec<Candle>,
    /// Open times that no stream brings.
    pub(crate) unstreamed: BTreeSet<(InstrumentId, Timestamp)>,
    /// Open times that no query brings.
    pub(crate) unknown: BTreeSet<(InstrumentId, Timestamp)>,
    /// Further events and when they come.
    pub(crate) events: Vec<(Timestamp, Event)>,
    pub(crate) queries: Mutex<Vec<CandleQuery>>,
}

impl Feed {
    pub(crate) fn new(clock: &Arc<TokioClock>, series: &[Vec<Candle>]) -> Self {
        let mut candles: Vec<Candle> = series.iter().flatten().cloned().collect();
        candles.sort_by_key(|candle| (candle.close_time(), candle.timeframe(), candle.instrument().clone()));
        Self {
            clock: Arc::clone(clock),
            candles,
            unstreamed: BTreeSet::new(),
            unknown: BTreeSet::new(),
            events: Vec::new(),
            queries: Mutex::default(),
        }
    }
}

fn key(candle: &Candle) -> (InstrumentId, Timestamp) {
    (candle.instrument().clone(), candle.open_time())
}

#[async_trait]
impl MarketData for Feed {
    fn venue(&self) -> Venue {
        "sim".parse().unwrap()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(instruments())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.queries.lock().unwrap().push(query.clone());
        let now = self.clock.now();
        let wanted = |candle: &&Candle| {
            (query.start..query.end).contains(&candle.open_time())
                && *candle.instrument() == query.instrument
                && candle.timeframe() == query.timeframe
                && candle.close_time() <= now
                && !self.unknown.contains(&key(candle))
        };
        let mut found: Vec<Candle> = self.candles.iter().filter(wanted).cloned().collect();
        let surplus = query.limit.map_or(0, |limit| found.len().saturating_sub(limit));
        found.drain(..surplus);
        Ok(found)
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let now = self.clock.now();
        let topic = |candle: &Candle| MarketTopic::Candles(candle.instrument().clone(), candle.timeframe());
        let coming = self.candles.iter().filter(|candle| {
            candle.close_time() > now
                && topics.contains(&topic(candle))
                && !self.unstreamed.contains(&key(candle))
        });
        let batch = |candle: &Candle| {
            let candles = vec![candle.clone()];
            Event::Candles(CandleBatch { candles, ..CandleBatch::default() })
        };
        let mut events: Vec<_> = coming.map(|candle| (candle.close_time(), batch(candle))).collect();
        events.extend(self.events.iter().filter(|(time, _)| *time > now).cloned());
        events.sort_by_key(|(time, _)| *time);
        let (sender, stream) = EventStream::channel(256);
        let clock = Arc::clone(&self.clock);
        drop(tokio::spawn(async move {
            for (time, event) in events {
                tokio::time::sleep(time.since(clock.now())).await;
                if sender.send(time, event).await.is_err() {
                    break;
                }
            }
        }));
        Ok(stream)
    }
}

/// Says other targets every few candles, until it has seen enough.
#[derive(Debug)]
pub(crate) struct Walker {
    pub(crate) instrument: InstrumentId,
    pub(crate) every: u64,
    pub(crate) until: u64,
    pub(crate) bracket: bool,
    pub(crate) warmup: usize,
    pub(crate) seen: u64,
}

impl Walker {
    pub(crate) fn plain() -> Self {
        let (every, until, bracket, warmup) = (3, u64::MAX, false, 0);
        Self { instrument: btc(), every, until, bracket, warmup, seen: 0 }
    }
}

impl Strategy for Walker {
    fn id(&self) -> StrategyId {
        format!("walker-{}", self.instrument.base()).parse().unwrap()
    }

    fn topics(&self) -> Vec<MarketTopic> {
        vec![MarketTopic::Candles(self.instrument.clone(), Timeframe::M1)]
    }

    fn warmup(&self) -> Warmup {
        Warmup::candles(self.warmup)
    }

    fn save(&self) -> Option<StateBlob> {
        Some(StateBlob(self.seen.to_string()))
    }

    fn restore(&mut self, state: &StateBlob) -> Result<(), StrategyError> {
        self.seen = state.0.parse().unwrap();
        Ok(())
    }

    fn on_candle(&mut self, candle: &Candle, context: &mut Context<'_>) -> Result<(), StrategyError> {
        self.seen += 1;
        if self.seen > self.until || !self.seen.is_multiple_of(self.every) {
            return Ok(());
        }
        let turn = self.seen / self.every;
        let direction: i64 = [1, -1, 0, 1, -1][usize::try_from(turn % 5).unwrap()];
        let off = |by: i64| Price::new(candle.close().get() + Decimal::new(by * direction, 2)).ok();
        let bracket = if direction == 0 || !self.bracket {
            Bracket::NONE
        } else {
            Bracket { stop: off(-260), target: off(400) }
        };
        let target = Target::Quantity(units(direction * (1 + i64::try_from(turn % 3).unwrap())));
        context.set_target_with(&self.instrument, target, bracket, "");
        Ok(())
    }
}

/// A journal in memory that knows what is durable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durable(Arc<Mutex<(Vec<JournalRecord>, usize)>>);

impl Durable {
    pub(crate) fn records(&self) -> Vec<JournalRecord> {
        self.0.lock().unwrap().0.clone()
    }

    /// What a power cut leaves.
    pub(crate) fn cut(&self) {
        let mut held = self.0.lock().unwrap();
        let synced = held.1;
        held.0.truncate(synced);
    }

    pub(crate) fn synced(&self) -> Vec<JournalRecord> {
        let held = self.0.lock().unwrap();
        held.0[..held.1].to_vec()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let event = |record| match record {
            JournalRecord::Event(record) => Some(record.event),
            JournalRecord::Command(_) => None,
        };
        self.records().into_iter().filter_map(event).collect()
    }
}

impl JournalWriter for Durable {
    fn append(&mut self, record: &JournalRecord) -> Result<(), StoreError> {
        self.0.lock().unwrap().0.push(record.clone());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let mut held = self.0.lock().unwrap();
        held.1 = held.0.len();
        Ok(())
    }
}

pub(crate) fn instruments() -> Vec<Instrument> {
    [btc(), eth()].map(|id| Instrument::unrestricted(id).unwrap()).into()
}

pub(crate) fn config() -> EngineConfig {
    EngineConfig { await_connection: true, trigger_source: TriggerSource::Last, ..EngineConfig::default() }
}

pub(crate) fn engine_with(config: EngineConfig, strategies: Vec<Box<dyn Strategy>>) -> Engine {
    let gate = RiskGate::new(qtp_risk::RiskLimits::not_binding().build());
    let mut engine = RigSetup { config, gate, ..RigSetup::default() }.engine();
    for strategy in strategies {
        engine.add_strategy(&account_id(), strategy).unwrap();
    }
    engine
}

pub(crate) fn engine(strategies: Vec<Box<dyn Strategy>>) -> Engine {
    engine_with(config(), strategies)
}

pub(crate) fn venue() -> SimVenue {
    let fees = FeeModel::flat(qtp_core::Ratio::from_bps(5.into()).unwrap());
    let config = SimVenueConfig { fees, ..SimVenueConfig::default() };
    SimVenue::new(config, RigSetup::default().portfolio(), instruments()).unwrap()
}

pub(crate) fn paper(feed: Feed) -> Arc<PaperExchange<Feed>> {
    let clock = Arc::clone(&feed.clock);
    Arc::new(PaperExchange::new(feed, venue(), clock))
}

pub(crate) fn started() -> RunStarted {
    RunStarted {
        version: "test".into(),
        run_id: RunId(7),
        seed: 0,
        configuration: serde_json::Value::Null,
        accounts: BTreeMap::new(),
    }
}

/// What a driver is made of; change what matters.
pub(crate) fn setup(
    engine: Engine,
    exchange: Arc<dyn Exchange>,
    clock: &Arc<TokioClock>,
    journal: &Durable,
) -> LiveSetup {
    LiveSetup {
        engine,
        exchanges: vec![exchange],
        topics: Vec::new(),
        decider: None,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        journal: Box::new(journal.clone()),
        observer: Box::new(NoObserver),
        start: started(),
        settings: LiveSettings { stop_at_market_end: true, ..LiveSettings::default() },
    }
}

pub(crate) fn watched(setup: LiveSetup, observer: impl Observer + Send + 'static) -> LiveSetup {
    LiveSetup { observer: Box::new(observer), ..setup }
}

/// Runs to the end of the market.
pub(crate) async fn run(setup: LiveSetup) -> LiveOutcome {
    LiveDriver::new(setup).unwrap().run().await.unwrap()
}

pub(crate) async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The same journal gives the same commands, and the same state.
pub(crate) fn verify(fresh: Engine, records: &[JournalRecord], run: Option<&LiveOutcome>) {
    let mut replay = Replay::new(fresh, None);
    for record in records {
        replay.record(record, &mut NoObserver).unwrap();
    }
    let outcome = replay.finish(false, &mut NoObserver).unwrap();
    assert!(outcome.first_difference.is_none(), "{:?}", outcome.first_difference);
    if let Some(run) = run {
        let json = |engine: &Engine| serde_json::to_value(engine.snapshot()).unwrap();
        assert_eq!(json(&outcome.engine), json(&run.engine));
        assert_eq!(outcome.command_hash, run.command_hash.finish());
    }
}

/// Prices that wander with a seed; each candle opens away from the last close.
pub(crate) fn candles(id: &InstrumentId, count: i64, seed: u64) -> Vec<Candle> {
    let mut state = seed | 1;
    let mut next = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % sides).unwrap()
    };
    let mut cents = 10_000_i64;
    let level = |cents: i64| Price::new(Decimal::new(cents, 2)).unwrap();
    let mut all = Vec::new();
    for index in 0..count {
        let open = (cents + next(41) - 20).max(1000);
        let close = (open + next(301) - 150).max(1000);
        let (high, low) = (open.max(close) + next(80), open.min(close) - next(80));
        let time = Timestamp::from_secs(MIDNIGHT + 60 * index);
        all.push(candle_of(id, time, [level(open), level(high), level(low), level(close)], 1000));
        cents = close;
    }
    all
}
