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

/// Candles that SQLite hands over at once: bounds the memory of one answer to about a megabyte.
const PAGE: usize = 8192;

/// A page as six lists of numbers. A row object for each candle would cost several times what SQLite needs to
/// find the row: six allocations, six copies and a hand-over between threads.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT group_concat(t, ' '), group_concat(o, ' '), group_concat(h, ' '), group_concat(l, ' '), \
             group_concat(c, ' '), group_concat(v, ' ') FROM (\
             SELECT open_time AS t, open AS o, high AS h, low AS l, close AS c, volume AS v FROM candles \
             WHERE series = ? AND open_time >= ? AND open_time < ? ORDER BY open_time ",
            $order,
            " LIMIT ?)"
        )
    };
}
const ASCENDING: &str = page!("ASC");
const DESCENDING: &str = page!("DESC");
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
    let builder = Builder { scales: series.scales, query };
    let mut candles: Vec<Candle> = Vec::new();
    while candles.len() < limit {
        let before = candles.len();
        let wanted = PAGE.min(limit - before);
        let sql = if descending { DESCENDING } else { ASCENDING };
        let page = sqlx::query(sql).bind(series.id).bind(start).bind(end).bind(wanted as i64);
        let row = page.fetch_one(&mut *connection).await.map_err(backend(GET))?;
        builder.read_page(&row, &mut candles)?;
        let Some(page) = candles.get_mut(before..) else { break };
        // SQLite gathers a list in the order of the rows, but does not promise it.
        let before_next = |a: &Candle, b: &Candle| (a.open_time() < b.open_time()) != descending;
        if !page.is_sorted_by(before_next) {
            page.sort_by_key(Candle::open_time);
            if descending {
                page.reverse();
            }
        }
        let Some(last) = page.last().filter(|_| page.len() == wanted) else { break };
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

impl Builder<'_> {
    /// Adds the candles of a page. All lists are NULL where there is no candle.
    fn read_page(&self, row: &SqliteRow, candles: &mut Vec<Candle>) -> Result<(), StoreError> {
        let list = |index: usize| row.try_get_unchecked::<Option<&[u8]>, _>(index).map_err(backend(GET));
        let mut lists = [&[] as &[u8]; 6];
        for (index, bytes) in lists.iter_mut().enumerate() {
            *bytes = list(index)?.unwrap_or_default();
        }
        while !lists[0].is_empty() {
            let mut numbers = [0; 6];
            for (number, list) in numbers.iter_mut().zip(&mut lists) {
                *number = next_number(list)
                    .ok_or_else(|| codec("decode", "candle", "a list of numbers is broken"))?;
            }
            let [time, mantissas @ ..] = numbers;
            let candle = self.build(time, mantissas);
            candles.push(candle.map_err(|error| codec("decode", "candle", error))?);
        }
        Ok(())
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

/// Takes the first number of a list with one space between the numbers.
fn next_number(list: &mut &[u8]) -> Option<i64> {
    let (negative, digits) = match list.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, *list),
    };
    let mut value = 0_i64;
    let mut length = 0;
    // Towards the negative: i64::MIN has no positive counterpart.
    while let Some(digit) = digits.get(length).filter(|byte| byte.is_ascii_digit()) {
        value = value.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
        length += 1;
    }
    *list = match digits.get(length..)? {
        [b' ', rest @ ..] => rest,
        [] => &[],
        _ => return None,
    };
    if length == 0 {
        return None;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Option<Vec<i64>> {
        let mut list = text.as_bytes();
        let mut numbers = Vec::new();
        while !list.is_empty() {
            numbers.push(next_number(&mut list)?);
        }
        Some(numbers)
    }

    #[test]
    fn a_list_of_numbers_is_read_to_its_ends() {
        let text = format!("0 -1 42 {} {}", i64::MIN, i64::MAX);
        assert_eq!(numbers(&text), Some(vec![0, -1, 42, i64::MIN, i64::MAX]));
        for broken in ["x", "1 x", "1,2", "-", "1  2", "9223372036854775808", "-9223372036854775809", "1.5"] {
            assert_eq!(numbers(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_float_is_the_nearest_one() {
        for (mantissa, scale) in [(1, 1), (12_345, 2), (6_425_012_345_678, 8), ((1 << 53) - 1, 16), (7, 22)] {
            let value = Decimal::new(mantissa, scale);
            assert_eq!(float(mantissa, value), value.to_string().parse::<f64>().unwrap(), "{value}");
        }
    }
}
