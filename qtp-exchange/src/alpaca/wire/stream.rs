//! Messages of the data streams: each is a list.

use std::borrow::Cow;

use qtp_core::{
    Candle, CandleBatch, CandleParts, Event, ExchangeError, Price, Quantity, Quote, Side, Timeframe,
    Timestamp, Trade,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::native::{Symbols, number, read, refused};

const OPERATION: &str = "stream";

/// What an entry of a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum MarketUpdate {
    /// An event with the venue's time.
    Event(Timestamp, Event),
    /// Our login was taken.
    LoggedIn,
    /// The venue refuses something, in its words.
    Refused(String),
    /// Something that is not used.
    Unused,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "T", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    msg: Option<Cow<'a, str>>,
    code: Option<u32>,
}

#[derive(Deserialize)]
struct Bar<'a> {
    #[serde(rename = "S", borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    t: Cow<'a, str>,
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

#[derive(Deserialize)]
struct Print<'a> {
    #[serde(rename = "S", borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(deserialize_with = "number")]
    p: Price,
    #[serde(deserialize_with = "number")]
    s: Quantity,
    #[serde(borrow)]
    tks: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Best<'a> {
    #[serde(rename = "S", borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(deserialize_with = "number")]
    bp: Price,
    #[serde(deserialize_with = "number")]
    bs: Quantity,
    #[serde(deserialize_with = "number")]
    ap: Price,
    #[serde(rename = "as", deserialize_with = "number")]
    ask_size: Quantity,
}

/// Reads a message. Candles of a minute only are streamed; one that the venue corrects later is told as revised.
///
/// # Errors
/// `Decode`.
pub fn market_updates(text: &str, symbols: &Symbols) -> Result<Vec<MarketUpdate>, ExchangeError> {
    let list: Vec<&RawValue> = read(OPERATION, "message", text)?;
    list.into_iter().map(|entry| update(entry.get(), symbols)).collect()
}

fn update(text: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let head: Head<'_> = read(OPERATION, "message", text)?;
    match &*head.kind {
        "success" if head.msg.as_deref() == Some("authenticated") => Ok(MarketUpdate::LoggedIn),
        "error" => {
            let (words, code) = (head.msg.unwrap_or_default(), head.code.unwrap_or_default());
            Ok(MarketUpdate::Refused(format!("{words} ({code})")))
        }
        "t" => trade(text, symbols),
        "q" => quote(text, symbols),
        "b" | "u" => candle(text, symbols, &head.kind == "u"),
        _ => Ok(MarketUpdate::Unused),
    }
}

fn time(text: &str) -> Result<Timestamp, ExchangeError> {
    text.parse().map_err(refused(OPERATION, "time"))
}

fn trade(text: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let print: Print<'_> = read(OPERATION, "trade", text)?;
    let (instrument, time) = (symbols.listing(OPERATION, &print.symbol)?.id.clone(), time(&print.t)?);
    let taker = match print.tks.as_deref() {
        Some("B") => Some(Side::Buy),
        Some("S") => Some(Side::Sell),
        _ => None,
    };
    let trade = Trade { instrument, time, price: print.p, quantity: print.s, taker };
    Ok(MarketUpdate::Event(time, Event::Trade(trade)))
}

fn quote(text: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    #[derive(Deserialize)]
    struct Prices<'a> {
        #[serde(borrow)]
        bp: &'a RawValue,
        #[serde(borrow)]
        ap: &'a RawValue,
    }
    let prices: Prices<'_> = read(OPERATION, "quote", text)?;
    if prices.bp.get() == "0" || prices.ap.get() == "0" {
        // One side is empty: that is no quote.
        return Ok(MarketUpdate::Unused);
    }
    let best: Best<'_> = read(OPERATION, "quote", text)?;
    let (instrument, time) = (symbols.listing(OPERATION, &best.symbol)?.id.clone(), time(&best.t)?);
    let (bid, bid_quantity, ask, ask_quantity) = (best.bp, best.bs, best.ap, best.ask_size);
    let quote = Quote { instrument, time, bid, bid_quantity, ask, ask_quantity };
    Ok(MarketUpdate::Event(time, Event::Quote(quote)))
}

fn candle(text: &str, symbols: &Symbols, revised: bool) -> Result<MarketUpdate, ExchangeError> {
    let bar: Bar<'_> = read(OPERATION, "bar", text)?;
    let parts = CandleParts {
        instrument: symbols.listing(OPERATION, &bar.symbol)?.id.clone(),
        timeframe: Timeframe::M1,
        open_time: time(&bar.t)?,
        open: bar.o,
        high: bar.h,
        low: bar.l,
        close: bar.c,
        volume: bar.v,
    };
    let candle = Candle::new(parts).map_err(refused(OPERATION, "bar"))?;
    let time = candle.close_time();
    let event = if revised {
        Event::CandleRevised(candle)
    } else {
        Event::Candles(CandleBatch { candles: vec![candle], ..CandleBatch::default() })
    };
    Ok(MarketUpdate::Event(time, event))
}
