//! When the market is open.

use std::borrow::Cow;

use qtp_core::{ExchangeError, InstrumentId, OrderBook, Price, Quantity, Timestamp};
use serde::Deserialize;

use crate::native::new_york::{date, new_york, time_of_day};
use crate::native::{Levels, number, read, refused, wrong};

/// The market's state at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketClock {
    /// The venue's time.
    pub time: Timestamp,
    /// Regular trading is open.
    pub is_open: bool,
    /// Next opening.
    pub next_open: Timestamp,
    /// Next closing.
    pub next_close: Timestamp,
}

/// Reads the market's state.
///
/// # Errors
/// `Decode`.
pub fn market_clock(text: &str) -> Result<MarketClock, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        timestamp: Cow<'a, str>,
        is_open: bool,
        #[serde(borrow)]
        next_open: Cow<'a, str>,
        #[serde(borrow)]
        next_close: Cow<'a, str>,
    }
    let answer: Answer<'_> = read("clock", "clock", text)?;
    let time = |text: &str| text.parse().map_err(refused("clock", "time"));
    Ok(MarketClock {
        time: time(&answer.timestamp)?,
        is_open: answer.is_open,
        next_open: time(&answer.next_open)?,
        next_close: time(&answer.next_close)?,
    })
}

/// Regular trading of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Opening.
    pub open: Timestamp,
    /// Closing; earlier on half days.
    pub close: Timestamp,
}

/// Reads sessions, ascending. The venue gives wall times of New York.
///
/// # Errors
/// `Decode`.
pub fn calendar(text: &str) -> Result<Vec<Session>, ExchangeError> {
    #[derive(Deserialize)]
    struct Day<'a> {
        #[serde(borrow)]
        date: Cow<'a, str>,
        #[serde(borrow)]
        open: Cow<'a, str>,
        #[serde(borrow)]
        close: Cow<'a, str>,
    }
    let list: Vec<Day<'_>> = read("calendar", "calendar", text)?;
    let session = |day: Day<'_>| {
        let at = |time: &str| new_york(date(&day.date)?, time_of_day(time)?);
        let problem = || wrong("calendar", &day.date, format!("{} to {} is no session", day.open, day.close));
        let (open, close) = (at(&day.open).ok_or_else(problem)?, at(&day.close).ok_or_else(problem)?);
        Ok(Session { open, close })
    };
    list.into_iter().map(session).collect()
}

/// Reads the book of a crypto symbol.
///
/// # Errors
/// `Decode`.
pub fn order_book(
    text: &str,
    symbol: &str,
    instrument: &InstrumentId,
    depth: usize,
) -> Result<OrderBook, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        orderbooks: std::collections::BTreeMap<String, Book<'a>>,
    }
    #[derive(Deserialize)]
    struct Book<'a> {
        #[serde(borrow)]
        t: Cow<'a, str>,
        a: Vec<Level>,
        b: Vec<Level>,
    }
    #[derive(Deserialize)]
    struct Level {
        #[serde(deserialize_with = "number")]
        p: Price,
        #[serde(deserialize_with = "number")]
        s: Quantity,
    }
    let operation = "order_book";
    let mut answer: Answer<'_> = read(operation, "books", text)?;
    let book = answer.orderbooks.remove(symbol);
    let book = book.ok_or_else(|| wrong(operation, "books", format!("there is none of {symbol}")))?;
    let side =
        |levels: Vec<Level>| -> Vec<_> { levels.into_iter().map(|level| (level.p, level.s)).collect() };
    let time = book.t.parse().map_err(refused(operation, "time"))?;
    let mut levels = Levels::default();
    levels.apply(&side(book.b), &side(book.a));
    Ok(levels.book(instrument.clone(), time, depth))
}
