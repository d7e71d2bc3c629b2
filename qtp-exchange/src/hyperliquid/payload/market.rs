//! Market data.

use std::collections::BTreeMap;
use std::time::Duration;

use qtp_core::{
    BookLevel, Candle, CandleParts, ExchangeError, FundingRate, InstrumentId, MarkPrice, OpenInterest, Price,
    Quote, Ratio, Timeframe, Timestamp, Trade,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Letter, number, parse, price_or_none, time, unread};

#[derive(Deserialize)]
pub(super) struct Level<'a> {
    px: &'a str,
    sz: &'a str,
}

impl Level<'_> {
    pub(super) fn read(
        &self,
        operation: &'static str,
        of: &InstrumentId,
    ) -> Result<BookLevel, ExchangeError> {
        let price = number(operation, of, "px", self.px)?;
        Ok(BookLevel { price, quantity: number(operation, of, "sz", self.sz)? })
    }
}

/// `bbo`: `None` while a side is empty.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn quote(text: &str, instrument: &InstrumentId) -> Result<Option<Quote>, ExchangeError> {
    #[derive(Deserialize)]
    struct Best<'a> {
        time: i64,
        #[serde(borrow)]
        bbo: (Option<Level<'a>>, Option<Level<'a>>),
    }
    let best: Best<'_> = parse("quote", "bbo", text)?;
    let (Some(bid), Some(ask)) = best.bbo else { return Ok(None) };
    let (bid, ask) = (bid.read("quote", instrument)?, ask.read("quote", instrument)?);
    Ok(Some(Quote {
        instrument: instrument.clone(),
        time: time(best.time),
        bid: bid.price,
        bid_quantity: bid.quantity,
        ask: ask.price,
        ask_quantity: ask.quantity,
    }))
}

/// `recentTrades` and the messages of `trades`, oldest first.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn trades(text: &str, instrument: &InstrumentId) -> Result<Vec<Trade>, ExchangeError> {
    #[derive(Deserialize)]
    struct Print<'a> {
        side: Letter,
        px: &'a str,
        sz: &'a str,
        time: i64,
    }
    let prints: Vec<Print<'_>> = parse("trades", "trades", text)?;
    let read = |print: Print<'_>| {
        Ok(Trade {
            instrument: instrument.clone(),
            time: time(print.time),
            price: number("trades", instrument, "px", print.px)?,
            quantity: number("trades", instrument, "sz", print.sz)?,
            taker: Some(print.side.into()),
        })
    };
    let mut trades = prints.into_iter().map(read).collect::<Result<Vec<_>, ExchangeError>>()?;
    // The newest comes first where the venue gives a history.
    if trades.windows(2).any(|pair| pair[0].time > pair[1].time) {
        trades.reverse();
        trades.sort_by_key(|trade| trade.time);
    }
    Ok(trades)
}

#[derive(Deserialize)]
struct Width<'a> {
    t: i64,
    o: &'a str,
    h: &'a str,
    l: &'a str,
    c: &'a str,
    v: &'a str,
}

impl Width<'_> {
    fn read(&self, instrument: &InstrumentId, timeframe: Timeframe) -> Result<Candle, ExchangeError> {
        let price = |field, text| number("candles", instrument, field, text);
        let parts = CandleParts {
            instrument: instrument.clone(),
            timeframe,
            open_time: time(self.t),
            open: price("o", self.o)?,
            high: price("h", self.h)?,
            low: price("l", self.l)?,
            close: price("c", self.c)?,
            volume: number("candles", instrument, "v", self.v)?,
        };
        Candle::new(parts).map_err(|error| unread("candles", instrument.to_string(), error))
    }
}

/// `candleSnapshot`: ascending, without doubles, the forming one too.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn candles(
    text: &str,
    instrument: &InstrumentId,
    timeframe: Timeframe,
) -> Result<Vec<Candle>, ExchangeError> {
    let read: Vec<Width<'_>> = parse("candles", "candleSnapshot", text)?;
    let candles: Result<Vec<Candle>, _> =
        read.iter().map(|candle| candle.read(instrument, timeframe)).collect();
    let mut candles = candles?;
    candles.sort_by_key(Candle::open_time);
    candles.dedup_by_key(|candle| candle.open_time());
    Ok(candles)
}

