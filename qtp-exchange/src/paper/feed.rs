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
    /// The next payment of each instrument. Venues say its rate again and again before it is due.
    funding: BTreeMap<InstrumentId, FundingRate>,
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
        let now = self.now;
        if let Event::Candles(batch) = event {
            // What its fills made of a position before its close pays at its close.
            let due = |rate: &FundingRate| {
                let own = batch.candles.iter().filter(|candle| *candle.instrument() == rate.instrument);
                rate.time <= own.map(Candle::open_time).min().unwrap_or(Timestamp::EPOCH)
            };
            self.pay_due(venue, due, out);
        } else {
            self.pay_due(venue, |rate| rate.time <= now, out);
        }
        match event {
            Event::FundingRate(rate) => {
                self.funding.insert(rate.instrument.clone(), rate.clone());
                self.pay_due(venue, |rate| rate.time <= now, out);
            }
            Event::Candles(batch) if !batch.warmup => {
                self.candles(venue, batch, out);
                let here = |rate: &FundingRate| {
                    rate.time <= now
                        && batch.candles.iter().any(|candle| *candle.instrument() == rate.instrument)
                };
                self.pay_due(venue, here, out);
            }
            Event::Trade(trade) => self.tape(venue, &trade.instrument, event, out),
            Event::Quote(quote) => self.tape(venue, &quote.instrument, event, out),
            Event::Book(book) => self.tape(venue, &book.instrument, event, out),
            _ => venue.on_market(event, self.now, out),
        }
    }

    /// Payments whose time has come, once each.
    fn pay_due(
        &mut self,
        venue: &mut SimVenue,
        due: impl Fn(&FundingRate) -> bool,
        out: &mut Vec<(Timestamp, Event)>,
    ) {
        let now = self.now;
        for (_, rate) in self.funding.extract_if(.., |_, rate| due(rate)) {
            venue.on_market(&Event::FundingRate(rate), now, out);
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
