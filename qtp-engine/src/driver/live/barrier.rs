//! All candles with the same close time go in as one batch.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::{Candle, InstrumentId, MarketTopic, Timeframe, Timestamp};

/// Collects candles by close time. Plain state: who waits and asks is the driver.
///
/// A round is complete once every topic that closes then has its candle. A missing one is asked for when the grace is
/// over, or when a later candle of the same topic has come; what the answer does not bring is reported as missing.
#[derive(Debug)]
pub(super) struct Barrier {
    lanes: BTreeMap<MarketTopic, Lane>,
    waiting: BTreeMap<Timestamp, BTreeMap<(Timeframe, InstrumentId), Candle>>,
    grace: Duration,
}

#[derive(Debug)]
struct Lane {
    link: usize,
    timeframe: Timeframe,
    connected: bool,
    /// The newest candle that went in.
    last: Option<Candle>,
    /// Close of the next one.
    next: Timestamp,
    /// An answer is on its way.
    asking: bool,
    /// What was missed before the stream was opened is on its way: nothing goes in before it.
    filling: bool,
    /// Closes up to here were asked for.
    asked_until: Timestamp,
}

/// What becomes of a candle.
#[derive(Debug, PartialEq)]
pub(super) enum Offer {
    /// It waits for its round.
    Held,
    /// Its round is over: it can only bring the state up to date.
    Late(Candle),
    /// It differs from the one that went in.
    Revised(Candle),
    /// Known, or nobody listens to it.
    Dropped,
}

/// A candle that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) link: usize,
    pub(super) topic: MarketTopic,
    /// First open time.
    pub(super) from: Timestamp,
    /// Open times before this.
    pub(super) until: Timestamp,
}

/// All candles of one close time.
#[derive(Debug, PartialEq)]
pub(super) struct Round {
    pub(super) close: Timestamp,
    pub(super) candles: Vec<Candle>,
    pub(super) missing: Vec<MarketTopic>,
}

/// What is to be done now.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Wait for candles, or until this instant.
    Wait(Option<Timestamp>),
    Ask(Vec<Ask>),
    Deliver(Round),
}

impl Barrier {
    pub(super) const fn new(grace: Duration) -> Self {
        Self { lanes: BTreeMap::new(), waiting: BTreeMap::new(), grace }
    }

    pub(super) fn add(&mut self, link: usize, topic: MarketTopic) {
        let MarketTopic::Candles(_, timeframe) = topic else { return };
        let (next, asked_until) = (Timestamp::EPOCH, Timestamp::EPOCH);
        let (connected, asking, filling) = (false, false, false);
        let lane = Lane { link, timeframe, connected, last: None, next, asking, filling, asked_until };
        self.lanes.insert(topic, lane);
    }

    /// Topics of a link, and the newest candle of each that went in.
    pub(super) fn topics(&self, link: usize) -> Vec<(MarketTopic, Option<Candle>)> {
        let own = self.lanes.iter().filter(|(_, lane)| lane.link == link);
        own.map(|(topic, lane)| (topic.clone(), lane.last.clone())).collect()
    }

