//! What the sources share.

use qtp_core::port::{Clock, SystemClock};
use qtp_core::{
    Candle, CandleParts, CandleQuery, ExchangeError, Instrument, InstrumentId, Price, Quantity, Timestamp,
    ValueError, Venue,
};
use serde_json::value::RawValue;

use crate::clean::clean;
use crate::native::{Symbols, refused};
use crate::transport::{Http, HttpSettings, Reply, Request};

/// An instrument of a source and the source's own name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Our id.
    pub instrument: InstrumentId,
    /// The source's name.
    pub native: String,
}

impl Listing {
    /// Under the name that stands before the `@`.
    pub fn new(instrument: InstrumentId) -> Self {
        let native = instrument.symbol().to_owned();
        Self { instrument, native }
    }

    /// Under another name, such as `^GSPC`.
    pub fn named(instrument: InstrumentId, native: impl Into<String>) -> Self {
        Self { instrument, native: native.into() }
    }
}

/// Name, instruments and connection of a source.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) venue: Venue,
    pub(super) instruments: Vec<Instrument>,
    symbols: Symbols,
    http: Http,
}

impl Source {
    /// # Errors
    /// `Unsupported` for addresses that cannot be used; `Decode` for an id that is no instrument.
    pub(super) fn new(venue: Venue, listings: &[Listing], http: HttpSettings) -> Result<Self, ExchangeError> {
        let mut instruments = Vec::with_capacity(listings.len());
        for listing in listings {
            let instrument = Instrument::unrestricted(listing.instrument.clone());
            instruments.push(instrument.map_err(refused("instruments", listing.instrument.as_str()))?);
        }
        let symbols = Symbols::new(listings.iter().map(|listing| listing.native.as_str()).zip(&instruments));
        Ok(Self { venue, instruments, symbols, http: Http::new(http)? })
    }

    pub(super) fn native(&self, id: &InstrumentId) -> Result<&str, ExchangeError> {
        self.symbols.native("candles", id)
    }

    /// Any answer: sources tell refusals in their own ways.
    pub(super) async fn read(&self, request: Request) -> Result<Reply, ExchangeError> {
        self.http.read(|| Ok(request.clone())).await
    }

    /// Candles as a query wants them, cleaned.
    pub(super) fn cleaned(&self, candles: Vec<Candle>, query: &CandleQuery) -> Vec<Candle> {
        let (mut candles, _) = clean(candles, SystemClock.now());
        candles.retain(|candle| candle.open_time() >= query.start && candle.open_time() < query.end);
        if let Some(limit) = query.limit {
            candles.drain(..candles.len().saturating_sub(limit));
        }
        candles
    }

    /// What only a venue with live data can do.
    pub(super) fn no_stream<T>(&self) -> Result<T, ExchangeError> {
        let what = format!("a stream: {} answers questions only; put `Polled` around it", self.venue);
        Err(ExchangeError::Unsupported { operation: "subscribe", what })
    }

    /// A width that the source does not have.
    pub(super) fn no_width<T>(query: &CandleQuery) -> Result<T, ExchangeError> {
        let what = format!("candles of {}", query.timeframe);
        Err(ExchangeError::Unsupported { operation: "candles", what })
    }
}

/// First instant of a query: where a source counts from today, nothing older than `longest` days is asked for.
pub(super) fn first(query: &CandleQuery, longest_days: Option<u64>) -> Timestamp {
    let start = query.start.max(Timestamp::EPOCH);
    match longest_days {
        Some(days) => start.max(SystemClock.now() - std::time::Duration::from_secs(days * 86_400)),
        None => start,
    }
}

/// Last instant of a query that can be over.
pub(super) fn last(query: &CandleQuery) -> Timestamp {
    query.end.min(SystemClock.now())
}

/// A candle out of JSON numbers by their own digits, which no float has touched.
pub(super) fn candle(
    query: &CandleQuery,
    open_time: Timestamp,
    prices: [&RawValue; 4],
    volume: Option<&RawValue>,
) -> Result<Candle, ExchangeError> {
    let wrong = |what: &'static str| move |error: ValueError| refused("candles", what)(error);
    let [open, high, low, close] = prices.map(|raw| digits(raw).parse::<Price>());
    let volume = volume.map_or(Ok(Quantity::ZERO), |raw| digits(raw).parse());
    Candle::new(CandleParts {
        instrument: query.instrument.clone(),
        timeframe: query.timeframe,
        open_time,
        open: open.map_err(wrong("open"))?,
        high: high.map_err(wrong("high"))?,
        low: low.map_err(wrong("low"))?,
        close: close.map_err(wrong("close"))?,
        volume: volume.map_err(wrong("volume"))?,
    })
    .map_err(wrong("candle"))
}

fn digits(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}
