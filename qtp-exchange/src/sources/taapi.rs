//! TAAPI.io: indicators that somebody else computes, and the candles below them.

mod calculation;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{Clock, MarketData, MarketStream, SystemClock};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, Instrument, InstrumentId, MarketTopic, Reason, Timeframe, Timestamp,
    Venue,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::secret::Key;
use super::source::{Listing, Source, candle, last};
use crate::native::{read, wrong};
use crate::transport::{Budget, HttpSettings, Limit, Pairs, Reply, Request};

pub use calculation::Calculation;

/// Calculations of one request.
const BULK: usize = 20;
/// Results that are remembered.
const ROOM: usize = 10_000;
/// Candles of one answer.
const CANDLES: usize = 2_000;

/// Requests in 15 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaapiPlan {
    /// One, for some pairs on Binance.
    Free,
    /// Five.
    Basic,
    /// 30.
    Pro,
    /// 75.
    Expert,
}

impl TaapiPlan {
    const fn requests(self) -> u32 {
        match self {
            Self::Free => 1,
            Self::Basic => 5,
            Self::Pro => 30,
            Self::Expert => 75,
        }
    }
}

/// How to reach it. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct TaapiSettings {
    /// Name in ids.
    pub venue: Venue,
    /// What is computed; the source's names are such as `BTC/USDT`.
    pub instruments: Vec<Listing>,
    /// Whose candles, such as `binance`.
    pub exchange: String,
    /// Host and request limits.
    pub http: HttpSettings,
    /// Our time: results hold until the candle that they are of has closed.
    pub clock: Arc<dyn Clock>,
    key: Key,
}

impl TaapiSettings {
    /// The source's own host and the plan's limit.
    pub fn new(venue: Venue, instruments: Vec<Listing>, exchange: &str, key: &str, plan: TaapiPlan) -> Self {
        let mut http = HttpSettings::new(["https://api.taapi.io"]);
        // A fifth of a limit is kept for exits, of which there are none here: a limit of one needs two.
        let capacity = (plan.requests() * 5).div_ceil(4);
        let limit = Limit { name: "requests in 15 s", capacity, window: Duration::from_secs(15) };
        http.budget = Arc::new(Budget::new([limit]));
        let clock = Arc::new(SystemClock);
        Self { venue, instruments, exchange: exchange.to_owned(), http, clock, key: Key::new(key) }
    }
}

/// Outputs of an indicator by their names, such as `value` or `valueMACDSignal`.
pub type Outputs = BTreeMap<String, f64>;

type Cache = BTreeMap<String, (Timestamp, Outputs)>;

/// Indicators and candles.
///
/// # Contract
/// - A result of the source is that of the candle that forms; one candle back is the last closed one, which is what
///   [`Calculation`] asks for unless it says otherwise.
/// - A result is asked for once: until the next candle closes it is remembered.
pub struct Taapi {
    source: Source,
    exchange: String,
    key: Key,
    clock: Arc<dyn Clock>,
    cache: Mutex<Cache>,
}

