//! What of a market stream the venue is shown.

use std::collections::{BTreeMap, BTreeSet};

use qtp_core::{Candle, CandleBatch, Event, FundingRate, InstrumentId, Timeframe, Timestamp};

use crate::sim::SimVenue;

/// Most fills of one candle: far above what its orders can give.
const ROUNDS: usize = 100_000;

/// Decides which events drive the matching: prints, quotes and books where there are any, else the candles of the
/// finest timeframe. It looks at nothing but the events, so a replay decides the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Feed {
    finest: BTreeMap<InstrumentId, Timeframe>,
    on_tape: BTreeSet<InstrumentId>,
    /// Rates of payments that lie ahead: venues tell the next one again and again, and the last word counts.
    ahead: BTreeMap<InstrumentId, FundingRate>,
    now: Timestamp,
}

impl Feed {
    /// Time of the last market event.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Shows an event to the venue.
    pub(super) fn show(
        &mut self,
        venue: &mut SimVenue,
        time: Timestamp,
        event: &Event,
        out: &mut Vec<(Timestamp, Event)>,
    ) {
        self.now = self.now.max(time);
        // Before anything else of the same instant.
        self.pay_funding(venue, out);
        match event {
            Event::FundingRate(rate) if rate.time > self.now => {
                self.ahead.insert(rate.instrument.clone(), rate.clone());
            }
            Event::Candles(batch) if !batch.warmup => self.candles(venue, batch, out),
            Event::Trade(trade) => self.tape(venue, &trade.instrument, event, out),
            Event::Quote(quote) => self.tape(venue, &quote.instrument, event, out),
            Event::Book(book) => self.tape(venue, &book.instrument, event, out),
            _ => venue.on_market(event, self.now, out),
        }
    }

    fn pay_funding(&mut self, venue: &mut SimVenue, out: &mut Vec<(Timestamp, Event)>) {
        let now = self.now;
        if self.ahead.values().all(|rate| rate.time > now) {
            return;
        }
        let mut paid: Vec<FundingRate> =
            self.ahead.values().filter(|rate| rate.time <= now).cloned().collect();
        self.ahead.retain(|_, rate| rate.time > now);
        paid.sort_by_key(|rate| rate.time);
        for rate in paid {
            venue.on_market(&Event::FundingRate(rate), self.now, out);
        }
    }

    fn tape(
        &mut self,
        venue: &mut SimVenue,
        instrument: &InstrumentId,
        event: &Event,
        out: &mut Vec<(Timestamp, Event)>,
    ) {
        if !self.on_tape.contains(instrument) {
            self.on_tape.insert(instrument.clone());
        }
        venue.on_market(event, self.now, out);
    }

    fn candles(&mut self, venue: &mut SimVenue, batch: &CandleBatch, out: &mut Vec<(Timestamp, Event)>) {
        for candle in &batch.candles {
            let finest = self.finest.entry(candle.instrument().clone()).or_insert_with(|| candle.timeframe());
            *finest = candle.timeframe().min(*finest);
        }
        let drives = |candle: &&Candle| {
            self.finest.get(candle.instrument()) == Some(&candle.timeframe())
                && !self.on_tape.contains(candle.instrument())
        };
        for candle in batch.candles.iter().filter(drives) {
            venue.open_candle(candle, out);
        }
        for candle in batch.candles.iter().filter(drives) {
            for _ in 0..ROUNDS {
                let before = out.len();
                venue.close_candle(candle, out);
                if out.len() == before {
                    break;
                }
            }
        }
    }
}
