//! What a bot hears of its market, on its way into a recording.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::{Clock, EventStream, MarketData, MarketStream};
use qtp_core::{
    Candle, CandleBatch, CandleQuery, Event, ExchangeError, FundingRate, Instrument, InstrumentId,
    MarketTopic, OpenInterest, OrderBook, Reason, Timestamp, Venue,
};
use qtp_exchange::decorator::{Layer, Recorder, RecorderFigures, RecorderSettings};

use crate::exit::Failure;

/// Code of the event that says that the market stream of a run was open.
pub(super) const OPENED: &str = "subscribed";

/// A recording that is being written. Copies write the same one.
#[derive(Debug, Clone)]
pub struct Tape {
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
}

impl Tape {
    /// A new file in a folder, by this clock.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn start(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let recorder = Recorder::start(RecorderSettings::new(folder, "market"), Arc::clone(&clock))?;
        Ok(Self { recorder: Arc::new(recorder), clock })
    }

    /// Notes something that comes by no stream.
    pub fn note(&self, event: &Event) {
        self.recorder.record(self.clock.now(), event);
    }

    /// How the recording stands.
    pub fn figures(&self) -> RecorderFigures {
        self.recorder.figures()
    }
}

impl Layer for Tape {
    fn stream(&self, stream: EventStream) -> EventStream {
        self.recorder.stream(stream)
    }
}

/// A market whose streams and candle reads are recorded: all that a run on paper learns of it.
#[derive(Clone)]
pub struct Taped {
    market: Arc<dyn MarketData>,
    tape: Tape,
}

impl std::fmt::Debug for Taped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taped").field("tape", &self.tape).finish_non_exhaustive()
    }
}

impl Taped {
    /// A market and its recording.
    pub fn new(market: Arc<dyn MarketData>, tape: Tape) -> Self {
        Self { market, tape }
    }

    fn note_read(&self, candles: &[Candle]) {
        let now = self.tape.clock.now();
        let closed: Vec<Candle> =
            candles.iter().filter(|candle| candle.close_time() <= now).cloned().collect();
        if !closed.is_empty() {
            let batch = CandleBatch { candles: closed, missing: Vec::new(), warmup: true };
            self.tape.note(&Event::Candles(batch));
        }
    }
}

#[async_trait]
impl MarketData for Taped {
    fn venue(&self) -> Venue {
        self.market.venue()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        self.market.instruments().await
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let candles = self.market.candles(query).await?;
        self.note_read(&candles);
        Ok(candles)
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
        let stream = self.market.subscribe(topics).await?;
        self.tape.note(&opened());
        Ok(self.tape.stream(stream))
    }
}

/// Says when a stream was open: what comes before the first candle depends on it.
fn opened() -> Event {
    let reason = Reason::new(OPENED, "the market stream was opened");
    Event::Connection { account: None, topic: None, healthy: true, reason }
}

/// The instant from which a recording counts, if the event begins a run.
pub(super) const fn is_opened(event: &Event) -> bool {
    matches!(event, Event::Connection { account: None, topic: None, healthy: true, .. })
}

/// An instant within a recording.
pub(super) type At = Timestamp;