impl std::fmt::Debug for Taapi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Taapi").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Taapi {
    /// A source. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: TaapiSettings) -> Result<Self, ExchangeError> {
        let source = Source::new(settings.venue, &settings.instruments, settings.http)?;
        let (exchange, key, clock) = (settings.exchange, settings.key, settings.clock);
        Ok(Self { source, exchange, key, clock, cache: Mutex::default() })
    }

    /// One indicator.
    ///
    /// # Errors
    /// As every read; `Rejected` for an indicator or parameter that the source does not know.
    pub async fn indicator(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        calculation: &Calculation,
    ) -> Result<Outputs, ExchangeError> {
        let id = self.id(instrument, timeframe, calculation);
        if let Some(known) = self.remembered(&id) {
            return Ok(known);
        }
        let pairs = self.pairs(instrument, timeframe)?;
        let request = Request::get("indicator", format!("/{}", calculation.indicator));
        let request = request.query(calculation.add(pairs).into_string()).charge(0, 1);
        let reply = self.source.read(request).await?;
        let outputs = outputs(self.succeeded(&reply)?, &calculation.indicator)?;
        self.remember(id, timeframe, &outputs);
        Ok(outputs)
    }

    /// Several indicators of one instrument in as few requests as the source takes, in their order.
    ///
    /// # Errors
    /// As [`Self::indicator`], with the indicator's name; none of them is then returned.
    pub async fn bulk(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        calculations: &[Calculation],
    ) -> Result<Vec<Outputs>, ExchangeError> {
        let ids: Vec<String> =
            calculations.iter().map(|calculation| self.id(instrument, timeframe, calculation)).collect();
        let unknown: Vec<(&String, &Calculation)> =
            ids.iter().zip(calculations).filter(|(id, _)| self.remembered(id).is_none()).collect();
        let mut found: BTreeMap<String, Outputs> = BTreeMap::new();
        for chunk in unknown.chunks(BULK) {
            found.extend(self.ask_bulk(instrument, timeframe, chunk).await?);
        }
        for (id, outputs) in &found {
            self.remember(id.clone(), timeframe, outputs);
        }
        let one = |id: &String| {
            let known = found.get(id).cloned().or_else(|| self.remembered(id));
            known.ok_or_else(|| wrong("bulk", "answer", format!("it has nothing for {id}")))
        };
        ids.iter().map(one).collect()
    }

    async fn ask_bulk(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        calculations: &[(&String, &Calculation)],
    ) -> Result<BTreeMap<String, Outputs>, ExchangeError> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            data: Vec<Entry<'a>>,
        }
        #[derive(Deserialize)]
        struct Entry<'a> {
            id: String,
            #[serde(borrow)]
            result: Option<&'a RawValue>,
            #[serde(default)]
            errors: Vec<String>,
        }
        let indicators: Vec<Value> =
            calculations.iter().map(|(id, calculation)| calculation.json(id)).collect();
        let construct = json!({"exchange": self.exchange, "symbol": self.source.native(instrument)?,
            "interval": timeframe.to_string(), "indicators": indicators});
        let body = json!({"secret": self.key.expose(), "construct": construct}).to_string();
        let request = Request::post_json("bulk", "/bulk", body).charge(0, 1);
        // It asks and changes nothing, so it may be repeated.
        let reply = self.source.read(request).await?;
        let answer: Answer<'_> = read("bulk", "answer", self.succeeded(&reply)?)?;
        let mut found = BTreeMap::new();
        for Entry { id, result, errors } in answer.data {
            if let Some(problem) = errors.first() {
                let words = self.key.hide(&format!("{id}: {problem}"));
                return Err(ExchangeError::Rejected {
                    operation: "bulk",
                    reason: Reason::new("calculation", words),
                });
            }
            let result = result.ok_or_else(|| wrong("bulk", "answer", format!("{id} has no result")))?;
            found.insert(id.clone(), outputs(result.get(), &id)?);
        }
        Ok(found)
    }

    fn pairs(&self, instrument: &InstrumentId, timeframe: Timeframe) -> Result<Pairs, ExchangeError> {
        Ok(Pairs::new()
            .with("secret", self.key.expose())
            .with("exchange", &self.exchange)
            .with("symbol", self.source.native(instrument)?)
            .with("interval", timeframe))
    }

    fn id(&self, instrument: &InstrumentId, timeframe: Timeframe, calculation: &Calculation) -> String {
        format!("{}_{}_{timeframe}_{}", self.exchange, instrument.symbol(), calculation.id())
    }

    fn remembered(&self, id: &str) -> Option<Outputs> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(id).filter(|(until, _)| self.clock.now() < *until).map(|(_, outputs)| outputs.clone())
    }

    fn remember(&self, id: String, timeframe: Timeframe, outputs: &Outputs) {
        let now = self.clock.now();
        let until = timeframe.floor(now) + timeframe.as_duration();
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (until, _)| now < *until);
        if cache.len() < ROOM {
            cache.insert(id, (until, outputs.clone()));
        }
    }

    fn succeeded<'a>(&self, reply: &'a Reply) -> Result<&'a str, ExchangeError> {
        if reply.is_success() {
            return Ok(reply.text());
        }
        let operation = reply.operation();
        let words: String = reply.text().chars().take(256).collect();
        let message = self.key.hide(&words);
        match reply.status() {
            401 | 403 => Err(ExchangeError::Auth { operation, message }),
            status => {
                Err(ExchangeError::Rejected { operation, reason: Reason::new(status.to_string(), message) })
            }
        }
    }
}

/// Numbers of an answer by their names; what is no number is left out.
fn outputs(text: &str, what: &str) -> Result<Outputs, ExchangeError> {
    let values: Map<String, Value> = read("indicator", what, text)?;
    let outputs: Outputs =
        values.iter().filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect();
    if outputs.is_empty() {
        return Err(wrong("indicator", what, "it has no value"));
    }
    Ok(outputs)
}

#[async_trait]
impl MarketData for Taapi {
    fn venue(&self) -> Venue {
        self.source.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.source.instruments.clone())
    }

    /// The latest candles only: the source counts back from now.
    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        #[derive(Deserialize)]
        struct Row<'a> {
            timestamp: i64,
            #[serde(borrow)]
            open: &'a RawValue,
            #[serde(borrow)]
            high: &'a RawValue,
            #[serde(borrow)]
            low: &'a RawValue,
            #[serde(borrow)]
            close: &'a RawValue,
            #[serde(borrow)]
            volume: Option<&'a RawValue>,
        }
        if !matches!(
            query.timeframe.to_string().as_str(),
            "1m" | "5m" | "15m" | "30m" | "1h" | "2h" | "4h" | "12h" | "1d" | "1w"
        ) {
            return Source::no_width(query);
        }
        let back = last(query).max(self.clock.now()).since(query.start).as_nanos();
        let wanted = back.div_ceil(query.timeframe.as_duration().as_nanos());
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_add(1);
        if wanted > CANDLES && query.limit.is_none() {
            let what = format!("{wanted} candles back from now: {CANDLES} at most");
            return Err(ExchangeError::Unsupported { operation: "candles", what });
        }
        let count = wanted.min(query.limit.map_or(CANDLES, |limit| limit.saturating_add(1))).min(CANDLES);
        let pairs = self.pairs(&query.instrument, query.timeframe)?.with("period", count);
        let request = Request::get("candles", "/candles").query(pairs.into_string()).charge(0, 1);
        let reply = self.source.read(request).await?;
        let rows: Vec<Row<'_>> = read("candles", "answer", self.succeeded(&reply)?)?;
        let one = |row: Row<'_>| {
            let prices = [row.open, row.high, row.low, row.close];
            candle(query, Timestamp::from_secs(row.timestamp), prices, row.volume)
        };
        let candles: Vec<Candle> = rows.into_iter().map(one).collect::<Result<_, _>>()?;
        Ok(self.source.cleaned(candles, query))
    }

    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.source.no_stream()
    }
}
