//! Messages of the user's stream.

use std::borrow::Cow;

use qtp_core::{
    AccountId, Amount, Currency, Decimal, Event, ExchangeError, ExternalCause, Fill, FundingPayment,
    Liquidity, OrderReport, Price, Quantity, Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::order::{WireSide, algo_status, external, reason, status, venue_id};
use crate::native::{Listing, Symbols, price_or_none, read, refused, some_quantity};

const OPERATION: &str = "account stream";

/// What a message of the user's stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountUpdate {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// Balances moved in a way that the message does not explain: ask for the account.
    Balances,
    /// Funding was paid, and the message does not say for which symbol: ask for the payments.
    Funding,
    /// The listen key or the stream has ended: a new one is needed.
    Expired,
    /// Something that is said again elsewhere, or not used.
    Unused,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<Cow<'a, str>>,
}

/// Reads a message, wrapped by a stream's or subscription's name or not.
///
/// # Errors
/// `Decode`: nothing on this stream may be passed over because it could not be read.
pub fn account_updates(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<AccountUpdate, ExchangeError> {
    let head: Head<'_> = read(OPERATION, "message", text)?;
    if let Some(inner) = head.data.or(head.event) {
        return account_updates(inner.get(), symbols, account);
    }
    match head.e.as_deref() {
        Some("executionReport") => {
            let execution: Execution<'_> = read(OPERATION, "executionReport", text)?;
            execution.events(symbols, account, false).map(AccountUpdate::Events)
        }
        Some("ORDER_TRADE_UPDATE") => {
            let message: Wrapped<Execution<'_>> = read(OPERATION, "ORDER_TRADE_UPDATE", text)?;
            message.o.events(symbols, account, true).map(AccountUpdate::Events)
        }
        Some("ALGO_UPDATE") => {
            let message: Wrapped<Algo<'_>> = read(OPERATION, "ALGO_UPDATE", text)?;
            let time = Timestamp::from_millis(message.time);
            let report = message.o.report(time, symbols, account)?;
            Ok(AccountUpdate::Events(vec![(time, Event::OrderReport(report))]))
        }
        Some("ACCOUNT_UPDATE") => account_update(text, symbols, account),
        Some("balanceUpdate") => cash_flow(text, account),
        Some("outboundAccountPosition") => Ok(AccountUpdate::Balances),
        Some("listenKeyExpired" | "eventStreamTerminated") => Ok(AccountUpdate::Expired),
        _ => Ok(AccountUpdate::Unused),
    }
}

#[derive(Deserialize)]
struct Wrapped<T> {
    o: T,
    #[serde(rename = "T")]
    time: i64,
}

/// An order after something happened to it; spot and futures use the same letters.
#[derive(Deserialize)]
struct Execution<'a> {
    s: Cow<'a, str>,
    c: Cow<'a, str>,
    /// Spot: our id, where `c` is the id of a cancel.
    #[serde(rename = "C")]
    original: Option<Cow<'a, str>>,
    #[serde(rename = "S")]
    side: WireSide,
    q: Quantity,
    #[serde(deserialize_with = "price_or_none", default)]
    p: Option<Price>,
    /// Trigger: spot, futures.
    #[serde(rename = "P", deserialize_with = "price_or_none", default)]
    trigger: Option<Price>,
    #[serde(deserialize_with = "price_or_none", default)]
    sp: Option<Price>,
    /// What happened.
    x: Cow<'a, str>,
    #[serde(rename = "X")]
    status: Cow<'a, str>,
    r: Option<Cow<'a, str>>,
    #[serde(rename = "eR")]
    expiry: Option<Cow<'a, str>>,
    i: u64,
    /// Quantity and price of this execution; zero for none.
    l: Quantity,
    #[serde(rename = "L", deserialize_with = "price_or_none", default)]
    price: Option<Price>,
    z: Quantity,
    n: Option<Cow<'a, str>>,
    #[serde(rename = "N")]
    fee_currency: Option<Currency>,
    #[serde(rename = "T")]
    time: i64,
    t: i64,
    m: bool,
}

impl Execution<'_> {
    /// The fill, if there was one, before the report: a terminal status must not overtake it.
    fn events(
        &self,
        symbols: &Symbols,
        account: &AccountId,
        futures: bool,
    ) -> Result<Vec<(Timestamp, Event)>, ExchangeError> {
        let listing = symbols.listing(OPERATION, &self.s)?;
        let time = Timestamp::from_millis(self.time);
        let mut events = Vec::with_capacity(2);
        if let (Some(quantity), Some(price)) = (some_quantity(self.l), self.price)
            && self.t > 0
            && self.status != "EXPIRED_IN_MATCH"
        {
            let fill = self.fill(listing, account, quantity, price, futures)?;
            events.push((time, Event::Fill(fill)));
        }
        let report = OrderReport {
            client_order_id: self.client_id().parse().ok(),
            venue_order_id: Some(venue_id(OPERATION, self.i)?),
            account: account.clone(),
            instrument: listing.id.clone(),
            time,
            side: self.side.into(),
            status: status(OPERATION, &self.status, self.z, self.q)?,
            quantity: self.q,
            filled: self.z,
            price: self.p.or(self.trigger).or(self.sp),
            reason: reason(&[self.r.as_deref(), self.expiry.as_deref()]),
        };
        events.push((time, Event::OrderReport(report)));
        Ok(events)
    }

    fn client_id(&self) -> &str {
        self.original.as_deref().filter(|original| !original.is_empty()).unwrap_or(&self.c)
    }

    fn fill(
        &self,
        listing: &Listing,
        account: &AccountId,
        quantity: Quantity,
        price: Price,
        futures: bool,
    ) -> Result<Fill, ExchangeError> {
        let fee = self.n.as_deref().unwrap_or("0");
        let fee = Decimal::from_str_exact(fee)
            .map_err(|error| crate::native::wrong(OPERATION, "fee", error.to_string()))?;
        let cause: Option<ExternalCause> = external(self.client_id());
        // Only futures give orders of their own such names; on spot the kind of the execution tells.
        let external = cause.map(|cause| match (futures, &*self.x) {
            (true, _) if cause != ExternalCause::Manual => cause,
            (_, "CALCULATED") => ExternalCause::Liquidation,
            _ => ExternalCause::Manual,
        });
        Ok(Fill {
            trade_id: self.t.to_string().parse().map_err(refused(OPERATION, "trade id"))?,
            client_order_id: self.client_id().parse().ok(),
            venue_order_id: Some(venue_id(OPERATION, self.i)?),
            account: account.clone(),
            instrument: listing.id.clone(),
            time: Timestamp::from_millis(self.time),
            side: self.side.into(),
            price,
            quantity,
            fee: Amount::new(fee, self.fee_currency.unwrap_or(listing.settle)),
            builder_fee: None,
            liquidity: if self.m { Liquidity::Maker } else { Liquidity::Taker },
            external,
        })
    }
}

