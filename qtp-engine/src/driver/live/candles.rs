//! Market events, the candle barrier and the warm-up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::Exchange;
use qtp_core::{
    Candle, CandleBatch, CandleQuery, Event, ExchangeError, Gap, MarketTopic, Reason, Timeframe, Timestamp,
};

use super::barrier::{Ask, Offer, Round, Step, topic};
use super::driver::{Input, LiveDriver};
use super::inbox::MarketItem;
use super::retry;
use super::settings::LiveSettings;
use crate::error::EngineError;

impl LiveDriver {
    pub(super) fn market_item(&mut self, link: usize, item: MarketItem) -> Result<(), EngineError> {
        match item {
            MarketItem::Up => self.market_up(link),
            MarketItem::Down => self.market_down(link, "the market stream ended"),
            MarketItem::Event(_, Event::Connection { topic: None, healthy, reason, .. }) => {
                if healthy {
                    self.market_up(link)
                } else {
                    self.market_down(link, &reason.to_string())
                }
            }
            MarketItem::Event(time, Event::Candles(batch)) => {
                batch.candles.into_iter().try_for_each(|candle| self.offer(time, candle))
            }
            MarketItem::Event(time, event) => self.feed(time, event),
        }
    }

    fn market_up(&mut self, link: usize) -> Result<(), EngineError> {
        let now = self.core.now();
        let state = &mut self.links[link];
        state.market_up = true;
        // What closed before is history: the first order waits for a candle that closes from now on.
        state.candle_seen = !state.has_candles();
        for ask in self.barrier.connect(link, now) {
            self.ask(ask);
        }
        self.tell(link, "the market stream was opened")
    }

    fn market_down(&mut self, link: usize, words: &str) -> Result<(), EngineError> {
        if self.settings.stop_at_market_end {
            self.stopping = Some(Reason::new("market_ended", words));
            return Ok(());
        }
        self.barrier.disconnect(link);
        self.links[link].market_up = false;
        self.tell(link, words)
    }

    fn offer(&mut self, time: Timestamp, candle: Candle) -> Result<(), EngineError> {
        match self.barrier.offer(candle) {
            Offer::Held | Offer::Dropped => Ok(()),
            Offer::Late(candle) => {
                self.late.push(candle);
                Ok(())
            }
            Offer::Revised(candle) => self.feed(time, Event::CandleRevised(candle)),
        }
    }

    /// Delivers what is complete, and asks for what is overdue.
    pub(super) fn advance_barrier(&mut self) -> Result<(), EngineError> {
        loop {
            if !self.barrier.filling() && !self.late.is_empty() {
                let late = std::mem::take(&mut self.late);
                self.feed_history(late)?;
            }
            let now = self.core.now();
            match self.barrier.step(now) {
                Step::Wait(due) => {
                    self.barrier_due = due;
                    return Ok(());
                }
                Step::Ask(asks) => asks.into_iter().for_each(|ask| self.ask(ask)),
                Step::Deliver(round) => self.deliver(round)?,
            }
        }
    }

    /// One round: what is older than its timeframe only brings the state up to date.
    fn deliver(&mut self, Round { close, candles, missing }: Round) -> Result<(), EngineError> {
        let now = self.core.now();
        let young = |candle: &Candle| now.since(candle.close_time()) <= candle.timeframe().as_duration();
        let (candles, old): (Vec<_>, Vec<_>) = candles.into_iter().partition(young);
        if !old.is_empty() {
            let batch = CandleBatch { candles: old, missing: Vec::new(), warmup: true };
            self.feed(close, Event::Candles(batch))?;
        }
        for link in 0..self.links.len() {
            let state = &mut self.links[link];
            let fresh = candles.iter().any(|candle| state.topics.contains(&topic(candle)));
            if fresh && state.market_up && !state.candle_seen {
                state.candle_seen = true;
                self.tell(link, "a candle closed since the stream was opened")?;
            }
        }
        if candles.is_empty() && missing.is_empty() {
            return Ok(());
        }
        self.feed(close, Event::Candles(CandleBatch { candles, missing, warmup: false }))
    }

