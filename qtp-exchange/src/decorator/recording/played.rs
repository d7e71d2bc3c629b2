//! A recording as market data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use qtp_core::port::{EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, Event, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic, Reason,
    Timeframe, Timestamp, Venue,
};

use super::error::RecordingError;
use super::reader::{Tail, read};
use crate::candle_file::{CandleFeed, FileMarket};
use crate::paper::part_of;

/// Room of a stream that plays a recording.
const STREAM_ROOM: usize = 1_024;

/// A recorded market. Its streams bring the recorded events with the venue's times, as fast as they are read;
/// [`Paced`](crate::paper::Paced) gives them the pace of a clock. Its candles are a [`CandleFeed`] for a backtest.
///
/// Candles, rates and instruments stay in memory; prints, quotes and books are read from the files as they are played.
#[derive(Debug, Clone)]
pub struct Played {
    path: PathBuf,
    market: FileMarket,
    events: u64,
    lost: u64,
    tails: Vec<Tail>,
}

impl Played {
    /// Reads a file or folder once. Instruments without a definition get one without tick, lot or minimum.
    ///
    /// # Errors
    /// [`RecordingError`] for a recording that is damaged, or that holds candles which fit no series.
    pub fn load(path: &Path, venue: Venue, definitions: Vec<Instrument>) -> Result<Self, RecordingError> {
        let mut found = Found::default();
        let mut reader = read(path)?;
        let (mut events, mut lost) = (0, 0);
        for event in reader.by_ref() {
            let event = event?;
            events += 1;
            lost += event.lost_before;
            found.take(event.event);
        }
        let problem = |error: qtp_core::ValueError| RecordingError::format(path, error.to_string());
        let series = found.candles.into_values().map(|candles| candles.into_values().collect()).collect();
        let feed = CandleFeed::new(series).map_err(problem)?;
        let feed = feed.with_funding(found.rates.into_values().collect());
        let mut instruments = definitions;
        for id in found.instruments {
            if !instruments.iter().any(|instrument| instrument.id == id) {
                instruments.push(Instrument::unrestricted(id).map_err(problem)?);
            }
        }
        let market = FileMarket::new(venue, feed, instruments).map_err(problem)?;
        Ok(Self { path: path.to_owned(), market, events, lost, tails: reader.tails().to_vec() })
    }

    /// Candles and funding rates, for a simulated run.
    pub const fn feed(&self) -> &CandleFeed {
        self.market.feed()
    }

    /// Events in the recording.
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Events that the recording left out.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What was cut off its files.
    pub fn tails(&self) -> &[Tail] {
        &self.tails
    }
}

/// What a backtest needs of a recording.
#[derive(Default)]
struct Found {
    /// The first candle for an open time stands: it is what a strategy was shown.
    candles: BTreeMap<(InstrumentId, Timeframe), BTreeMap<Timestamp, Candle>>,
    /// The last rate for a payment stands: those before were forecasts.
    rates: BTreeMap<(InstrumentId, Timestamp), FundingRate>,
    instruments: BTreeSet<InstrumentId>,
}

impl Found {
    fn take(&mut self, event: Event) {
        match event {
            Event::Candles(batch) => {
                for candle in batch.candles {
                    self.note(candle.instrument());
                    let key = (candle.instrument().clone(), candle.timeframe());
                    self.candles.entry(key).or_default().entry(candle.open_time()).or_insert(candle);
                }
            }
            Event::FundingRate(rate) => {
                self.note(&rate.instrument);
                self.rates.insert((rate.instrument.clone(), rate.time), rate);
            }
            Event::Trade(trade) => self.note(&trade.instrument),
            Event::Quote(quote) => self.note(&quote.instrument),
            Event::Book(book) => self.note(&book.instrument),
            Event::Mark(mark) => self.note(&mark.instrument),
            Event::OpenInterest(open) => self.note(&open.instrument),
            _ => {}
        }
    }

    fn note(&mut self, id: &InstrumentId) {
        if !self.instruments.contains(id) {
            self.instruments.insert(id.clone());
        }
    }
}

#[async_trait]
impl MarketData for Played {
    fn venue(&self) -> Venue {
        self.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.market.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.market.candles(query).await
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let operation = "subscribe";
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| ExchangeError::Unsupported {
            operation,
            what: "streaming outside a tokio runtime".into(),
        })?;
        let wanted: BTreeSet<MarketTopic> = topics.iter().cloned().collect();
        let mut reader =
            read(&self.path).map_err(|error| ExchangeError::Transport { operation, source: error.into() })?;
        let (sender, stream) = EventStream::channel(STREAM_ROOM);
        drop(runtime.spawn(async move {
            for event in reader.by_ref() {
                let (time, event) = match event {
                    Ok(recorded) => (recorded.event_time, shown(recorded.event, &wanted)),
                    Err(error) => (Timestamp::EPOCH, Some(ended(&error))),
                };
                let Some(event) = event else { continue };
                if sender.send(time, event).await.is_err() {
                    break;
                }
            }
        }));
        Ok(stream)
    }
}

/// The part of a recorded event that belongs to these topics.
fn shown(event: Event, wanted: &BTreeSet<MarketTopic>) -> Option<Event> {
    match &event {
        Event::Gap(gap) => wanted.contains(&gap.topic).then_some(event),
        Event::Connection { topic, .. } => {
            topic.as_ref().is_some_and(|topic| wanted.contains(topic)).then_some(event)
        }
        _ => part_of(&event, wanted),
    }
}

/// A file that was whole when it was loaded and is not now.
fn ended(error: &RecordingError) -> Event {
    let reason = Reason::new("recording", error.to_string());
    Event::Connection { account: None, topic: None, healthy: false, reason }
}
