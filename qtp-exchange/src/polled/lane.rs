//! One topic: what was told of it, and when it is asked for next.

use std::time::Duration;

use qtp_core::{Candle, CandleQuery, InstrumentId, MarketTopic, Timeframe, Timestamp};

use super::{Hours, PollSettings};

/// Until the first candle is known, wide ones are looked for this often: sessions need not begin at a full hour.
const GRID: i64 = 1_800_000_000_000;

#[derive(Debug)]
pub(super) struct Lane {
    instrument: InstrumentId,
    timeframe: Timeframe,
    pub(super) hours: Hours,
    /// The subscription: what closed before is history.
    since: Timestamp,
    /// The newest candle that was told.
    pub(super) last: Option<Candle>,
    /// When it is asked for next.
    pub(super) due: Timestamp,
    /// How often the present candle was asked for in vain.
    tries: u32,
}

impl Lane {
    pub(super) fn new(
        (instrument, timeframe): (InstrumentId, Timeframe),
        hours: Hours,
        now: Timestamp,
        delay: Duration,
    ) -> Self {
        let mut lane = Self { instrument, timeframe, hours, since: now, last: None, due: now, tries: 0 };
        lane.due = lane.next_close(now) + delay;
        lane
    }

    pub(super) fn topic(&self) -> MarketTopic {
        MarketTopic::Candles(self.instrument.clone(), self.timeframe)
    }

    /// From the last candle on, which is looked at again, or from what formed at the subscription.
    pub(super) fn query(&self, settled: Timestamp) -> CandleQuery {
        let first = self.since - self.timeframe.as_duration();
        let start = self.last.as_ref().map_or(first, Candle::open_time);
        let (instrument, timeframe) = (self.instrument.clone(), self.timeframe);
        CandleQuery { instrument, timeframe, start, end: settled.max(start), limit: None }
    }

    /// True for a candle that closed since the subscription, before `settled`, and follows the last one.
    pub(super) fn is_new(&self, candle: &Candle, settled: Timestamp) -> bool {
        let follows = self.last.as_ref().is_none_or(|last| candle.open_time() >= last.close_time());
        follows && candle.close_time() > self.since && candle.close_time() <= settled
    }

    /// After an answer: the next candle, or the same one again.
    pub(super) fn plan(&mut self, fresh: bool, now: Timestamp, settings: &PollSettings) {
        self.tries = if fresh { 0 } else { self.tries + 1 };
        if !fresh && self.tries < settings.attempts {
            self.due = now + settings.again;
            return;
        }
        self.tries = 0;
        self.due = self.next_close(now - settings.delay) + settings.delay;
    }

    /// The first close after `time` of a candle in whose width something is traded.
    fn next_close(&self, time: Timestamp) -> Timestamp {
        let width = self.timeframe.as_nanos();
        let (origin, step) = match &self.last {
            Some(last) => (last.close_time().as_nanos(), width),
            None => (0, width.min(GRID)),
        };
        let close_after = |time: Timestamp| {
            let past = (time.as_nanos().saturating_sub(origin)).rem_euclid(step);
            Timestamp::from_nanos(time.as_nanos().saturating_sub(past).saturating_add(step))
        };
        let close = close_after(time);
        let open = close - self.timeframe.as_duration();
        if self.hours.any_between(open, close) {
            return close;
        }
        // The candle that holds the first instant of the next session.
        close_after(self.hours.next_open(close))
    }
}
