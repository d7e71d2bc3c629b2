//! Alpha Vantage: US stocks by minutes and days, crypto by days.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, Instrument, InstrumentKind, MarketTopic, Reason, Timestamp, Venue,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::secret::Key;
use super::source::{Listing, Source, candle, first, last};
use crate::native::new_york::{date, new_york, time_of_day};
use crate::native::{read, wrong};
use crate::transport::{Budget, HttpSettings, Limit, Pairs, Request};

/// How to reach it. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct AlphaVantageSettings {
    /// Name in ids.
    pub venue: Venue,
    /// What is read. Shares are stocks, everything with a quote is crypto.
    pub instruments: Vec<Listing>,
    /// Host and request limits.
    pub http: HttpSettings,
    key: Key,
}

impl AlphaVantageSettings {
    /// The source's own host, and the requests a day and minute of the plan: 25 and 5 without one.
    pub fn new(venue: Venue, instruments: Vec<Listing>, key: &str, (a_day, a_minute): (u32, u32)) -> Self {
        let mut http = HttpSettings::new(["https://www.alphavantage.co"]);
        http.budget = Arc::new(Budget::new([
            // A fifth of a limit is kept for exits, of which there are none here.
            Limit {
                name: "requests a day",
                capacity: a_day.saturating_mul(5) / 4,
                window: Duration::from_secs(86_400),
            },
            Limit {
                name: "requests a minute",
                capacity: a_minute.saturating_mul(5) / 4,
                window: Duration::from_secs(60),
            },
        ]));
        Self { venue, instruments, http, key: Key::new(key) }
    }
}

/// Candles as they were traded, without extended hours.
///
/// # Contract
/// - Minutes and hours are read month by month, each a request.
/// - A refusal of the source's plan is `RateLimited`; the key is taken out of its words.
#[derive(Debug)]
pub struct AlphaVantage {
    source: Source,
    key: Key,
}

impl AlphaVantage {
    /// A source. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: AlphaVantageSettings) -> Result<Self, ExchangeError> {
        let source = Source::new(settings.venue, &settings.instruments, settings.http)?;
        Ok(Self { source, key: settings.key })
    }

    async fn series(&self, query: Pairs, wanted: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let query = query.with("apikey", self.key.expose()).into_string();
        let request = Request::get("candles", "/query").query(query).charge(0, 1).charge(1, 1);
        series(self.source.read(request).await?.text(), wanted, &self.key)
    }
}

/// The source's word for a width below a day.
fn minutes(query: &CandleQuery) -> Option<&'static str> {
    Some(match query.timeframe.as_duration().as_secs() {
        60 => "1min",
        300 => "5min",
        900 => "15min",
        1_800 => "30min",
        3_600 => "60min",
        _ => return None,
    })
}

#[async_trait]
impl MarketData for AlphaVantage {
    fn venue(&self) -> Venue {
        self.source.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.source.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.source.native(&query.instrument)?;
        let known = self.source.instruments.iter().find(|known| known.id == query.instrument);
        let stock = known.is_some_and(|known| known.kind == InstrumentKind::Stock);
        let daily = query.timeframe.as_duration() == Duration::from_secs(86_400);
        let mut candles = Vec::new();
        match (stock, daily, minutes(query)) {
            (true, true, _) => {
                let pairs = Pairs::new().with("function", "TIME_SERIES_DAILY").with("symbol", symbol);
                candles = self.series(pairs.with("outputsize", "full"), query).await?;
            }
            (false, true, _) => {
                let (base, market) = symbol.split_once('-').unwrap_or((symbol, "USD"));
                let pairs = Pairs::new().with("function", "DIGITAL_CURRENCY_DAILY").with("symbol", base);
                candles = self.series(pairs.with("market", market), query).await?;
            }
            (true, false, Some(interval)) => {
                for month in months(first(query, None), last(query)) {
                    let pairs = Pairs::new()
                        .with("function", "TIME_SERIES_INTRADAY")
                        .with("symbol", symbol)
                        .with("interval", interval)
                        .with("month", month)
                        .with("outputsize", "full")
                        .with("adjusted", false)
                        .with("extended_hours", false);
                    candles.extend(self.series(pairs, query).await?);
                }
            }
            _ => return Source::no_width(query),
        }
        Ok(self.source.cleaned(candles, query))
    }

    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.source.no_stream()
    }
}

