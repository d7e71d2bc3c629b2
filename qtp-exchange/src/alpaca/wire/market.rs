//! Answers of the data host. Each is a map of symbols.

use std::collections::BTreeMap;

use qtp_core::{
    Candle, CandleParts, ExchangeError, InstrumentId, Price, Quantity, Quote, Side, Timeframe, Timestamp,
    Trade,
};
use serde::Deserialize;

use crate::native::{Symbols, number, read, refused};

/// Values in order of symbol, then time, that may go on at a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was on this page.
    pub items: Vec<T>,
    /// Where the next one begins; `None` at the end.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(alias = "bars", alias = "trades", alias = "quotes")]
    of: BTreeMap<String, T>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Bar {
    t: Time,
    #[serde(deserialize_with = "number")]
    o: Price,
    #[serde(deserialize_with = "number")]
    h: Price,
    #[serde(deserialize_with = "number")]
    l: Price,
    #[serde(deserialize_with = "number")]
    c: Price,
    #[serde(deserialize_with = "number")]
    v: Quantity,
}

/// RFC 3339.
#[derive(Clone, Copy)]
struct Time(Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Reads candles that have closed by `now`, oldest first in each instrument.
///
/// # Errors
/// `Decode`.
pub fn candles(
    text: &str,
    symbols: &Symbols,
    timeframe: Timeframe,
    now: Timestamp,
) -> Result<Page<Candle>, ExchangeError> {
    let answer: Answer<Vec<Bar>> = read("candles", "bars", text)?;
    let mut candles = Vec::new();
    for (symbol, bars) in answer.of {
        let instrument = &symbols.listing("candles", &symbol)?.id;
        let first = candles.len();
        for bar in bars {
            let candle = Candle::new(CandleParts {
                instrument: instrument.clone(),
                timeframe,
                open_time: bar.t.0,
                open: bar.o,
                high: bar.h,
                low: bar.l,
                close: bar.c,
                volume: bar.v,
            });
            candles.push(candle.map_err(refused("candles", "bar"))?);
        }
        let own: &mut [Candle] = candles.get_mut(first..).unwrap_or_default();
        own.sort_by_key(Candle::open_time);
    }
    candles.retain(|candle: &Candle| candle.close_time() <= now);
    Ok(Page { items: candles, next: answer.next_page_token })
}

#[derive(Deserialize)]
struct Print {
    t: Time,
    #[serde(deserialize_with = "number")]
    p: Price,
    #[serde(deserialize_with = "number")]
    s: Quantity,
    /// Crypto: `B` or `S`.
    tks: Option<String>,
}

impl Print {
    fn trade(self, instrument: &InstrumentId) -> Trade {
        let taker = match self.tks.as_deref() {
            Some("B") => Some(Side::Buy),
            Some("S") => Some(Side::Sell),
            _ => None,
        };
        Trade { instrument: instrument.clone(), time: self.t.0, price: self.p, quantity: self.s, taker }
    }
}

/// Reads public trades.
///
/// # Errors
/// `Decode`.
pub fn trades(text: &str, symbols: &Symbols) -> Result<Page<Trade>, ExchangeError> {
    let answer: Answer<Vec<Print>> = read("trades", "trades", text)?;
    let mut items = Vec::new();
    for (symbol, prints) in answer.of {
        let id = &symbols.listing("trades", &symbol)?.id;
        items.extend(prints.into_iter().map(|print| print.trade(id)));
    }
    Ok(Page { items, next: answer.next_page_token })
}

/// Reads the last trade of each symbol that has one.
///
/// # Errors
/// `Decode`.
pub fn last_trades(text: &str, symbols: &Symbols) -> Result<Vec<Trade>, ExchangeError> {
    let answer: Answer<Print> = read("trades", "last trades", text)?;
    let one = |(symbol, print): (String, Print)| {
        let id = &symbols.listing("trades", &symbol)?.id;
        Ok(print.trade(id))
    };
    answer.of.into_iter().map(one).collect()
}

#[derive(Deserialize)]
struct Best {
    t: Time,
    #[serde(deserialize_with = "number")]
    bp: Price,
    #[serde(deserialize_with = "number")]
    bs: Quantity,
    #[serde(deserialize_with = "number")]
    ap: Price,
    #[serde(rename = "as", deserialize_with = "number")]
    ask_size: Quantity,
}

impl Best {
    fn quote(self, instrument: &InstrumentId) -> Quote {
        Quote {
            instrument: instrument.clone(),
            time: self.t.0,
            bid: self.bp,
            bid_quantity: self.bs,
            ask: self.ap,
            ask_quantity: self.ask_size,
        }
    }
}

/// Reads best bids and asks of history. Quantities are in the venue's own unit, which for stocks has been round lots.
///
/// # Errors
/// `Decode`.
pub fn quotes(text: &str, symbols: &Symbols) -> Result<Page<Quote>, ExchangeError> {
    let answer: Answer<Vec<Best>> = read("quotes", "quotes", text)?;
    let mut items = Vec::new();
    for (symbol, quotes) in answer.of {
        let id = &symbols.listing("quotes", &symbol)?.id;
        items.extend(quotes.into_iter().map(|best| best.quote(id)));
    }
    Ok(Page { items, next: answer.next_page_token })
}

/// Reads the last best bid and ask of each symbol that has one; units as in [`quotes`].
///
/// # Errors
/// `Decode`.
pub fn last_quotes(text: &str, symbols: &Symbols) -> Result<Vec<Quote>, ExchangeError> {
    let answer: Answer<Best> = read("quotes", "last quotes", text)?;
    let one = |(symbol, best): (String, Best)| {
        let id = &symbols.listing("quotes", &symbol)?.id;
        Ok(best.quote(id))
    };
    answer.of.into_iter().map(one).collect()
}
