//! The synthetic market as a venue's market data.

use async_trait::async_trait;
use qtp_core::port::MarketStream;
use qtp_core::{
    Candle, CandleBatch, CandleQuery, ExchangeError, Instrument, InstrumentId, MarketTopic, Timeframe,
    ValueError, Venue,
};

use super::config::{SyntheticConfig, VENUE};
use super::feed::SyntheticFeed;
use crate::MarketData;
use crate::candle_file::{CandleSource, stream};

/// Longest history that one query may ask for: ten years of minutes.
const QUERY_MAX: u64 = 5_256_000;

/// A market that is a pure function of its seed: it knows its whole future, so ask only for what is past.
/// A stream starts at the first minute and runs as fast as it is read.
#[derive(Debug, Clone)]
pub struct SyntheticMarket {
    seed: u64,
    config: SyntheticConfig,
    venue: Venue,
    instruments: Vec<Instrument>,
}

impl SyntheticMarket {
    /// A market of this seed.
    ///
    /// # Errors
    /// [`ValueError`] if the configuration is not usable.
    pub fn new(seed: u64, config: SyntheticConfig) -> Result<Self, ValueError> {
        config.validate()?;
        let mut instruments =
            config.coins.iter().map(|coin| coin.instrument()).collect::<Result<Vec<_>, _>>()?;
        instruments.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(Self { seed, config, venue: VENUE.parse()?, instruments })
    }

    /// The instruments, ordered by id.
    pub fn definitions(&self) -> &[Instrument] {
        &self.instruments
    }

    /// A feed that stands before the first minute.
    ///
    /// # Errors
    /// Never for a market that was built.
    pub fn feed(&self) -> Result<SyntheticFeed, ValueError> {
        SyntheticFeed::new(self.seed, self.config.clone())
    }

    /// A feed of these timeframes alone, of one coin or of all.
    fn narrowed(
        &self,
        operation: &'static str,
        instrument: Option<&InstrumentId>,
        timeframes: Vec<Timeframe>,
    ) -> Result<SyntheticFeed, ExchangeError> {
        let mut config = SyntheticConfig { timeframes, ..self.config.clone() };
        if let Some(id) = instrument {
            config.coins.retain(|coin| coin.id().is_ok_and(|own| own == *id));
        }
        SyntheticFeed::new(self.seed, config)
            .map_err(|error| ExchangeError::Unsupported { operation, what: error.to_string() })
    }

    fn known(&self, operation: &'static str, id: &InstrumentId) -> Result<(), ExchangeError> {
        if self.instruments.iter().any(|instrument| instrument.id == *id) {
            return Ok(());
        }
        Err(ExchangeError::UnknownInstrument { operation, instrument: id.clone() })
    }
}

#[async_trait]
impl MarketData for SyntheticMarket {
    fn venue(&self) -> Venue {
        self.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        self.known("candles", &query.instrument)?;
        let mut feed = self.narrowed("candles", Some(&query.instrument), vec![query.timeframe])?;
        // Nothing is ever missing, so that a limit tells where to begin.
        let width = query.timeframe.as_duration();
        let span = query.limit.map(|limit| width.saturating_mul(u32::try_from(limit).unwrap_or(u32::MAX)));
        let start = span.map_or(query.start, |span| query.start.max(query.end - span - width));
        let minutes = query.end.since(start.max(self.config.start)).as_secs() / 60;
        if minutes.min(self.config.minutes.unwrap_or(u64::MAX)) > QUERY_MAX {
            let what = "more than ten years of minutes in one query".into();
            return Err(ExchangeError::Unsupported { operation: "candles", what });
        }
        feed.fast_forward_to(query.timeframe.floor(start));
        let (mut candles, mut batch) = (Vec::new(), CandleBatch::default());
        while feed.next_into(&mut batch).is_some() {
            let wanted = |candle: &Candle| candle.open_time() >= start;
            let Some(candle) = batch.candles.pop() else { continue };
            if candle.open_time() >= query.end {
                break;
            }
            candles.extend(Some(candle).filter(wanted));
        }
        let surplus = query.limit.map_or(0, |limit| candles.len().saturating_sub(limit));
        candles.drain(..surplus);
        Ok(candles)
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        let mut timeframes = vec![Timeframe::M1];
        for topic in topics {
            self.known("subscribe", topic.instrument())?;
            if let MarketTopic::Candles(_, timeframe) = topic {
                timeframes.push(*timeframe);
            }
        }
        stream(self.narrowed("subscribe", None, timeframes)?, topics.to_vec())
    }
}
