//! Answers over REST.

use std::borrow::Cow;
use std::collections::BTreeMap;

use qtp_core::account::Totals;
use qtp_core::{
    Candle, CandleParts, Currency, Decimal, Event, ExchangeError, FundingRate, InstrumentId, OpenInterest,
    OrderBook, Price, Quantity, Ratio, Side, Timeframe, Timestamp, Trade,
};
use serde::Deserialize;

use super::account::WireSide;
use super::answer::{Page, blank, list, millis, result};
use super::market::Ticker;
use crate::native::{Levels, Symbols, read, refused, wrong};

/// Reads the venue's time.
///
/// # Errors
/// As [`result`](super::result).
pub fn server_time(text: &str) -> Result<Timestamp, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Time {
        #[serde(deserialize_with = "millis")]
        time_nano: i64,
    }
    let time: Time = read("time", "time", result("time", text)?)?;
    Ok(Timestamp::from_nanos(time.time_nano))
}

/// Reads candles that have closed by `now`, oldest first (the venue sends the newest first).
///
/// # Errors
/// As [`result`](super::result).
pub fn candles(
    text: &str,
    instrument: &InstrumentId,
    timeframe: Timeframe,
    now: Timestamp,
) -> Result<Vec<Candle>, ExchangeError> {
    type Row<'a> = (Cow<'a, str>, Price, Price, Price, Price, Quantity, Cow<'a, str>);
    let rows: Page<Row<'_>> = list("candles", "candles", text)?;
    let mut candles = Vec::with_capacity(rows.items.len());
    for (start, open, high, low, close, volume, _) in rows.items.into_iter().rev() {
        let start: i64 = start
            .parse()
            .map_err(|_| crate::native::wrong("candles", "candle", format!("{start:?} is no time")))?;
        let (instrument, open_time) = (instrument.clone(), Timestamp::from_millis(start));
        let parts = CandleParts { instrument, timeframe, open_time, open, high, low, close, volume };
        let candle = Candle::new(parts).map_err(refused("candles", "candle"))?;
        if candle.close_time() <= now {
            candles.push(candle);
        }
    }
    Ok(candles)
}

/// Reads a book.
///
/// # Errors
/// As [`result`](super::result).
pub fn order_book(text: &str, symbols: &Symbols, depth: usize) -> Result<OrderBook, ExchangeError> {
    #[derive(Deserialize)]
    struct Book<'a> {
        s: Cow<'a, str>,
        b: Vec<(Price, Quantity)>,
        a: Vec<(Price, Quantity)>,
        ts: i64,
    }
    let operation = "order_book";
    let book: Book<'_> = read(operation, "book", result(operation, text)?)?;
    let mut levels = Levels::default();
    levels.apply(&book.b, &book.a);
    let instrument = symbols.listing(operation, &book.s)?.id.clone();
    Ok(levels.book(instrument, Timestamp::from_millis(book.ts), depth))
}

/// Reads public trades.
///
/// # Errors
/// As [`result`](super::result).
pub fn trades(text: &str, symbols: &Symbols) -> Result<Vec<Trade>, ExchangeError> {
    #[derive(Deserialize)]
    struct Print<'a> {
        symbol: Cow<'a, str>,
        price: Price,
        size: Quantity,
        side: WireSide,
        #[serde(deserialize_with = "millis")]
        time: i64,
    }
    let page: Page<Print<'_>> = list("trades", "trades", text)?;
    let trade = |print: Print<'_>| {
        Ok(Trade {
            instrument: symbols.listing("trades", &print.symbol)?.id.clone(),
            time: Timestamp::from_millis(print.time),
            price: print.price,
            quantity: print.size,
            taker: Some(Side::from(print.side)),
        })
    };
    Ok(page.try_map(trade)?.items)
}

