//! Reading candles of one series.

use qtp_core::{
    Candle, CandleParts, CandleQuery, Decimal, Ohlcv, Price, Quantity, StoreError, Timestamp, ValueError,
};
use rust_decimal::prelude::ToPrimitive as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::scale::{Mantissas, Scales};
use super::{GET, Series, backend};
use crate::error::codec;

/// Rows that SQLite hands over at once: bounds the memory of its row objects.
const PAGE: usize = 8192;

const ASCENDING: &str = "SELECT open_time, open, high, low, close, volume FROM candles \
                         WHERE series = ? AND open_time >= ? AND open_time < ? ORDER BY open_time LIMIT ?";
const DESCENDING: &str = "SELECT open_time, open, high, low, close, volume FROM candles \
                          WHERE series = ? AND open_time >= ? AND open_time < ? ORDER BY open_time DESC LIMIT ?";
const TEXT: &str = "SELECT open_time, open, high, low, close, volume FROM candles_text \
                    WHERE series = ? AND open_time >= ? AND open_time < ? ORDER BY open_time DESC LIMIT ?";

pub(super) async fn get(
    connection: &mut SqliteConnection,
    series: Series,
    query: &CandleQuery,
) -> Result<Vec<Candle>, StoreError> {
    let mut candles = mantissa_rows(connection, series, query).await?;
    let text = text_rows(connection, series, query).await?;
    if text.is_empty() {
        return Ok(candles);
    }
    candles.extend(text);
    candles.sort_by_key(Candle::open_time);
    let excess = query.limit.map_or(0, |limit| candles.len().saturating_sub(limit));
    candles.drain(..excess);
    Ok(candles)
}

async fn mantissa_rows(
    connection: &mut SqliteConnection,
    series: Series,
    query: &CandleQuery,
) -> Result<Vec<Candle>, StoreError> {
    let descending = query.limit.is_some();
    let limit = query.limit.unwrap_or(usize::MAX);
    let (mut start, mut end) = (query.start.as_nanos(), query.end.as_nanos());
    let builder = Builder::new(series.scales, query);
    let mut candles = Vec::new();
    while candles.len() < limit {
        let wanted = PAGE.min(limit - candles.len());
        let sql = if descending { DESCENDING } else { ASCENDING };
        let page = sqlx::query(sql).bind(series.id).bind(start).bind(end).bind(wanted as i64);
        let rows = page.fetch_all(&mut *connection).await.map_err(backend(GET))?;
        candles.reserve(rows.len());
        for row in &rows {
            candles.push(builder.candle(row)?);
        }
        let Some(last) = candles.last().filter(|_| rows.len() == wanted) else { break };
        match last.open_time().as_nanos() {
            time if descending => end = time,
            i64::MAX => break,
            time => start = time + 1,
        }
    }
    if descending {
        candles.reverse();
    }
    Ok(candles)
}

async fn text_rows(
    connection: &mut SqliteConnection,
    series: Series,
    query: &CandleQuery,
) -> Result<Vec<Candle>, StoreError> {
    let limit = query.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
    let rows: Vec<(i64, String, String, String, String, String)> = sqlx::query_as(TEXT)
        .bind(series.id)
        .bind(query.start.as_nanos())
        .bind(query.end.as_nanos())
        .bind(limit)
        .fetch_all(connection)
        .await
        .map_err(backend(GET))?;
    let candle = |(time, open, high, low, close, volume): (i64, String, String, String, String, String)| {
        Candle::new(CandleParts {
            instrument: query.instrument.clone(),
            timeframe: query.timeframe,
            open_time: Timestamp::from_nanos(time),
            open: open.parse()?,
            high: high.parse()?,
            low: low.parse()?,
            close: close.parse()?,
            volume: volume.parse()?,
        })
    };
    rows.into_iter().map(|row| candle(row).map_err(|error| codec("decode", "candle", error))).collect()
}

/// `10^n` where a float holds it exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Turns rows into candles.
struct Builder<'a> {
    scales: Scales,
    query: &'a CandleQuery,
}

impl<'a> Builder<'a> {
    const fn new(scales: Scales, query: &'a CandleQuery) -> Self {
        Self { scales, query }
    }

    fn candle(&self, row: &SqliteRow) -> Result<Candle, StoreError> {
        let number = |index: usize| row.try_get_unchecked::<i64, _>(index).map_err(backend(GET));
        let mantissas = [number(1)?, number(2)?, number(3)?, number(4)?, number(5)?];
        self.build(number(0)?, mantissas).map_err(|error| codec("decode", "candle", error))
    }

    fn build(&self, time: i64, [open, high, low, close, volume]: Mantissas) -> Result<Candle, ValueError> {
        let price = |mantissa| Price::new(decimal(mantissa, self.scales.price)?);
        let parts = CandleParts {
            instrument: self.query.instrument.clone(),
            timeframe: self.query.timeframe,
            open_time: Timestamp::from_nanos(time),
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            volume: Quantity::new(decimal(volume, self.scales.volume)?)?,
        };
        let ohlcv = Ohlcv {
            open: float(open, parts.open.get()),
            high: float(high, parts.high.get()),
            low: float(low, parts.low.get()),
            close: float(close, parts.close.get()),
            volume: float(volume, parts.volume.get()),
        };
        Candle::with_ohlcv(parts, ohlcv)
    }
}

fn decimal(mantissa: i64, scale: u32) -> Result<Decimal, ValueError> {
    Decimal::try_new(mantissa, scale).map_err(|_| ValueError::range("scale", scale, "at most 28"))
}

/// The nearest float: both numbers are exact floats, so one division rounds once.
fn float(mantissa: i64, value: Decimal) -> f64 {
    match POWERS.get(value.scale() as usize) {
        Some(power) if mantissa.unsigned_abs() < 1 << 53 => mantissa as f64 / power,
        _ => value.to_f64().unwrap_or(f64::NAN),
    }
}
