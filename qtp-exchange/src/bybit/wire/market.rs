//! Messages of the public streams.

use std::borrow::Cow;

use qtp_core::{
    Candle, CandleBatch, CandleParts, Event, ExchangeError, FundingRate, InstrumentId, MarkPrice, Notional,
    OpenInterest, Price, Quantity, Quote, Ratio, Side, Timeframe, Timestamp, Trade,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::account::WireSide;
use super::answer::blank;
use crate::native::{Symbols, price_or_none, read, refused, wrong};

const OPERATION: &str = "stream";

/// What a message of a public stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum MarketUpdate {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// A book or a change of one, for a [`FeedBook`](super::super::FeedBook).
    Depth {
        /// The symbol.
        symbol: String,
        /// The book or change.
        update: DepthUpdate,
    },
    /// What changed of a symbol's figures; to be merged into what is known of it.
    Ticker {
        /// The symbol.
        symbol: String,
        /// The venue's time.
        time: Timestamp,
        /// What changed.
        ticker: Box<Ticker>,
    },
    /// The answer to a request of ours on the socket; with the venue's words if it was refused.
    Answer {
        /// What was asked.
        operation: String,
        /// Why it was refused.
        error: Option<String>,
    },
    /// Something that is not used: a candle that is not closed.
    Unused,
}

/// A whole book, or the part of it that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthUpdate {
    /// It is the whole book.
    pub snapshot: bool,
    /// Update id; 1 after the venue started anew.
    pub id: u64,
    /// The venue's time.
    pub time: Timestamp,
    /// Bids; a quantity of zero removes the level.
    pub bids: Vec<(Price, Quantity)>,
    /// Asks.
    pub asks: Vec<(Price, Quantity)>,
}

/// Figures of a symbol; those that did not change are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ticker {
    #[serde(deserialize_with = "price_or_none")]
    mark_price: Option<Price>,
    #[serde(deserialize_with = "price_or_none")]
    index_price: Option<Price>,
    #[serde(deserialize_with = "blank")]
    funding_rate: Option<Ratio>,
    #[serde(deserialize_with = "blank")]
    next_funding_time: Option<i64>,
    #[serde(deserialize_with = "blank")]
    open_interest: Option<Quantity>,
    #[serde(deserialize_with = "blank")]
    open_interest_value: Option<Notional>,
    #[serde(deserialize_with = "price_or_none")]
    bid1_price: Option<Price>,
    #[serde(deserialize_with = "blank")]
    bid1_size: Option<Quantity>,
    #[serde(deserialize_with = "price_or_none")]
    ask1_price: Option<Price>,
    #[serde(deserialize_with = "blank")]
    ask1_size: Option<Quantity>,
}

impl Ticker {
    /// Takes over what changed.
    pub fn merge(&mut self, change: &Self) {
        self.mark_price = change.mark_price.or(self.mark_price);
        self.index_price = change.index_price.or(self.index_price);
        self.funding_rate = change.funding_rate.or(self.funding_rate);
        self.next_funding_time = change.next_funding_time.or(self.next_funding_time);
        self.open_interest = change.open_interest.or(self.open_interest);
        self.open_interest_value = change.open_interest_value.or(self.open_interest_value);
        self.bid1_price = change.bid1_price.or(self.bid1_price);
        self.bid1_size = change.bid1_size.or(self.bid1_size);
        self.ask1_price = change.ask1_price.or(self.ask1_price);
        self.ask1_size = change.ask1_size.or(self.ask1_size);
    }

    /// Quote, mark, funding rate and open interest, as far as they are known.
    pub fn events(&self, instrument: &InstrumentId, time: Timestamp) -> Vec<(Timestamp, Event)> {
        let mut events = Vec::with_capacity(4);
        if let (Some(bid), Some(bid_quantity), Some(ask), Some(ask_quantity)) =
            (self.bid1_price, self.bid1_size, self.ask1_price, self.ask1_size)
        {
            let instrument = instrument.clone();
            let quote = Quote { instrument, time, bid, bid_quantity, ask, ask_quantity };
            events.push((time, Event::Quote(quote)));
        }
        if let Some(mark) = self.mark_price {
            let mark = MarkPrice { instrument: instrument.clone(), time, mark, index: self.index_price };
            events.push((time, Event::Mark(mark)));
        }
        if let (Some(rate), Some(next)) = (self.funding_rate, self.next_funding_time) {
            let paid = Timestamp::from_millis(next);
            let instrument = instrument.clone();
            let rate = FundingRate { instrument, time: paid, rate, reference: self.mark_price };
            events.push((time, Event::FundingRate(rate)));
        }
        if let Some(quantity) = self.open_interest {
            let (instrument, value) = (instrument.clone(), self.open_interest_value);
            events.push((time, Event::OpenInterest(OpenInterest { instrument, time, quantity, value })));
        }
        events
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    ts: i64,
    op: Option<String>,
    success: Option<bool>,
    #[serde(rename = "retCode")]
    code: Option<i64>,
    #[serde(alias = "retMsg")]
    ret_msg: Option<String>,
}

/// The topic of a message; `None` for an answer to a request.
pub fn topic(text: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Of<'a> {
        #[serde(borrow)]
        topic: Option<Cow<'a, str>>,
    }
    serde_json::from_str::<Of<'_>>(text).ok()?.topic
}

