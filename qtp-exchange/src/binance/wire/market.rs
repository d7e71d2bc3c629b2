//! Messages of the market streams.

use std::borrow::Cow;

use qtp_core::{
    Candle, CandleBatch, CandleParts, Event, ExchangeError, FundingRate, MarkPrice, Price, Quantity, Quote,
    Ratio, Side, Timeframe, Timestamp, Trade,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::native::{Symbols, read, refused, some_time};

const OPERATION: &str = "stream";

/// What a message of a market stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum MarketUpdate {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// A change of a book, for a [`DepthBook`](super::super::DepthBook).
    Depth {
        /// The symbol.
        symbol: String,
        /// The change.
        update: DepthUpdate,
    },
    /// The answer to a request of ours on the socket; with the venue's words if it was refused.
    Answer {
        /// Number of the request.
        id: u64,
        /// Why it was refused.
        error: Option<String>,
    },
    /// Something that is not used: a candle that is not closed, a ticker.
    Unused,
}

/// Part of a book that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthUpdate {
    /// First update id in it.
    pub first: u64,
    /// Last update id in it.
    pub last: u64,
    /// Futures: last update id of the change before.
    pub previous: Option<u64>,
    /// The venue's time.
    pub time: Timestamp,
    /// Bids; a quantity of zero removes the level.
    pub bids: Vec<(Price, Quantity)>,
    /// Asks.
    pub asks: Vec<(Price, Quantity)>,
}

/// A whole book, as far as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// Last update id in it.
    pub last: u64,
    /// The venue's time, where it says so.
    pub time: Option<Timestamp>,
    /// Bids, highest first.
    pub bids: Vec<(Price, Quantity)>,
    /// Asks, lowest first.
    pub asks: Vec<(Price, Quantity)>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
    id: Option<u64>,
    error: Option<Refusal>,
    // Spot's best bid and ask come without a name.
    u: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    msg: String,
}

/// Reads a message, wrapped by its stream's name or not. `received` is our time, for messages without one.
///
/// # Errors
/// `Decode` for what is not a message of the venue or speaks of a symbol that is not listed.
pub fn market_update(
    text: &str,
    symbols: &Symbols,
    received: Timestamp,
) -> Result<MarketUpdate, ExchangeError> {
    let head: Head<'_> = read(OPERATION, "message", text)?;
    if let Some(data) = head.data {
        return market_update(data.get(), symbols, received);
    }
    let one = |(time, event)| MarketUpdate::Events(vec![(time, event)]);
    match (head.e.as_deref(), head.id) {
        (Some("trade" | "aggTrade"), _) => trade(text, symbols).map(one),
        (Some("bookTicker"), _) => quote(text, symbols, received).map(one),
        (None, None) if head.u.is_some() => quote(text, symbols, received).map(one),
        (Some("depthUpdate"), _) => depth_update(text),
        (Some("kline"), _) => candle(text, symbols),
        (Some("markPriceUpdate"), _) => mark(text, symbols).map(MarketUpdate::Events),
        (Some(_), _) => Ok(MarketUpdate::Unused),
        (None, Some(id)) => Ok(MarketUpdate::Answer { id, error: head.error.map(|error| error.msg) }),
        (None, None) => Err(crate::native::wrong(OPERATION, "message", "it has no event, stream or id")),
    }
}

#[derive(Deserialize)]
struct TradeMessage<'a> {
    s: Cow<'a, str>,
    p: Price,
    q: Quantity,
    #[serde(rename = "T")]
    time: i64,
    /// The buyer's order rested.
    m: bool,
}

fn trade(text: &str, symbols: &Symbols) -> Result<(Timestamp, Event), ExchangeError> {
    let message: TradeMessage<'_> = read(OPERATION, "trade", text)?;
    let instrument = symbols.listing(OPERATION, &message.s)?.id.clone();
    let time = Timestamp::from_millis(message.time);
    let taker = Some(if message.m { Side::Sell } else { Side::Buy });
    let trade = Trade { instrument, time, price: message.p, quantity: message.q, taker };
    Ok((time, Event::Trade(trade)))
}

