//! Answers over REST.

use std::borrow::Cow;
use std::collections::BTreeMap;

use qtp_core::account::Totals;
use qtp_core::port::AccountSnapshot;
use qtp_core::{
    AccountId, Candle, CandleParts, ClientOrderId, Currency, Decimal, ExchangeError, FundingRate,
    InstrumentId, MarkPrice, OpenInterest, Price, Quantity, Ratio, Reason, Side, Timeframe, Timestamp, Trade,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::market::Depth;
use crate::native::{Symbols, read, refused, some_time};

/// Reads the venue's time.
///
/// # Errors
/// `Decode`.
pub fn server_time(text: &str) -> Result<Timestamp, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Time {
        server_time: i64,
    }
    Ok(Timestamp::from_millis(read::<Time>("time", "time", text)?.server_time))
}

type Row = (
    i64,
    Price,
    Price,
    Price,
    Price,
    Quantity,
    i64,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
);

/// Reads candles that have closed by `now`.
///
/// # Errors
/// `Decode`.
pub fn candles(
    text: &str,
    instrument: &InstrumentId,
    timeframe: Timeframe,
    now: Timestamp,
) -> Result<Vec<Candle>, ExchangeError> {
    let rows: Vec<Row> = read("candles", "candles", text)?;
    let mut candles = Vec::with_capacity(rows.len());
    for (open_time, open, high, low, close, volume, close_time, ..) in rows {
        // The venue's close time is the last millisecond that belongs to the candle.
        if Timestamp::from_millis(close_time) >= now {
            continue;
        }
        let (instrument, open_time) = (instrument.clone(), Timestamp::from_millis(open_time));
        let parts = CandleParts { instrument, timeframe, open_time, open, high, low, close, volume };
        candles.push(Candle::new(parts).map_err(refused("candles", "candle"))?);
    }
    Ok(candles)
}

/// Reads a book, the snapshot of a [`DepthBook`](super::super::DepthBook).
///
/// # Errors
/// `Decode`.
pub fn depth(text: &str) -> Result<Depth, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "lastUpdateId")]
        last: u64,
        /// Futures.
        #[serde(rename = "T", default)]
        time: i64,
        bids: Vec<(Price, Quantity)>,
        asks: Vec<(Price, Quantity)>,
    }
    let Answer { last, time, bids, asks } = read("order_book", "book", text)?;
    Ok(Depth { last, time: some_time(time), bids, asks })
}

/// Reads public trades, plain or aggregated.
///
/// # Errors
/// `Decode`.
pub fn trades(text: &str, instrument: &InstrumentId) -> Result<Vec<Trade>, ExchangeError> {
    #[derive(Deserialize)]
    struct Print {
        #[serde(alias = "p")]
        price: Price,
        #[serde(alias = "q")]
        qty: Quantity,
        #[serde(alias = "T")]
        time: i64,
        #[serde(rename = "isBuyerMaker", alias = "m")]
        buyer_rested: bool,
    }
    let prints: Vec<Print> = read("trades", "trades", text)?;
    let trade = |print: Print| Trade {
        instrument: instrument.clone(),
        time: Timestamp::from_millis(print.time),
        price: print.price,
        quantity: print.qty,
        taker: Some(if print.buyer_rested { Side::Sell } else { Side::Buy }),
    };
    Ok(prints.into_iter().map(trade).collect())
}

/// Reads mark, index and the next funding payment.
///
/// # Errors
/// `Decode`.
pub fn premium(text: &str, symbols: &Symbols) -> Result<(MarkPrice, FundingRate), ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Premium<'a> {
        symbol: Cow<'a, str>,
        mark_price: Price,
        index_price: Price,
        last_funding_rate: Ratio,
        next_funding_time: i64,
        time: i64,
    }
    let premium: Premium<'_> = read("funding_rate", "premium", text)?;
    let instrument = symbols.listing("funding_rate", &premium.symbol)?.id.clone();
    let mark = MarkPrice {
        instrument: instrument.clone(),
        time: Timestamp::from_millis(premium.time),
        mark: premium.mark_price,
        index: Some(premium.index_price),
    };
    let rate = FundingRate {
        instrument,
        time: Timestamp::from_millis(premium.next_funding_time),
        rate: premium.last_funding_rate,
        reference: Some(premium.mark_price),
    };
    Ok((mark, rate))
}

/// Reads paid funding rates.
///
/// # Errors
/// `Decode`.
pub fn funding_rates(text: &str, symbols: &Symbols) -> Result<Vec<FundingRate>, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Paid<'a> {
        symbol: Cow<'a, str>,
        funding_rate: Ratio,
        funding_time: i64,
        mark_price: Option<Price>,
    }
    let paid: Vec<Paid<'_>> = read("funding_rate", "funding rates", text)?;
    let rate = |paid: Paid<'_>| {
        Ok(FundingRate {
            instrument: symbols.listing("funding_rate", &paid.symbol)?.id.clone(),
            time: Timestamp::from_millis(paid.funding_time),
            rate: paid.funding_rate,
            reference: paid.mark_price,
        })
    };
    paid.into_iter().map(rate).collect()
}

/// Reads open interest.
///
/// # Errors
/// `Decode`.
pub fn open_interest(text: &str, symbols: &Symbols) -> Result<OpenInterest, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Interest<'a> {
        symbol: Cow<'a, str>,
        open_interest: Quantity,
        time: i64,
    }
    let interest: Interest<'_> = read("open_interest", "open interest", text)?;
    Ok(OpenInterest {
        instrument: symbols.listing("open_interest", &interest.symbol)?.id.clone(),
        time: Timestamp::from_millis(interest.time),
        quantity: interest.open_interest,
        value: None,
    })
}