/// Reads a message.
///
/// # Errors
/// `Decode` for what is not a message of the venue or speaks of a symbol that is not listed.
pub fn market_update(text: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let head: Head<'_> = read(OPERATION, "message", text)?;
    let (Some(topic), Some(data)) = (&head.topic, head.data) else {
        let Some(operation) = head.op else {
            return Err(wrong(OPERATION, "message", "it has no topic and no op"));
        };
        let done = head.success.unwrap_or(true) && head.code.unwrap_or(0) == 0;
        let error = (!done).then(|| head.ret_msg.unwrap_or_default());
        return Ok(MarketUpdate::Answer { operation, error });
    };
    let (data, time) = (data.get(), Timestamp::from_millis(head.ts));
    let mut parts = topic.split('.');
    let (name, symbol) = (parts.next().unwrap_or_default(), topic.rsplit('.').next().unwrap_or_default());
    match name {
        "orderbook" => depth(data, time, head.kind.as_deref() == Some("snapshot")),
        "publicTrade" | "trade" => trades(data, symbols),
        "kline" => candles(data, symbol, symbols),
        "tickers" => {
            let ticker = Box::new(read(OPERATION, "ticker", data)?);
            Ok(MarketUpdate::Ticker { symbol: symbol.to_owned(), time, ticker })
        }
        _ => Ok(MarketUpdate::Unused),
    }
}

#[derive(Deserialize)]
struct Book {
    s: String,
    b: Vec<(Price, Quantity)>,
    a: Vec<(Price, Quantity)>,
    u: u64,
}

fn depth(data: &str, time: Timestamp, snapshot: bool) -> Result<MarketUpdate, ExchangeError> {
    let book: Book = read(OPERATION, "book", data)?;
    // After a start of the venue's own the first change carries the whole book.
    let snapshot = snapshot || book.u == 1;
    let update = DepthUpdate { snapshot, id: book.u, time, bids: book.b, asks: book.a };
    Ok(MarketUpdate::Depth { symbol: book.s, update })
}

#[derive(Deserialize)]
struct Print<'a> {
    #[serde(rename = "T")]
    time: i64,
    s: Cow<'a, str>,
    #[serde(rename = "S")]
    side: WireSide,
    v: Quantity,
    p: Price,
}

fn trades(data: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let prints: Vec<Print<'_>> = read(OPERATION, "trades", data)?;
    let trade = |print: Print<'_>| {
        let time = Timestamp::from_millis(print.time);
        let instrument = symbols.listing(OPERATION, &print.s)?.id.clone();
        let taker = Some(Side::from(print.side));
        Ok((time, Event::Trade(Trade { instrument, time, price: print.p, quantity: print.v, taker })))
    };
    prints.into_iter().map(trade).collect::<Result<_, _>>().map(MarketUpdate::Events)
}

#[derive(Deserialize)]
struct Kline<'a> {
    start: i64,
    end: i64,
    #[serde(borrow)]
    interval: Cow<'a, str>,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    volume: Quantity,
    confirm: bool,
}

fn candles(data: &str, symbol: &str, symbols: &Symbols) -> Result<MarketUpdate, ExchangeError> {
    let klines: Vec<Kline<'_>> = read(OPERATION, "candles", data)?;
    let mut events = Vec::new();
    for kline in klines.into_iter().filter(|kline| kline.confirm) {
        let parts = CandleParts {
            instrument: symbols.listing(OPERATION, symbol)?.id.clone(),
            timeframe: timeframe(&kline)?,
            open_time: Timestamp::from_millis(kline.start),
            open: kline.open,
            high: kline.high,
            low: kline.low,
            close: kline.close,
            volume: kline.volume,
        };
        let candle = Candle::new(parts).map_err(refused(OPERATION, "candle"))?;
        let time = candle.close_time();
        let batch = CandleBatch { candles: vec![candle], ..CandleBatch::default() };
        events.push((time, Event::Candles(batch)));
    }
    Ok(if events.is_empty() { MarketUpdate::Unused } else { MarketUpdate::Events(events) })
}

/// Its start and end say how wide it is; a month has no fixed width.
fn timeframe(kline: &Kline<'_>) -> Result<Timeframe, ExchangeError> {
    if kline.interval == "M" {
        return Err(wrong(OPERATION, "candle", "a month has no fixed width"));
    }
    let width = kline.end.saturating_sub(kline.start).saturating_add(1).saturating_mul(1_000_000);
    Timeframe::from_nanos(width).map_err(refused(OPERATION, "candle"))
}
