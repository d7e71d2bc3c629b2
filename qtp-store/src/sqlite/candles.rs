//! Candles as integer mantissas, with the exact text where a value is no 64-bit integer at the series' scale.

mod get;
mod put;
mod scale;

use async_trait::async_trait;
use qtp_core::port::CandleStore;
use qtp_core::{Candle, CandleQuery, InstrumentId, StoreError, Timeframe};
use sqlx::SqliteConnection;

use self::scale::Scales;
use super::{SqliteStore, backend};

const GET: &str = "read candles";
const PUT: &str = "put candles";

#[async_trait]
impl CandleStore for SqliteStore {
    async fn put_candles(&self, candles: &[Candle]) -> Result<(), StoreError> {
        if candles.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write(PUT).await?;
        for run in candles.chunk_by(|a, b| a.timeframe() == b.timeframe() && a.instrument() == b.instrument())
        {
            put::put_run(&mut transaction, run).await?;
        }
        transaction.commit().await.map_err(backend(PUT))
    }

    async fn get_candles(&self, query: &CandleQuery) -> Result<Vec<Candle>, StoreError> {
        let mut snapshot = self.snapshot(GET).await?;
        match series(&mut snapshot, &query.instrument, query.timeframe, GET).await? {
            None => Ok(Vec::new()),
            Some(series) => get::get(&mut snapshot, series, query).await,
        }
    }
}

/// One instrument at one width.
#[derive(Debug, Clone, Copy)]
struct Series {
    id: i64,
    scales: Scales,
}

async fn series(
    connection: &mut SqliteConnection,
    instrument: &InstrumentId,
    timeframe: Timeframe,
    operation: &'static str,
) -> Result<Option<Series>, StoreError> {
    const SQL: &str =
        "SELECT id, price_scale, volume_scale FROM series WHERE instrument = ? AND timeframe = ?";
    let query = sqlx::query_as(SQL).bind(instrument.as_str()).bind(timeframe.as_nanos());
    let row: Option<(i64, u32, u32)> = query.fetch_optional(connection).await.map_err(backend(operation))?;
    Ok(row.map(|(id, price, volume)| Series { id, scales: Scales { price, volume } }))
}