/// Months from one instant to another, such as `2024-01`. The source knows none before 2000.
fn months(from: Timestamp, to: Timestamp) -> Vec<String> {
    let ((year, month, _), (last_year, last_month, _)) = (from.date(), to.date());
    let first = if year < 2000 { 2000 * 12 } else { i64::from(year) * 12 + i64::from(month) - 1 };
    let last = i64::from(last_year) * 12 + i64::from(last_month) - 1;
    (first..=last).map(|month| format!("{:04}-{:02}", month / 12, month % 12 + 1)).collect()
}

/// Reads a series. Refusals come with the status of a success.
fn series(text: &str, query: &CandleQuery, key: &Key) -> Result<Vec<Candle>, ExchangeError> {
    const OPERATION: &str = "candles";
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(rename = "1. open", borrow)]
        open: &'a RawValue,
        #[serde(rename = "2. high", borrow)]
        high: &'a RawValue,
        #[serde(rename = "3. low", borrow)]
        low: &'a RawValue,
        #[serde(rename = "4. close", borrow)]
        close: &'a RawValue,
        #[serde(rename = "5. volume", borrow)]
        volume: &'a RawValue,
    }
    let parts: BTreeMap<Cow<'_, str>, &RawValue> = read(OPERATION, "answer", text)?;
    let words = |raw: &RawValue| key.hide(raw.get().trim_matches('"'));
    if let Some(raw) = parts.get("Error Message") {
        let reason = Reason::new("error_message", words(raw));
        return Err(ExchangeError::Rejected { operation: OPERATION, reason });
    }
    if let Some(raw) = parts.get("Note").or_else(|| parts.get("Information")) {
        let words = words(raw);
        if words.contains("premium") && !words.contains("rate limit") {
            return Err(ExchangeError::Auth { operation: OPERATION, message: words });
        }
        return Err(ExchangeError::RateLimited { operation: OPERATION, retry_after: None });
    }
    let meta = parts.get("Meta Data").ok_or_else(|| wrong(OPERATION, "answer", "it has no \"Meta Data\""))?;
    let meta: BTreeMap<Cow<'_, str>, Cow<'_, str>> = read(OPERATION, "Meta Data", meta.get())?;
    let zone = meta.iter().find(|(name, _)| name.ends_with("Time Zone")).map_or("UTC", |(_, zone)| &**zone);
    let (_, rows) = parts
        .iter()
        .find(|(name, _)| name.starts_with("Time Series"))
        .ok_or_else(|| wrong(OPERATION, "answer", "it has no \"Time Series\""))?;
    let rows: BTreeMap<Cow<'_, str>, Row<'_>> = read(OPERATION, "Time Series", rows.get())?;
    let one = |(wall, row): (Cow<'_, str>, Row<'_>)| {
        let time = instant(&wall, zone)?;
        candle(query, time, [row.open, row.high, row.low, row.close], Some(row.volume))
    };
    rows.into_iter().map(one).collect()
}

/// A wall time in its zone; days stand for midnight UTC of their date.
fn instant(wall: &str, zone: &str) -> Result<Timestamp, ExchangeError> {
    let problem = || wrong("candles", "time", format!("{wall:?} in {zone:?} is no time that is read here"));
    let (day, time) = wall.split_once(' ').unwrap_or((wall, ""));
    if time.is_empty() || zone == "UTC" {
        let time = if time.is_empty() { "00:00:00" } else { time };
        return format!("{day}T{time}Z").parse().map_err(|_| problem());
    }
    if zone != "US/Eastern" {
        return Err(problem());
    }
    let parts = date(day).zip(time_of_day(time)).and_then(|(day, time)| new_york(day, time));
    parts.ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_over_the_turn_of_a_year() {
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(
            months(at("2023-11-30T00:00:00Z"), at("2024-01-01T00:00:00Z")),
            ["2023-11", "2023-12", "2024-01"]
        );
        assert_eq!(months(Timestamp::EPOCH, at("2000-02-01T00:00:00Z")), ["2000-01", "2000-02"]);
    }

    #[test]
    fn walls_are_read_in_their_zone() {
        let at = |wall, zone| instant(wall, zone).map(|time| time.to_string()).ok();
        assert_eq!(at("2025-11-28 15:00:00", "US/Eastern").as_deref(), Some("2025-11-28T20:00:00Z"));
        assert_eq!(at("2025-11-28 15:00:00", "UTC").as_deref(), Some("2025-11-28T15:00:00Z"));
        assert_eq!(at("2025-11-28", "US/Eastern").as_deref(), Some("2025-11-28T00:00:00Z"));
        assert_eq!(at("2025-11-28 15:00:00", "Europe/Berlin"), None);
    }
}
