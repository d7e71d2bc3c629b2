//! Candles page by page, the newest first.

use async_trait::async_trait;
use qtp_core::{Candle, CandleQuery, ExchangeError, Timestamp};

/// Most pages of one query: years of minutes.
pub(crate) const PAGES: usize = 10_000;

/// A venue that tells the candles before an instant.
#[async_trait]
pub(crate) trait Backwards: Sync {
    /// Closed candles that open before `end`, the latest `count` of them, oldest first.
    async fn before(&self, end: Timestamp, count: u32) -> Result<Vec<Candle>, ExchangeError>;

    /// Most candles of one answer.
    fn page(&self) -> u32;
}

/// The newest `limit` candles of a query that have closed by `now`, oldest first.
pub(crate) async fn newest(
    venue: &dyn Backwards,
    query: &CandleQuery,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Candle>, ExchangeError> {
    // Newest page first; each is ascending in itself.
    let mut pages: Vec<Vec<Candle>> = Vec::new();
    let (mut count, mut end) = (0usize, query.end.min(now));
    for _ in 0..PAGES {
        let missing = limit.saturating_sub(count);
        if missing == 0 || end <= query.start {
            break;
        }
        // One more, for the candle that has not closed yet.
        let wanted = u32::try_from(missing.saturating_add(1)).unwrap_or(u32::MAX).min(venue.page());
        let mut page = venue.before(end, wanted).await?;
        page.retain(|candle| candle.open_time() >= query.start && candle.open_time() < end);
        let Some(first) = page.first() else { break };
        end = first.open_time();
        count += page.len();
        pages.push(page);
    }
    let mut candles: Vec<Candle> = pages.into_iter().rev().flatten().collect();
    let surplus = candles.len().saturating_sub(limit);
    candles.drain(..surplus);
    Ok(candles)
}