/// A message of `candle`: one candle, closed or not.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn streamed_candle(
    text: &str,
    instrument: &InstrumentId,
    timeframe: Timeframe,
) -> Result<Candle, ExchangeError> {
    parse::<Width<'_>>("candles", "candle", text)?.read(instrument, timeframe)
}

/// `allMids` and its messages: mid prices by coin.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn mids(text: &str) -> Result<BTreeMap<String, Price>, ExchangeError> {
    #[derive(Deserialize)]
    struct Message {
        mids: BTreeMap<String, Price>,
    }
    let flat: Result<BTreeMap<String, Price>, _> = serde_json::from_str(text);
    flat.or_else(|_| parse::<Message>("mids", "allMids", text).map(|message| message.mids))
}

/// What the venue says of a perpetual or pair as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetContext {
    /// Mark, and the oracle's price as index.
    pub mark: Option<MarkPrice>,
    /// The rate of the next full hour.
    pub funding: Option<FundingRate>,
    /// Open interest.
    pub open_interest: Option<OpenInterest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    funding: Option<&'a str>,
    open_interest: Option<&'a str>,
    oracle_px: Option<&'a str>,
    mark_px: Option<&'a str>,
}

impl AssetContext {
    /// The `ctx` of `activeAssetCtx` and of `metaAndAssetCtxs`, which carries no time of its own.
    ///
    /// # Errors
    /// [`ExchangeError::Decode`].
    pub fn read(text: &str, instrument: &InstrumentId, now: Timestamp) -> Result<Self, ExchangeError> {
        const OPERATION: &str = "asset_context";
        let context: Context<'_> = parse(OPERATION, "ctx", text)?;
        let price = |field, text: Option<&str>| {
            text.map_or(Ok(None), |text| price_or_none(OPERATION, instrument, field, text))
        };
        let index = price("oraclePx", context.oracle_px)?;
        let mark = price("markPx", context.mark_px)?.map(|mark| MarkPrice {
            instrument: instrument.clone(),
            time: now,
            mark,
            index,
        });
        let rate = context.funding.map(|rate| number::<Ratio>(OPERATION, instrument, "funding", rate));
        let funding = rate.transpose()?.map(|rate| FundingRate {
            instrument: instrument.clone(),
            time: Timeframe::H1.floor(now) + Duration::from_secs(3600),
            rate,
            reference: index,
        });
        let size = context.open_interest.map(|size| number(OPERATION, instrument, "openInterest", size));
        let open_interest = size.transpose()?.map(|quantity| OpenInterest {
            instrument: instrument.clone(),
            time: now,
            quantity,
            value: mark.as_ref().map(|mark| mark.mark.notional(quantity)),
        });
        Ok(Self { mark, funding, open_interest })
    }
}

/// The context texts of `metaAndAssetCtxs` or of one exchange in `allDexsAssetCtxs`, in the order of the listings.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn asset_contexts(text: &str) -> Result<Vec<&RawValue>, ExchangeError> {
    #[derive(Deserialize)]
    struct Both<'a>(serde::de::IgnoredAny, #[serde(borrow)] Vec<&'a RawValue>);
    let Both(serde::de::IgnoredAny, contexts) = parse("asset_context", "metaAndAssetCtxs", text)?;
    Ok(contexts)
}

/// `fundingHistory`, ascending.
///
/// # Errors
/// [`ExchangeError::Decode`].
pub fn funding_history(text: &str, instrument: &InstrumentId) -> Result<Vec<FundingRate>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Paid<'a> {
        funding_rate: &'a str,
        time: i64,
    }
    let read: Vec<Paid<'_>> = parse("funding_history", "fundingHistory", text)?;
    let rate = |paid: Paid<'_>| {
        Ok(FundingRate {
            instrument: instrument.clone(),
            time: time(paid.time),
            rate: number("funding_history", instrument, "fundingRate", paid.funding_rate)?,
            reference: None,
        })
    };
    let mut rates = read.into_iter().map(rate).collect::<Result<Vec<_>, ExchangeError>>()?;
    rates.sort_by_key(|rate| rate.time);
    Ok(rates)
}