/// Reads the balances of a spot account, free and locked together; `time` is when it was asked for.
///
/// # Errors
/// `Decode`.
pub fn balances(text: &str, account: &AccountId, time: Timestamp) -> Result<AccountSnapshot, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer {
        balances: Vec<Balance>,
    }
    #[derive(Deserialize)]
    struct Balance {
        asset: Currency,
        #[serde(with = "qtp_core::serde_decimal")]
        free: Decimal,
        #[serde(with = "qtp_core::serde_decimal")]
        locked: Decimal,
    }
    let answer: Answer = read("account_snapshot", "account", text)?;
    let held = answer.balances.iter().map(|balance| (balance.asset, balance.free + balance.locked));
    let balances: Totals = held.filter(|(_, total)| !total.is_zero()).collect();
    Ok(AccountSnapshot { account: account.clone(), time, balances, positions: BTreeMap::new() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Position<'a> {
    symbol: Cow<'a, str>,
    position_amt: Quantity,
    position_side: Cow<'a, str>,
}

/// Reads the net positions of futures. Symbols that are flat are left out.
///
/// # Errors
/// `Decode`; `Unsupported` for an account in hedge mode, which has two positions a symbol.
pub fn positions(text: &str, symbols: &Symbols) -> Result<BTreeMap<InstrumentId, Quantity>, ExchangeError> {
    net(read("account_snapshot", "positions", text)?, symbols)
}

fn net(
    positions: Vec<Position<'_>>,
    symbols: &Symbols,
) -> Result<BTreeMap<InstrumentId, Quantity>, ExchangeError> {
    let operation = "account_snapshot";
    let mut net = BTreeMap::new();
    for position in positions {
        if position.position_side != "BOTH" {
            let what = format!("hedge mode ({} has a {} side)", position.symbol, position.position_side);
            return Err(ExchangeError::Unsupported { operation, what });
        }
        if !position.position_amt.is_zero() {
            let instrument = symbols.listing(operation, &position.symbol)?.id.clone();
            net.insert(instrument, position.position_amt);
        }
    }
    Ok(net)
}

/// Reads wallet balances and net positions of a futures account; `time` is when it was asked for.
///
/// # Errors
/// `Decode`; `Unsupported` for an account in hedge mode.
pub fn futures_account(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
    time: Timestamp,
) -> Result<AccountSnapshot, ExchangeError> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        assets: Vec<Asset>,
        #[serde(borrow)]
        positions: Vec<Position<'a>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Asset {
        asset: Currency,
        #[serde(with = "qtp_core::serde_decimal")]
        wallet_balance: Decimal,
    }
    let answer: Answer<'_> = read("account_snapshot", "account", text)?;
    let held = answer.assets.iter().map(|asset| (asset.asset, asset.wallet_balance));
    let balances: Totals = held.filter(|(_, total)| !total.is_zero()).collect();
    let positions = net(answer.positions, symbols)?;
    Ok(AccountSnapshot { account: account.clone(), time, balances, positions })
}

/// Reads whether the futures account is in hedge mode, with two positions a symbol.
///
/// # Errors
/// `Decode`.
pub fn is_hedge_mode(text: &str) -> Result<bool, ExchangeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Mode {
        dual_side_position: bool,
    }
    Ok(read::<Mode>("position mode", "position mode", text)?.dual_side_position)
}

/// What a refusal with HTTP status 4xx means.
pub fn error_of(operation: &'static str, status: u16, text: &str) -> ExchangeError {
    #[derive(Deserialize)]
    struct Refusal {
        code: i64,
        msg: String,
    }
    let Ok(Refusal { code, msg }) = serde_json::from_str(text) else {
        // A front end of the venue: it never reached the part that knows codes.
        let source = format!("HTTP status {status}").into();
        return ExchangeError::Transport { operation, source };
    };
    match code {
        // The venue's front lost its own back: nothing is known to have happened, and nothing not to have.
        -1000 | -1001 | -1006 | -1007 => ExchangeError::Transport { operation, source: msg.into() },
        -1003 | -1015 => ExchangeError::RateLimited { operation, retry_after: None },
        -1002 | -1021 | -1022 | -2014 | -2015 => ExchangeError::Auth { operation, message: msg },
        _ => ExchangeError::Rejected { operation, reason: Reason::new(code.to_string(), msg) },
    }
}

/// True for an answer that refuses our time stamp.
pub fn is_clock_error(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        code: Option<i64>,
        error: Option<Inner>,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: i64,
    }
    let read = serde_json::from_str::<Refusal>(text);
    read.is_ok_and(|refusal| refusal.code.or(refusal.error.map(|error| error.code)) == Some(-1021))
}

/// True for an order that the venue does not know, or that does not work any more.
pub fn is_unknown_order(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Rejected { reason, .. } if matches!(reason.code.as_str(), "-2011" | "-2013"))
}

/// As [`error_of`], for a submit: where the venue itself does not know, neither do we. An id that was used already
/// stands for an order that may live: it is looked up, not taken for refused.
pub fn submit_error_of(id: ClientOrderId, status: u16, text: &str) -> ExchangeError {
    match error_of("submit", status, text) {
        ExchangeError::Transport { source, .. } if text.contains("\"code\"") => {
            ExchangeError::OutcomeUnknown { client_order_id: id, source }
        }
        ExchangeError::Rejected { reason, .. }
            if reason.code == "-4116" || reason.code == "-2010" && reason.message.contains("Duplicate") =>
        {
            ExchangeError::OutcomeUnknown { client_order_id: id, source: reason.to_string().into() }
        }
        error => error,
    }
}