/// A conditional futures order.
#[derive(Deserialize)]
struct Algo<'a> {
    caid: Cow<'a, str>,
    aid: u64,
    s: Cow<'a, str>,
    #[serde(rename = "S")]
    side: WireSide,
    q: Quantity,
    #[serde(rename = "X")]
    status: Cow<'a, str>,
    /// Executed by the order that it became.
    aq: Option<Quantity>,
    #[serde(deserialize_with = "price_or_none", default)]
    tp: Option<Price>,
    rm: Option<Cow<'a, str>>,
}

impl Algo<'_> {
    fn report(
        &self,
        time: Timestamp,
        symbols: &Symbols,
        account: &AccountId,
    ) -> Result<OrderReport, ExchangeError> {
        let filled = self.aq.unwrap_or_default();
        let status = algo_status(OPERATION, &self.status, filled, self.q)?;
        // The words come with every message; they explain an end only.
        let words = self.rm.as_deref().filter(|_| status.is_terminal() && self.status != "FINISHED");
        Ok(OrderReport {
            client_order_id: self.caid.parse().ok(),
            venue_order_id: Some(venue_id(OPERATION, self.aid)?),
            account: account.clone(),
            instrument: symbols.listing(OPERATION, &self.s)?.id.clone(),
            time,
            side: self.side.into(),
            status,
            quantity: self.q,
            filled,
            price: self.tp,
            reason: reason(&[words]),
        })
    }
}

#[derive(Deserialize)]
struct AccountMessage<'a> {
    #[serde(rename = "T")]
    time: i64,
    #[serde(borrow)]
    a: Change<'a>,
}

#[derive(Deserialize)]
struct Change<'a> {
    /// Why.
    m: Cow<'a, str>,
    #[serde(rename = "B", default)]
    balances: Vec<BalanceChange>,
    #[serde(rename = "P", default, borrow)]
    positions: Vec<PositionName<'a>>,
}

#[derive(Deserialize)]
struct BalanceChange {
    a: Currency,
    /// Change, but for trades and fees.
    #[serde(with = "qtp_core::serde_decimal")]
    bc: Decimal,
}

#[derive(Deserialize)]
struct PositionName<'a> {
    s: Cow<'a, str>,
}

fn account_update(
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<AccountUpdate, ExchangeError> {
    let AccountMessage { time, a: change } = read(OPERATION, "ACCOUNT_UPDATE", text)?;
    let time = Timestamp::from_millis(time);
    let changed = change.balances.iter().filter(|balance| !balance.bc.is_zero());
    let amounts: Vec<Amount> = changed.map(|balance| Amount::new(balance.bc, balance.a)).collect();
    match (&*change.m, change.positions.as_slice()) {
        // Their executions say it all.
        ("ORDER" | "ADJUSTMENT" | "INSURANCE_CLEAR" | "MARGIN_TYPE_CHANGE", _) => Ok(AccountUpdate::Unused),
        ("FUNDING_FEE", [position]) => {
            let instrument = &symbols.listing(OPERATION, &position.s)?.id;
            let paid = |amount| {
                let (account, instrument) = (account.clone(), instrument.clone());
                (time, Event::Funding(FundingPayment { account, instrument, time, amount }))
            };
            Ok(AccountUpdate::Events(amounts.into_iter().map(paid).collect()))
        }
        // Cross margin does not say for which symbol.
        ("FUNDING_FEE", _) => Ok(AccountUpdate::Funding),
        ("DEPOSIT" | "WITHDRAW" | "ASSET_TRANSFER" | "ADMIN_DEPOSIT" | "ADMIN_WITHDRAW", _) => {
            let flow = |amount| (time, Event::CashFlow { account: account.clone(), amount });
            Ok(AccountUpdate::Events(amounts.into_iter().map(flow).collect()))
        }
        _ => Ok(AccountUpdate::Balances),
    }
}

#[derive(Deserialize)]
struct Flow {
    a: Currency,
    #[serde(with = "qtp_core::serde_decimal")]
    d: Decimal,
    #[serde(rename = "T")]
    time: i64,
}

fn cash_flow(text: &str, account: &AccountId) -> Result<AccountUpdate, ExchangeError> {
    let flow: Flow = read(OPERATION, "balanceUpdate", text)?;
    let event = Event::CashFlow { account: account.clone(), amount: Amount::new(flow.d, flow.a) };
    Ok(AccountUpdate::Events(vec![(Timestamp::from_millis(flow.time), event)]))
}
