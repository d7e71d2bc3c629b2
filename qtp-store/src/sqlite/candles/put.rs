//! Writing candles of one series.

use qtp_core::money::canonical;
use qtp_core::{Candle, StoreError};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqliteConnection};

use super::scale::{Mantissas, Scales, power};
use super::{PUT, Series, backend, series};
use crate::error::codec;

/// Rows of one INSERT: seven parameters each, of which SQLite takes 32,766.
const INSERT_ROWS: usize = 2048;

pub(super) async fn put_run(connection: &mut SqliteConnection, run: &[Candle]) -> Result<(), StoreError> {
    let series = fitting_series(connection, run).await?;
    let has_text: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM candles_text WHERE series = ?)")
        .bind(series.id)
        .fetch_one(&mut *connection)
        .await
        .map_err(backend(PUT))?;
    let mut rows = Vec::with_capacity(run.len().min(INSERT_ROWS));
    for part in run.chunks(INSERT_ROWS) {
        rows.clear();
        rows.extend(
            part.iter()
                .map_while(|candle| Some((candle.open_time().as_nanos(), series.scales.mantissas(candle)?))),
        );
        if has_text || rows.len() < part.len() {
            put_mixed(connection, series, part).await?;
        } else {
            insert(connection, series.id, &rows).await?;
        }
    }
    Ok(())
}

/// The series, made or rescaled so that as many of its candles as can be are integers.
async fn fitting_series(connection: &mut SqliteConnection, run: &[Candle]) -> Result<Series, StoreError> {
    const NEW: &str = "INSERT INTO series (instrument, timeframe, price_scale, volume_scale) VALUES (?, ?, ?, ?) RETURNING id";
    const LARGEST: &str = "SELECT coalesce(max(max(open, high, low, close)), 0), coalesce(max(volume), 0) FROM candles WHERE series = ?";
    let Some(first) = run.first() else {
        return Err(StoreError::Backend { operation: PUT, retryable: false, source: "no candles".into() });
    };
    let Some(held) = series(connection, first.instrument(), first.timeframe(), PUT).await? else {
        let scales = Scales::default().raised(run, (0, 0));
        let query =
            sqlx::query_scalar(NEW).bind(first.instrument().as_str()).bind(first.timeframe().as_nanos());
        let id =
            query.bind(scales.price).bind(scales.volume).fetch_one(connection).await.map_err(backend(PUT))?;
        return Ok(Series { id, scales });
    };
    if run.iter().all(|candle| held.scales.mantissas(candle).is_some()) {
        return Ok(held);
    }
    let largest =
        sqlx::query_as(LARGEST).bind(held.id).fetch_one(&mut *connection).await.map_err(backend(PUT))?;
    let scales = held.scales.raised(run, largest);
    if scales != held.scales {
        rescale(connection, held, scales).await?;
    }
    Ok(Series { id: held.id, scales })
}

async fn rescale(connection: &mut SqliteConnection, held: Series, scales: Scales) -> Result<(), StoreError> {
    const CANDLES: &str = "UPDATE candles SET open = open * ?1, high = high * ?1, low = low * ?1, close = close * ?1, \
                           volume = volume * ?2 WHERE series = ?3";
    const SERIES: &str = "UPDATE series SET price_scale = ?, volume_scale = ? WHERE id = ?";
    let factor = |new: u32, old: u32| {
        let factor = new.checked_sub(old).and_then(power);
        factor.ok_or_else(|| codec("encode", "candles", format!("scale {old} cannot become {new}")))
    };
    let (price, volume) =
        (factor(scales.price, held.scales.price)?, factor(scales.volume, held.scales.volume)?);
    let query = sqlx::query(CANDLES).bind(price).bind(volume).bind(held.id);
    query.execute(&mut *connection).await.map_err(backend(PUT))?;
    let query = sqlx::query(SERIES).bind(scales.price).bind(scales.volume).bind(held.id);
    query.execute(connection).await.map(drop).map_err(backend(PUT))
}

/// Many rows, one statement.
async fn insert(
    connection: &mut SqliteConnection,
    series: i64,
    rows: &[(i64, Mantissas)],
) -> Result<(), StoreError> {
    let mut values = SqliteArguments::default();
    values.reserve(rows.len() * 7, 0);
    for (open_time, mantissas) in rows {
        let row = [series, *open_time].into_iter().chain(*mantissas);
        for value in row {
            values.add(value).map_err(|source| backend(PUT)(sqlx::Error::Encode(source)))?;
        }
    }
    let mut sql = String::with_capacity(128 + rows.len() * 16);
    sql.push_str(
        "INSERT OR REPLACE INTO candles (series, open_time, open, high, low, close, volume) VALUES ",
    );
    for index in 0..rows.len() {
        sql.push_str(if index == 0 { "(?,?,?,?,?,?,?)" } else { ",(?,?,?,?,?,?,?)" });
    }
    // Built from constants only.
    let query = sqlx::query_with(AssertSqlSafe(sql), values);
    query.execute(connection).await.map(drop).map_err(backend(PUT))
}

/// One by one: each candle leaves the table that it no longer belongs to.
async fn put_mixed(
    connection: &mut SqliteConnection,
    series: Series,
    part: &[Candle],
) -> Result<(), StoreError> {
    const TEXT: &str = "INSERT OR REPLACE INTO candles_text (series, open_time, open, high, low, close, volume) \
                        VALUES (?, ?, ?, ?, ?, ?, ?)";
    const DROP_TEXT: &str = "DELETE FROM candles_text WHERE series = ? AND open_time = ?";
    const DROP_MANTISSAS: &str = "DELETE FROM candles WHERE series = ? AND open_time = ?";
    for candle in part {
        let time = candle.open_time().as_nanos();
        let mantissas = series.scales.mantissas(candle);
        let drop_other = sqlx::query(if mantissas.is_some() { DROP_TEXT } else { DROP_MANTISSAS });
        drop_other.bind(series.id).bind(time).execute(&mut *connection).await.map_err(backend(PUT))?;
        if let Some(mantissas) = mantissas {
            insert(connection, series.id, &[(time, mantissas)]).await?;
            continue;
        }
        let mut query = sqlx::query(TEXT).bind(series.id).bind(time);
        for price in [candle.open(), candle.high(), candle.low(), candle.close()] {
            query = query.bind(canonical(price.get()));
        }
        let query = query.bind(canonical(candle.volume().get()));
        query.execute(&mut *connection).await.map_err(backend(PUT))?;
    }
    Ok(())
}
