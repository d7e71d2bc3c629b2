//! Market data over HTTP.

use async_trait::async_trait;
use qtp_core::port::{MarketData, MarketStream};
use qtp_core::{
    Candle, CandleQuery, ExchangeError, FundingRate, Instrument, InstrumentId, MarketTopic, OpenInterest,
    OrderBook, Timeframe, Timestamp, Venue,
};
use serde_json::json;

use super::Hyperliquid;
use crate::hyperliquid::payload::{self, AssetContext, unread};
use crate::hyperliquid::stream;

/// Widths of candles that the venue has and that have one length.
const INTERVALS: [&str; 13] =
    ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w"];
/// Candles that the venue keeps, and calls that it may take to read them.
const KEPT: i64 = 5000;
const CALLS: usize = 12;

#[async_trait]
impl MarketData for Hyperliquid {
    fn venue(&self) -> Venue {
        self.inner.venue.clone()
    }

    async fn instruments(&self) -> Result<Vec<Instrument>, ExchangeError> {
        let catalogue = self.read_catalogue().await?;
        Ok(catalogue.listings().iter().map(|listing| listing.instrument.clone()).collect())
    }

    /// The venue keeps the newest 5000 candles of each width.
    async fn candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let coin = &catalogue.instrument("candles", &query.instrument)?.coin;
        let interval = interval("candles", query.timeframe)?;
        let width = query.timeframe.as_nanos() / 1_000_000;
        let now = self.config().clock.now();
        let end = query.end.min(now).as_millis();
        let kept = end.saturating_sub(width.saturating_mul(KEPT)).max(0);
        let mut start = query.start.as_millis().max(kept);
        let mut candles: Vec<Candle> = Vec::new();
        for _ in 0..CALLS {
            if start >= end {
                break;
            }
            let request = json!({"coin": coin, "interval": interval, "startTime": start, "endTime": end});
            let body = json!({"type": "candleSnapshot", "req": request});
            let reply = self.inner.link.info("candles", 20, &body).await?;
            let page = payload::candles(reply.text(), &query.instrument, query.timeframe)?;
            self.inner.link.also(page.len() / 60);
            let after = candles.last().map(Candle::open_time);
            let before = candles.len();
            candles.extend(
                page.into_iter().filter(|candle| after.is_none_or(|after| candle.open_time() > after)),
            );
            let Some(last) = candles.last().filter(|_| candles.len() > before) else { break };
            start = last.close_time().as_millis();
        }
        let wanted = |candle: &Candle| {
            candle.close_time() <= now && (query.start..query.end).contains(&candle.open_time())
        };
        candles.retain(wanted);
        let surplus = query.limit.map_or(0, |limit| candles.len().saturating_sub(limit));
        candles.drain(..surplus);
        Ok(candles)
    }

    /// At most 20 levels a side.
    async fn order_book(&self, instrument: &InstrumentId, depth: usize) -> Result<OrderBook, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let coin = &catalogue.instrument("order_book", instrument)?.coin;
        let body = json!({"type": "l2Book", "coin": coin});
        payload::book(self.inner.link.info("order_book", 2, &body).await?.text(), instrument, depth)
    }

    async fn funding_rate(&self, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
        let context = self.asset_context("funding_rate", instrument).await?;
        context.funding.ok_or_else(|| ExchangeError::Unsupported {
            operation: "funding_rate",
            what: format!("funding of {instrument}"),
        })
    }

    async fn open_interest(&self, instrument: &InstrumentId) -> Result<OpenInterest, ExchangeError> {
        let context = self.asset_context("open_interest", instrument).await?;
        context.open_interest.ok_or_else(|| ExchangeError::Unsupported {
            operation: "open_interest",
            what: format!("open interest of {instrument}"),
        })
    }

    async fn subscribe(&self, topics: &[MarketTopic]) -> Result<MarketStream, ExchangeError> {
        stream::market(self.config(), self.catalogue().await?, topics).await
    }
}

impl Hyperliquid {
    async fn asset_context(
        &self,
        operation: &'static str,
        instrument: &InstrumentId,
    ) -> Result<AssetContext, ExchangeError> {
        let catalogue = self.catalogue().await?;
        let listing = catalogue.instrument(operation, instrument)?;
        if listing.asset.is_spot() {
            let what = format!("{operation} of spot");
            return Err(ExchangeError::Unsupported { operation, what });
        }
        let dex = listing.coin.split_once(':').map_or("", |(dex, _)| dex);
        let body = json!({"type": "metaAndAssetCtxs", "dex": dex});
        let reply = self.inner.link.info(operation, 20, &body).await?;
        let contexts = payload::asset_contexts(reply.text())?;
        let place = usize::try_from(listing.asset.place()).unwrap_or(usize::MAX);
        let context = contexts.get(place).ok_or_else(|| {
            unread(operation, listing.coin.clone(), "the venue lists it no more: read the instruments anew")
        })?;
        let now: Timestamp = self.config().clock.now();
        AssetContext::read(context.get(), instrument, now)
    }
}

/// The venue's name of a width.
pub(in crate::hyperliquid) fn interval(
    operation: &'static str,
    timeframe: Timeframe,
) -> Result<&'static str, ExchangeError> {
    let name = timeframe.to_string();
    let found = INTERVALS.iter().find(|interval| **interval == name);
    found.copied().ok_or_else(|| ExchangeError::Unsupported { operation, what: format!("candles of {name}") })
}
