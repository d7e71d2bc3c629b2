//! Yahoo's charts: stocks, funds, currencies and crypto. They are not a documented interface and may change.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, Decimal, ExchangeError, Instrument, InstrumentId, MarketTopic, Reason, Timeframe,
    Timestamp, Venue,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::source::{Listing, Source, candle, first, last};
use crate::clean::CorporateAction;
use crate::native::{number, read, wrong};
use crate::transport::{HttpSettings, Pairs, Request};

/// Without the name of a browser the source refuses.
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36";
const DAY: u64 = 86_400;

/// How to reach it.
#[derive(Debug, Clone)]
pub struct YahooSettings {
    /// Name in ids.
    pub venue: Venue,
    /// What is read.
    pub instruments: Vec<Listing>,
    /// Hosts.
    pub http: HttpSettings,
}

impl YahooSettings {
    /// The source's own hosts.
    pub fn new(venue: Venue, instruments: Vec<Listing>) -> Self {
        let http =
            HttpSettings::new(["https://query1.finance.yahoo.com", "https://query2.finance.yahoo.com"]);
        Self { venue, instruments, http }
    }
}

/// Candles adjusted for splits, not for dividends; the actions themselves are in [`Self::actions`].
///
/// # Contract
/// - A day opens at midnight UTC of its session's date.
/// - Minutes reach back 30 days, other widths below an hour 60, hours 730: older ones are not asked for.
#[derive(Debug)]
pub struct Yahoo {
    source: Source,
}

impl Yahoo {
    /// A source. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: YahooSettings) -> Result<Self, ExchangeError> {
        Ok(Self { source: Source::new(settings.venue, &settings.instruments, settings.http)? })
    }

    /// Splits and dividends, ascending.
    ///
    /// # Errors
    /// As every read.
    pub async fn actions(
        &self,
        instrument: &InstrumentId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CorporateAction>, ExchangeError> {
        let text = self.chart(self.source.native(instrument)?, "1d", from, to).await?;
        chart(&text)?.map_or(Ok(Vec::new()), |result| result.actions())
    }

    async fn chart(
        &self,
        symbol: &str,
        interval: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<String, ExchangeError> {
        let query = Pairs::new()
            .with("interval", interval)
            .with("period1", from.as_secs())
            .with("period2", to.as_secs())
            .with("events", "div,splits")
            .with("includePrePost", false);
        // The name stands in the path: `^GSPC` and `EURUSD=X` are encoded as a value would be.
        let name = Pairs::new().with("", symbol).into_string();
        let path = format!("/v8/finance/chart/{}", name.trim_start_matches('='));
        let request = Request::get("candles", path).query(query.into_string()).header("user-agent", BROWSER);
        Ok(self.source.read(request).await?.text().to_owned())
    }
}

/// The source's word for a width, how many days back it reaches, and the days of one answer.
fn width(timeframe: Timeframe) -> Option<(&'static str, Option<u64>, u64)> {
    Some(match timeframe.as_duration().as_secs() {
        60 => ("1m", Some(29), 7),
        120 => ("2m", Some(59), 59),
        300 => ("5m", Some(59), 59),
        900 => ("15m", Some(59), 59),
        1_800 => ("30m", Some(59), 59),
        3_600 => ("1h", Some(729), 729),
        DAY => ("1d", None, 36_500),
        604_800 => ("1wk", None, 36_500),
        _ => return None,
    })
}

#[async_trait]
impl MarketData for Yahoo {
    fn venue(&self) -> Venue {
        self.source.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.source.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.source.native(&query.instrument)?;
        let Some((interval, reach, days)) = width(query.timeframe) else { return Source::no_width(query) };
        let (mut candles, mut start, end) = (Vec::new(), first(query, reach), last(query));
        while start < end {
            let until = (start + Duration::from_secs(days * DAY)).min(end);
            let text = self.chart(symbol, interval, start, until).await?;
            if let Some(result) = chart(&text)? {
                candles.extend(result.candles(query)?);
            }
            start = until;
        }
        Ok(self.source.cleaned(candles, query))
    }

    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.source.no_stream()
    }
}

