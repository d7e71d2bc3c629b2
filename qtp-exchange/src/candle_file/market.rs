//! Candle files as a venue's market data.

use async_trait::async_trait;
use qtp_core::port::{EventStream, MarketStream, StreamSender};
use qtp_core::{
    Candle, CandleBatch, CandleQuery, Event, ExchangeError, Instrument, InstrumentId, MarketTopic, Timestamp,
    ValueError, Venue,
};

use super::feed::CandleFeed;
use super::source::CandleSource;
use crate::MarketData;

/// Events that wait in a stream before its writer waits too.
const STREAM_CAPACITY: usize = 1024;

/// Loaded candles and funding rates as [`MarketData`]: history, not a live market. A stream starts at the
/// first candle and runs as fast as it is read.
#[derive(Debug, Clone)]
pub struct FileMarket {
    venue: Venue,
    instruments: Vec<Instrument>,
    feed: CandleFeed,
}

impl FileMarket {
    /// A market of these candles. Instruments without a definition get one without tick, lot or minimum.
    ///
    /// # Errors
    /// [`ValueError`] if the symbol of an instrument without a definition does not name its currencies.
    pub fn new(venue: Venue, feed: CandleFeed, definitions: Vec<Instrument>) -> Result<Self, ValueError> {
        let mut instruments = definitions;
        for (id, _) in feed.keys() {
            if !instruments.iter().any(|instrument| instrument.id == *id) {
                instruments.push(Instrument::unrestricted(id.clone())?);
            }
        }
        instruments.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(Self { venue, instruments, feed })
    }

    /// The candles and rates, from where the feed that was given stands.
    pub const fn feed(&self) -> &CandleFeed {
        &self.feed
    }

    fn known(&self, operation: &'static str, id: &InstrumentId) -> Result<(), ExchangeError> {
        if self.instruments.iter().any(|instrument| instrument.id == *id) {
            return Ok(());
        }
        Err(ExchangeError::UnknownInstrument { operation, instrument: id.clone() })
    }
}

#[async_trait]
impl MarketData for FileMarket {
    fn venue(&self) -> Venue {
        self.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.known("candles", &query.instrument)?;
        let candles = self.feed.series(&query.instrument, query.timeframe).unwrap_or_default();
        let start = candles.partition_point(|candle| candle.open_time() < query.start);
        let end = candles.partition_point(|candle| candle.open_time() < query.end).max(start);
        let start = query.limit.map_or(start, |limit| start.max(end.saturating_sub(limit)));
        Ok(candles.get(start..end).unwrap_or_default().to_vec())
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        for topic in topics {
            self.known("subscribe", topic.instrument())?;
        }
        stream(self.feed.clone(), topics.to_vec())
    }
}

/// Streams what `topics` name of a source: before each batch of candles the funding rates that are due.
pub(crate) fn stream(
    source: impl CandleSource + 'static,
    topics: Vec<MarketTopic>,
) -> Result<MarketStream, ExchangeError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| ExchangeError::Unsupported {
        operation: "subscribe",
        what: "streaming outside a tokio runtime".into(),
    })?;
    let (sender, stream) = EventStream::channel(STREAM_CAPACITY);
    // The task ends with the source, or when the reader is gone.
    drop(runtime.spawn(async move { pump(source, &topics, &sender).await }));
    Ok(stream)
}

async fn pump(
    mut source: impl CandleSource,
    topics: &[MarketTopic],
    sender: &StreamSender,
) -> Result<Timestamp, ExchangeError> {
    let (mut batch, mut rates) = (CandleBatch::default(), Vec::new());
    let mut last = Timestamp::EPOCH;
    while let Some(close) = source.next_into(&mut batch) {
        source.funding_until(close, &mut rates);
        for rate in rates.drain(..) {
            if topics.contains(&MarketTopic::Mark(rate.instrument.clone())) {
                sender.send(rate.time, Event::FundingRate(rate)).await?;
            }
        }
        let wanted = |candle: &Candle| MarketTopic::Candles(candle.instrument().clone(), candle.timeframe());
        batch.candles.retain(|candle| topics.contains(&wanted(candle)));
        if !batch.candles.is_empty() {
            sender.send(close, Event::Candles(std::mem::take(&mut batch))).await?;
        }
        last = close;
    }
    Ok(last)
}
