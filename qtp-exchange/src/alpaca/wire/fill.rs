//! Executions: over REST, and as the account's stream tells them.

use std::borrow::Cow;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, Event, ExchangeError, Fill, Liquidity, Price, Quantity, Timestamp,
    TradeId,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::account::{Order, WireSide, report};
use crate::native::{Symbols, number, read, refused, some_number};

/// The name of an execution: the order and how much of it had filled then. The venue numbers executions in two ways,
/// one for its history and one for its stream; this is the same in both.
fn trade_id(operation: &'static str, order: &str, filled: Quantity) -> Result<TradeId, ExchangeError> {
    format!("{order}/{}", filled.get().normalize()).parse().map_err(refused(operation, "execution"))
}

/// One page of executions, ascending, and the name of the last one, behind which the next page begins.
///
/// # Errors
/// `Decode`.
pub fn fills(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<(Vec<Fill>, Option<String>), ExchangeError> {
    #[derive(Deserialize)]
    struct Activity<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(borrow)]
        order_id: Cow<'a, str>,
        #[serde(borrow)]
        symbol: Cow<'a, str>,
        side: WireSide,
        #[serde(deserialize_with = "number")]
        price: Price,
        #[serde(deserialize_with = "number")]
        qty: Quantity,
        #[serde(deserialize_with = "number")]
        cum_qty: Quantity,
        #[serde(borrow)]
        transaction_time: Cow<'a, str>,
    }
    let operation = "fills_since";
    let list: Vec<Activity<'_>> = read(operation, "executions", text)?;
    let last = list.last().map(|activity| activity.id.to_string());
    let fill = |activity: Activity<'_>| {
        let listing = symbols.listing(operation, &activity.symbol)?;
        Ok(Fill {
            trade_id: trade_id(operation, &activity.order_id, activity.cum_qty)?,
            client_order_id: None,
            venue_order_id: Some(activity.order_id.parse().map_err(refused(operation, "order id"))?),
            account: account.clone(),
            instrument: listing.id.clone(),
            time: activity.transaction_time.parse().map_err(refused(operation, "time"))?,
            side: activity.side.into(),
            price: activity.price,
            quantity: activity.qty,
            fee: Amount::new(Decimal::ZERO, listing.settle),
            builder_fee: None,
            liquidity: Liquidity::Taker,
            external: None,
        })
    };
    let fills: Result<Vec<Fill>, ExchangeError> = list.into_iter().map(fill).collect();
    Ok((fills?, last))
}

/// What a message of the account's stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountUpdate {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// The answer to our login; with the venue's words if it was refused.
    Login(Result<(), String>),
    /// What is listened to now.
    Listening(Vec<String>),
    /// Something that is not used.
    Unused,
}

/// Reads a message.
///
/// # Errors
/// `Decode`: nothing on this stream may be passed over because it could not be read.
pub fn account_updates(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<AccountUpdate, ExchangeError> {
    const OPERATION: &str = "account stream";
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        stream: Cow<'a, str>,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Login {
        status: String,
    }
    #[derive(Deserialize)]
    struct Listening {
        #[serde(default)]
        streams: Vec<String>,
    }
    let message: Message<'_> = read(OPERATION, "message", text)?;
    let data = message.data.get();
    match &*message.stream {
        "authorization" => {
            let status = read::<Login>(OPERATION, "authorization", data)?.status;
            Ok(AccountUpdate::Login(if status == "authorized" { Ok(()) } else { Err(status) }))
        }
        "listening" => Ok(AccountUpdate::Listening(read::<Listening>(OPERATION, "listening", data)?.streams)),
        "trade_updates" => trade_update(data, symbols, account).map(AccountUpdate::Events),
        _ => Ok(AccountUpdate::Unused),
    }
}

fn trade_update(
    data: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
    const OPERATION: &str = "account stream";
    #[derive(Deserialize)]
    struct Update<'a> {
        #[serde(borrow)]
        event: Cow<'a, str>,
        #[serde(borrow)]
        order: Order<'a>,
        #[serde(borrow)]
        timestamp: Option<Cow<'a, str>>,
        #[serde(deserialize_with = "some_number", default)]
        price: Option<Price>,
        #[serde(deserialize_with = "some_number", default)]
        qty: Option<Quantity>,
    }
    let update: Update<'_> = read(OPERATION, "trade update", data)?;
    let report = report(OPERATION, &update.order, symbols, account)?;
    let mut events = Vec::with_capacity(2);
    if let "fill" | "partial_fill" = &*update.event {
        let missing = || crate::native::wrong(OPERATION, "fill", "it has no price, quantity or time");
        let (price, quantity) = (update.price.ok_or_else(missing)?, update.qty.ok_or_else(missing)?);
        let time = update.timestamp.as_deref().ok_or_else(missing)?;
        let filled = update.order.filled_qty.ok_or_else(missing)?;
        let time: Timestamp = time.parse().map_err(refused(OPERATION, "time"))?;
        let settle: Currency = symbols.listing(OPERATION, update.order.symbol())?.settle;
        let fill = Fill {
            trade_id: trade_id(OPERATION, &update.order.id, filled)?,
            client_order_id: report.client_order_id,
            venue_order_id: report.venue_order_id.clone(),
            account: account.clone(),
            instrument: report.instrument.clone(),
            time,
            side: report.side,
            price,
            quantity,
            fee: Amount::new(Decimal::ZERO, settle),
            builder_fee: None,
            liquidity: Liquidity::Taker,
            external: None,
        };
        // Before the report: a terminal status must not overtake it.
        events.push((time, Event::Fill(fill)));
    }
    // An order that was refused tells so by its status.
    events.push((report.time, Event::OrderReport(report)));
    Ok(events)
}