/// Reads paid funding rates, oldest first (the venue sends the newest first).
///
/// # Errors
/// As [`result`](super::result).
pub fn funding_rates(text: &str, symbols: &Symbols) -> Result<Vec<FundingRate>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Paid<'a> {
        symbol: Cow<'a, str>,
        funding_rate: Ratio,
        #[serde(deserialize_with = "millis")]
        funding_rate_timestamp: i64,
    }
    let page: Page<Paid<'_>> = list("funding_rate", "funding rates", text)?;
    let rate = |paid: Paid<'_>| {
        Ok(FundingRate {
            instrument: symbols.listing("funding_rate", &paid.symbol)?.id.clone(),
            time: Timestamp::from_millis(paid.funding_rate_timestamp),
            rate: paid.funding_rate,
            reference: None,
        })
    };
    let mut rates = page.try_map(rate)?.items;
    rates.reverse();
    Ok(rates)
}

fn figures(operation: &'static str, text: &str) -> Result<Ticker, ExchangeError> {
    let page: Page<Ticker> = list(operation, "figures", text)?;
    page.items.into_iter().next().ok_or_else(|| wrong(operation, "figures", "there are none"))
}

/// Reads the next funding payment out of the figures of a symbol.
///
/// # Errors
/// As [`result`](super::result); `Decode` for a symbol without funding.
pub fn funding_rate(text: &str, instrument: &InstrumentId) -> Result<FundingRate, ExchangeError> {
    let events = figures("funding_rate", text)?.events(instrument, Timestamp::EPOCH);
    let rate = events.into_iter().find_map(|(_, event)| match event {
        Event::FundingRate(rate) => Some(rate),
        _ => None,
    });
    rate.ok_or_else(|| wrong("funding_rate", "figures", "they have no funding rate"))
}

/// Reads open interest out of the figures of a symbol; `time` is when it was asked for.
///
/// # Errors
/// As [`result`](super::result).
pub fn open_interest(
    text: &str,
    instrument: &InstrumentId,
    time: Timestamp,
) -> Result<OpenInterest, ExchangeError> {
    let events = figures("open_interest", text)?.events(instrument, time);
    let open = events.into_iter().find_map(|(_, event)| match event {
        Event::OpenInterest(open) => Some(open),
        _ => None,
    });
    open.ok_or_else(|| wrong("open_interest", "figures", "they have no open interest"))
}

/// Reads the coins of the unified account, less what is borrowed. Coins of which there is none are left out.
///
/// # Errors
/// As [`result`](super::result).
pub fn balances(text: &str) -> Result<Totals, ExchangeError> {
    #[derive(Deserialize)]
    struct Account {
        coin: Vec<Coin>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Coin {
        coin: Currency,
        #[serde(deserialize_with = "blank")]
        wallet_balance: Option<Decimal>,
        #[serde(deserialize_with = "blank", default)]
        spot_borrow: Option<Decimal>,
    }
    let page: Page<Account> = list("account_snapshot", "balances", text)?;
    let coins = page.items.iter().flat_map(|account| &account.coin);
    let held = coins.map(|coin| {
        (coin.coin, coin.wallet_balance.unwrap_or_default() - coin.spot_borrow.unwrap_or_default())
    });
    Ok(held.filter(|(_, total)| !total.is_zero()).collect())
}

/// Reads net positions. Symbols that are flat are left out.
///
/// # Errors
/// As [`result`](super::result); `Unsupported` for a symbol in hedge mode, which has two positions.
pub fn positions(text: &str, symbols: &Symbols) -> Result<Page<(InstrumentId, Quantity)>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Position<'a> {
        position_idx: u8,
        symbol: Cow<'a, str>,
        side: Cow<'a, str>,
        #[serde(deserialize_with = "blank")]
        size: Option<Quantity>,
    }
    let operation = "account_snapshot";
    let Page { items, next } = list::<Position<'_>>(operation, "positions", text)?;
    let mut net = BTreeMap::new();
    for position in items {
        if position.position_idx != 0 {
            let what = format!("hedge mode ({})", position.symbol);
            return Err(ExchangeError::Unsupported { operation, what });
        }
        let size = position.size.unwrap_or_default();
        if size.is_zero() {
            continue;
        }
        let size = if position.side == "Sell" { -size } else { size };
        net.insert(symbols.listing(operation, &position.symbol)?.id.clone(), size);
    }
    Ok(Page { items: net.into_iter().collect(), next })
}