    /// The stream of a link is open since `now`: candles that close later are waited for. Returns what was missed
    /// since the last ones.
    pub(super) fn connect(&mut self, link: usize, now: Timestamp) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (topic, lane) in self.lanes.iter_mut().filter(|(_, lane)| lane.link == link) {
            let width = lane.timeframe.as_nanos();
            let aligned = lane.timeframe.floor(now);
            // A venue's weeks may begin on another day than ours.
            let shift = lane.last.as_ref().map_or(0, |last| last.open_time().as_nanos().rem_euclid(width));
            let mut next = Timestamp::from_nanos(aligned.as_nanos().saturating_add(shift));
            if next <= now {
                next = next + lane.timeframe.as_duration();
            }
            (lane.connected, lane.asking, lane.next) = (true, false, next);
            lane.asked_until = now;
            if let Some(from) = lane.last.as_ref().map(Candle::close_time).filter(|from| *from < aligned) {
                lane.filling = true;
                asks.push(Ask { link, topic: topic.clone(), from, until: aligned });
            }
        }
        asks
    }

    /// True while answers about the time before a stream was opened are on their way.
    pub(super) fn filling(&self) -> bool {
        self.lanes.values().any(|lane| lane.filling)
    }

    pub(super) fn disconnect(&mut self, link: usize) {
        for lane in self.lanes.values_mut().filter(|lane| lane.link == link) {
            (lane.connected, lane.asking, lane.filling) = (false, false, false);
        }
    }

    /// Notes a candle that went in outside of a round.
    pub(super) fn know(&mut self, candle: &Candle) {
        if let Some(lane) = self.lanes.get_mut(&topic(candle)) {
            lane.last = Some(candle.clone());
        }
    }

    pub(super) fn offer(&mut self, candle: Candle) -> Offer {
        let Some(lane) = self.lanes.get(&topic(&candle)) else { return Offer::Dropped };
        if let Some(last) = &lane.last {
            if candle.open_time() == last.open_time() && candle != *last {
                return Offer::Revised(candle);
            }
            if candle.open_time() <= last.open_time() {
                return Offer::Dropped;
            }
        }
        if !lane.connected || candle.close_time() < lane.next {
            return Offer::Late(candle);
        }
        let round = self.waiting.entry(candle.close_time()).or_default();
        round.insert((candle.timeframe(), candle.instrument().clone()), candle);
        Offer::Held
    }

    /// The answer for a topic has come; its candles were offered.
    pub(super) fn answered(&mut self, topic: &MarketTopic) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            (lane.asking, lane.filling) = (false, false);
        }
    }

    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        if self.filling() {
            return Step::Wait(None);
        }
        let connected = self.lanes.values().filter(|lane| lane.connected);
        let expected = connected.map(|lane| lane.next).min();
        let held = self.waiting.keys().next().copied();
        let Some(close) = expected.into_iter().chain(held).min() else { return Step::Wait(None) };
        let deadline = close + self.grace;
        let (mut asks, mut missing, mut open) = (Vec::new(), Vec::new(), false);
        for (topic, lane) in &mut self.lanes {
            let MarketTopic::Candles(instrument, timeframe) = topic else { continue };
            let key = (*timeframe, instrument.clone());
            let here = self.waiting.get(&close).is_some_and(|round| round.contains_key(&key));
            if !lane.connected || lane.next != close || here {
                continue;
            }
            let mut later = self.waiting.iter().filter(|(other, _)| **other > close);
            let due = now >= deadline || later.any(|(_, round)| round.contains_key(&key));
            if !due || lane.asking {
                open = true;
            } else if lane.asked_until >= close {
                missing.push(topic.clone());
            } else {
                let from = lane.last.as_ref().map_or(close - timeframe.as_duration(), Candle::close_time);
                // A driver that fell behind catches up with one question.
                let until = timeframe.floor(now).max(close);
                (lane.asking, lane.asked_until) = (true, until);
                asks.push(Ask { link: lane.link, topic: topic.clone(), from, until });
            }
        }
        if !asks.is_empty() {
            return Step::Ask(asks);
        }
        if open {
            return Step::Wait((now < deadline).then_some(deadline));
        }
        Step::Deliver(self.close_round(close, missing))
    }

    fn close_round(&mut self, close: Timestamp, missing: Vec<MarketTopic>) -> Round {
        let candles: Vec<Candle> = self.waiting.remove(&close).unwrap_or_default().into_values().collect();
        for topic in candles.iter().map(topic).chain(missing.iter().cloned()) {
            if let Some(lane) = self.lanes.get_mut(&topic) {
                lane.next = close + lane.timeframe.as_duration();
            }
        }
        for candle in &candles {
            self.know(candle);
        }
        Round { close, candles, missing }
    }
}

pub(super) fn topic(candle: &Candle) -> MarketTopic {
    MarketTopic::Candles(candle.instrument().clone(), candle.timeframe())
}

#[cfg(test)]
mod tests;