#[derive(Deserialize)]
struct Chart<'a> {
    #[serde(default)]
    timestamp: Vec<i64>,
    #[serde(borrow)]
    indicators: Indicators<'a>,
    #[serde(default)]
    events: Events,
}

#[derive(Deserialize)]
struct Indicators<'a> {
    #[serde(borrow)]
    quote: Vec<Quote<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Quote<'a> {
    #[serde(borrow)]
    open: Vec<Option<&'a RawValue>>,
    #[serde(borrow)]
    high: Vec<Option<&'a RawValue>>,
    #[serde(borrow)]
    low: Vec<Option<&'a RawValue>>,
    #[serde(borrow)]
    close: Vec<Option<&'a RawValue>>,
    #[serde(borrow)]
    volume: Vec<Option<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Events {
    dividends: BTreeMap<String, Dividend>,
    splits: BTreeMap<String, Split>,
}

#[derive(Deserialize)]
struct Dividend {
    date: i64,
    #[serde(deserialize_with = "number")]
    amount: Decimal,
}

#[derive(Deserialize)]
struct Split {
    date: i64,
    #[serde(deserialize_with = "number")]
    numerator: Decimal,
    #[serde(deserialize_with = "number")]
    denominator: Decimal,
}

/// The chart in an answer; `None` where nothing was traded.
fn chart(text: &str) -> Result<Option<Chart<'_>>, ExchangeError> {
    const OPERATION: &str = "candles";
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        chart: Outer<'a>,
    }
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        result: Option<Vec<Chart<'a>>>,
        #[serde(borrow)]
        error: Option<Refusal<'a>>,
    }
    #[derive(Deserialize)]
    struct Refusal<'a> {
        #[serde(borrow)]
        code: Cow<'a, str>,
        #[serde(borrow)]
        description: Cow<'a, str>,
    }
    let outer = read::<Answer<'_>>(OPERATION, "chart", text)?.chart;
    if let Some(Refusal { code, description }) = outer.error {
        let reason = Reason::new(code.to_lowercase().replace(' ', "_"), description);
        return Err(ExchangeError::Rejected { operation: OPERATION, reason });
    }
    Ok(outer.result.and_then(|mut results| results.pop()))
}

impl Chart<'_> {
    /// Rows without prices stand for times at which nothing was traded.
    fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let Some(quote) = self.indicators.quote.first() else { return Ok(Vec::new()) };
        let columns = [&quote.open, &quote.high, &quote.low, &quote.close];
        let rows = self.timestamp.len();
        if columns.iter().any(|column| column.len() != rows) && rows > 0 {
            return Err(wrong("candles", "chart", format!("its columns have not {rows} rows each")));
        }
        let mut candles = Vec::with_capacity(rows);
        for (row, seconds) in self.timestamp.iter().enumerate() {
            let cell =
                |column: &Vec<Option<&RawValue>>| column.get(row).copied().flatten().map(RawValue::to_owned);
            let [Some(open), Some(high), Some(low), Some(close)] = columns.map(cell) else { continue };
            let volume = cell(&quote.volume);
            let time = Timestamp::from_secs(*seconds);
            // Days come with the opening of their session.
            let days = query.timeframe.as_duration() >= Duration::from_secs(DAY);
            let time = if days { Timeframe::D1.floor(time) } else { time };
            candles.push(candle(query, time, [&*open, &*high, &*low, &*close], volume.as_deref())?);
        }
        Ok(candles)
    }

    fn actions(&self) -> Result<Vec<CorporateAction>, ExchangeError> {
        let mut actions = Vec::new();
        for split in self.events.splits.values() {
            let ratio = split.numerator.checked_div(split.denominator);
            let ratio = ratio.ok_or_else(|| wrong("actions", "split", "into nothing"))?;
            actions.push(CorporateAction::Split { time: Timestamp::from_secs(split.date), ratio });
        }
        for dividend in self.events.dividends.values() {
            let time = Timestamp::from_secs(dividend.date);
            actions.push(CorporateAction::Dividend { time, amount: dividend.amount });
        }
        actions.sort_by_key(CorporateAction::time);
        Ok(actions)
    }
}