#[derive(Deserialize)]
struct QuoteMessage<'a> {
    s: Cow<'a, str>,
    b: Price,
    #[serde(rename = "B")]
    bid_quantity: Quantity,
    a: Price,
    #[serde(rename = "A")]
    ask_quantity: Quantity,
    #[serde(rename = "T", default)]
    time: i64,
}

fn quote(text: &str, symbols: &Symbols, received: Timestamp) -> Result<(Timestamp, Event), ExchangeError> {
    let message: QuoteMessage<'_> = read(OPERATION, "bookTicker", text)?;
    let instrument = symbols.listing(OPERATION, &message.s)?.id.clone();
    let time = some_time(message.time).unwrap_or(received);
    let (bid, ask) = (message.b, message.a);
    let (bid_quantity, ask_quantity) = (message.bid_quantity, message.ask_quantity);
    Ok((time, Event::Quote(Quote { instrument, time, bid, bid_quantity, ask, ask_quantity })))
}

#[derive(Deserialize)]
struct DepthMessage<'a> {
    s: Cow<'a, str>,
    #[serde(rename = "U")]
    first: u64,
    u: u64,
    pu: Option<u64>,
    #[serde(rename = "E")]
    sent: i64,
    #[serde(rename = "T")]
    time: Option<i64>,
    b: Vec<(Price, Quantity)>,
    a: Vec<(Price, Quantity)>,
}

fn depth_update(text: &str) -> Result<MarketUpdate, ExchangeError> {
    let message: DepthMessage<'_> = read(OPERATION, "depthUpdate", text)?;
    let update = DepthUpdate {
        first: message.first,
        last: message.u,
        previous: message.pu,
        time: Timestamp::from_millis(message.time.unwrap_or(message.sent)),
        bids: message.b,
        asks: message.a,
    };
    Ok(MarketUpdate::Depth { symbol: message.s.into_owned(), update })
}

#[derive(Deserialize)]
struct KlineMessage<'a> {
    #[serde(borrow)]
    k: Kline<'a>,
}

#[derive(Deserialize)]
struct Kline<'a> {
    t: i64,
    s: Cow<'a, str>,
    i: Cow<'a, str>,
    o: Price,
    h: Price,
    l: Price,
    c: Price,
    v: Quantity,
    /// Closed.
    x: bool,
}

fn candle(text: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let KlineMessage { k } = read(OPERATION, "kline", text)?;
    if !k.x {
        return Ok(MarketUpdate::Unused);
    }
    let timeframe: Timeframe = k.i.parse().map_err(refused(OPERATION, "kline"))?;
    let parts = CandleParts {
        instrument: symbols.listing(OPERATION, &k.s)?.id.clone(),
        timeframe,
        open_time: Timestamp::from_millis(k.t),
        open: k.o,
        high: k.h,
        low: k.l,
        close: k.c,
        volume: k.v,
    };
    let candle = Candle::new(parts).map_err(refused(OPERATION, "kline"))?;
    let time = candle.close_time();
    let batch = CandleBatch { candles: vec![candle], ..CandleBatch::default() };
    Ok(MarketUpdate::Events(vec![(time, Event::Candles(batch))]))
}

#[derive(Deserialize)]
struct MarkMessage<'a> {
    s: Cow<'a, str>,
    #[serde(rename = "E")]
    sent: i64,
    p: Price,
    i: Price,
    /// Empty for dated futures.
    r: Cow<'a, str>,
    #[serde(rename = "T")]
    next: i64,
}

fn mark(text: &str, symbols: &Symbols) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
    let message: MarkMessage<'_> = read(OPERATION, "markPriceUpdate", text)?;
    let instrument = symbols.listing(OPERATION, &message.s)?.id.clone();
    let time = Timestamp::from_millis(message.sent);
    let mark = MarkPrice { instrument: instrument.clone(), time, mark: message.p, index: Some(message.i) };
    let mut events = vec![(time, Event::Mark(mark))];
    if let Some(next) = some_time(message.next).filter(|_| !message.r.is_empty()) {
        let rate: Ratio = message.r.parse().map_err(refused(OPERATION, "funding rate"))?;
        let rate = FundingRate { instrument, time: next, rate, reference: Some(message.p) };
        events.push((time, Event::FundingRate(rate)));
    }
    Ok(events)
}
