//! Finazon: stocks and crypto by data set.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{MarketData, MarketStream};
use qtp_core::{Candle, CandleQuery, ExchangeError, Instrument, MarketTopic, Reason, Timestamp, Venue};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::secret::Key;
use super::source::{Listing, Source, candle, first, last};
use crate::native::read;
use crate::transport::{Budget, HttpSettings, Limit, Pairs, Request};

/// Rows of one page, and pages of one query.
const PAGE: usize = 1_000;
const PAGES: usize = 10_000;

/// How to reach it. `Debug` shows no key.
#[derive(Debug, Clone)]
pub struct FinazonSettings {
    /// Name in ids.
    pub venue: Venue,
    /// What is read.
    pub instruments: Vec<Listing>,
    /// Publisher and data set, such as `finazon/us_stocks_essential` or `binance/binance`.
    pub dataset: String,
    /// What stands before the data set.
    pub prefix: String,
    /// Host and request limits.
    pub http: HttpSettings,
    key: Key,
}

impl FinazonSettings {
    /// The source's own host, and the requests a minute of the plan.
    pub fn new(venue: Venue, instruments: Vec<Listing>, dataset: &str, key: &str, a_minute: u32) -> Self {
        let mut http = HttpSettings::new(["https://api.finazon.io"]);
        let capacity = a_minute.saturating_mul(5) / 4;
        let minute = Limit { name: "requests a minute", capacity, window: Duration::from_secs(60) };
        http.budget = Arc::new(Budget::new([minute]));
        let (dataset, prefix) = (dataset.trim_matches('/').to_owned(), "/latest".to_owned());
        Self { venue, instruments, dataset, prefix, http, key: Key::new(key) }
    }
}

/// Candles of one data set.
#[derive(Debug)]
pub struct Finazon {
    source: Source,
    path: String,
    key: Key,
}

impl Finazon {
    /// A source. It connects at the first call.
    ///
    /// # Errors
    /// `Unsupported` for addresses that cannot be used.
    pub fn new(settings: FinazonSettings) -> Result<Self, ExchangeError> {
        let path = format!("{}/{}/time_series", settings.prefix, settings.dataset);
        let source = Source::new(settings.venue, &settings.instruments, settings.http)?;
        Ok(Self { source, path, key: settings.key })
    }

    async fn page(&self, query: &CandleQuery, pairs: Pairs) -> Result<(Vec<Candle>, usize), ExchangeError> {
        const OPERATION: &str = "candles";
        #[derive(Deserialize)]
        struct Answer<'a> {
            #[serde(borrow)]
            data: Vec<Row<'a>>,
        }
        #[derive(Deserialize)]
        struct Row<'a> {
            t: i64,
            #[serde(borrow)]
            o: &'a RawValue,
            #[serde(borrow)]
            h: &'a RawValue,
            #[serde(borrow)]
            l: &'a RawValue,
            #[serde(borrow)]
            c: &'a RawValue,
            #[serde(borrow)]
            v: Option<&'a RawValue>,
        }
        let key = format!("apikey {}", self.key.expose());
        let request = Request::get(OPERATION, self.path.as_str()).query(pairs.into_string());
        let reply = self.source.read(request.header("authorization", key).charge(0, 1)).await?;
        if !reply.is_success() {
            return Err(self.refusal(reply.status(), reply.text()));
        }
        let answer: Answer<'_> = read(OPERATION, "answer", reply.text())?;
        let count = answer.data.len();
        let row =
            |row: Row<'_>| candle(query, Timestamp::from_secs(row.t), [row.o, row.h, row.l, row.c], row.v);
        Ok((answer.data.into_iter().map(row).collect::<Result<_, _>>()?, count))
    }

    /// The form of a refusal is not certain: its message if it has one.
    fn refusal(&self, status: u16, text: &str) -> ExchangeError {
        #[derive(Deserialize)]
        struct Refusal {
            message: String,
        }
        let operation = "candles";
        let words = serde_json::from_str(text)
            .map_or_else(|_| format!("HTTP status {status}"), |refusal: Refusal| refusal.message);
        let message = self.key.hide(&words);
        match status {
            401 | 403 => ExchangeError::Auth { operation, message },
            _ => ExchangeError::Rejected { operation, reason: Reason::new(status.to_string(), message) },
        }
    }
}

#[async_trait]
impl MarketData for Finazon {
    fn venue(&self) -> Venue {
        self.source.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        Ok(self.source.instruments.clone())
    }

    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let symbol = self.source.native(&query.instrument)?;
        let interval = query.timeframe.to_string();
        if !matches!(
            interval.as_str(),
            "1s" | "1m" | "2m" | "5m" | "10m" | "15m" | "30m" | "1h" | "4h" | "1d" | "1w"
        ) {
            return Source::no_width(query);
        }
        let mut candles = Vec::new();
        // The newest first, so that a limit ends the reading.
        for page in 0..PAGES {
            let pairs = Pairs::new()
                .with("ticker", symbol)
                .with("interval", &interval)
                .with("page", page)
                .with("page_size", PAGE)
                .with("start_at", first(query, None).as_secs())
                .with("end_at", last(query).as_secs())
                .with("order", "desc");
            let (found, count) = self.page(query, pairs).await?;
            candles.extend(found);
            // One more than the limit: the newest may not have closed.
            let enough = query.limit.is_some_and(|limit| candles.len() > limit);
            if count < PAGE || enough {
                break;
            }
        }
        Ok(self.source.cleaned(candles, query))
    }

    async fn subscribe(&self, _: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        self.source.no_stream()
    }
}