    /// Back-filled candles, of all topics together: state only, commands are discarded.
    fn feed_history(&mut self, candles: Vec<Candle>) -> Result<(), EngineError> {
        let mut rounds: BTreeMap<Timestamp, Vec<Candle>> = BTreeMap::new();
        for candle in candles {
            rounds.entry(candle.close_time()).or_default().push(candle);
        }
        for (close, mut candles) in rounds {
            candles.sort_by(|a, b| (a.timeframe(), a.instrument()).cmp(&(b.timeframe(), b.instrument())));
            candles.dedup_by(|a, b| (a.timeframe(), a.instrument()) == (b.timeframe(), b.instrument()));
            candles.iter().for_each(|candle| self.barrier.know(candle));
            let batch = CandleBatch { candles, missing: Vec::new(), warmup: true };
            self.feed(close, Event::Candles(batch))?;
        }
        Ok(())
    }

    /// Reads candles in a task; the answer always comes.
    fn ask(&self, ask: Ask) {
        let MarketTopic::Candles(instrument, timeframe) = ask.topic.clone() else { return };
        let Some(link) = self.links.get(ask.link) else { return };
        let (start, end, limit) = (ask.from, ask.until, None);
        let query = CandleQuery { instrument, timeframe, start, end, limit };
        let (exchange, sender) = (Arc::clone(&link.exchange), self.sender.clone());
        let (settings, seed) = (self.settings.clone(), self.seed);
        drop(tokio::spawn(async move {
            let candles = retry::read("candles", &settings, seed, || exchange.candles(&query)).await;
            // If the driver has gone, nobody waits for the answer.
            let _ = sender.send(Input::Candles { ask, candles }).await;
        }));
    }

    pub(super) fn candles_answer(
        &mut self,
        ask: &Ask,
        candles: Result<Vec<Candle>, ExchangeError>,
    ) -> Result<(), EngineError> {
        let now = self.core.now();
        match candles {
            Ok(candles) => {
                let closed = candles.into_iter().filter(|candle| candle.close_time() <= ask.until);
                closed.into_iter().try_for_each(|candle| self.offer(now, candle))?;
            }
            Err(error) => {
                tracing::warn!("candles: {error}");
                let (from, to, cause) = (ask.from, ask.until, "unavailable".to_owned());
                self.feed_now(Event::Gap(Gap { topic: ask.topic.clone(), from, to, cause }))?;
            }
        }
        self.barrier.answered(&ask.topic);
        self.advance_barrier()
    }

    /// History for the strategies, before anything new. A run that goes on gets what it missed.
    pub(super) async fn warm_up(&mut self) -> Result<(), EngineError> {
        let needed: BTreeMap<MarketTopic, usize> = self.core.engine.history().into_iter().collect();
        let mut all = Vec::new();
        for link in 0..self.links.len() {
            for (topic, last) in self.barrier.topics(link) {
                let MarketTopic::Candles(instrument, timeframe) = topic.clone() else { continue };
                let count = needed.get(&topic).copied().unwrap_or(0);
                let now = self.core.now();
                let from = match &last {
                    Some(last) => vec![(last.close_time(), None)],
                    None => spans(timeframe, count).map(|span| (now - span, Some(count))).collect(),
                };
                let mut found = Vec::new();
                for (start, limit) in from {
                    let instrument = instrument.clone();
                    let query = CandleQuery { instrument, timeframe, start, end: now, limit };
                    let exchange = Arc::clone(&self.links[link].exchange);
                    found = history(exchange, &self.settings, self.seed, &query).await?;
                    if found.len() >= count {
                        break;
                    }
                }
                all.extend(found);
            }
        }
        self.feed_history(all)
    }
}

/// Closed candles of a query.
async fn history(
    exchange: Arc<dyn Exchange>,
    settings: &LiveSettings,
    seed: u64,
    query: &CandleQuery,
) -> Result<Vec<Candle>, EngineError> {
    let candles = retry::read("candles", settings, seed, || exchange.candles(query)).await;
    let failed = |error: ExchangeError| EngineError::Source {
        what: format!("history of {}", query.instrument),
        source: error.into(),
    };
    let mut candles = candles.map_err(failed)?;
    candles.retain(|candle| candle.close_time() <= query.end);
    Ok(candles)
}

/// How far back so many candles may lie: next to each other with a few missing, or with nights and a long weekend between.
fn spans(timeframe: Timeframe, count: usize) -> impl Iterator<Item = Duration> {
    const LONG_WEEKEND: Duration = Duration::from_secs(5 * 86_400);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let times = |factor: u32| timeframe.as_duration().saturating_mul(count.saturating_mul(factor));
    let spans = [times(2), times(6).saturating_add(LONG_WEEKEND)];
    spans.into_iter().filter(move |_| count > 0)
}
