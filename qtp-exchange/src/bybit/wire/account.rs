//! Orders and executions, over REST and on the private stream: both use the same fields.

use std::borrow::Cow;

use qtp_core::{
    AccountId, Amount, ClientOrderId, Currency, Decimal, Event, ExchangeError, ExternalCause, Fill,
    FundingPayment, Liquidity, OrderReport, OrderStatus, Price, Quantity, Reason, Side, Timestamp,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::Category;
use super::answer::{Page, blank, list, millis};
use crate::native::{Listing, Symbols, price_or_none, read, refused, wrong};

const OPERATION: &str = "account stream";

/// `Buy` or `Sell`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) enum WireSide {
    Buy,
    Sell,
}

impl From<WireSide> for Side {
    fn from(side: WireSide) -> Self {
        match side {
            WireSide::Buy => Self::Buy,
            WireSide::Sell => Self::Sell,
        }
    }
}

/// What a message of the private stream says.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountUpdate {
    /// Events with the venue's time.
    Events(Vec<(Timestamp, Event)>),
    /// Balances moved: ask for the account, if no execution explains it.
    Balances,
    /// The answer to a request of ours on the socket; with the venue's words if it was refused.
    Answer {
        /// What was asked.
        operation: String,
        /// Why it was refused.
        error: Option<String>,
    },
    /// Something that is said again elsewhere, or not used.
    Unused,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    op: Option<String>,
    success: Option<bool>,
    #[serde(rename = "retCode")]
    code: Option<i64>,
    #[serde(alias = "retMsg")]
    ret_msg: Option<String>,
}

/// Reads a message.
///
/// # Errors
/// `Decode`: nothing on this stream may be passed over because it could not be read.
pub fn account_updates(
    text: &str,
    category: Category,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<AccountUpdate, ExchangeError> {
    let head: Head<'_> = read(OPERATION, "message", text)?;
    let (Some(topic), Some(data)) = (head.topic.as_deref(), head.data) else {
        let Some(operation) = head.op else { return Ok(AccountUpdate::Unused) };
        let done = head.success.unwrap_or(true) && head.code.unwrap_or(0) == 0;
        let error = (!done).then(|| head.ret_msg.unwrap_or_default());
        return Ok(AccountUpdate::Answer { operation, error });
    };
    // A topic may be asked for by category: `order.linear`.
    match topic.split('.').next() {
        Some("order") => {
            let orders: Vec<Order<'_>> = read(OPERATION, "orders", data.get())?;
            let mut events = Vec::with_capacity(orders.len());
            for order in orders.into_iter().filter(|order| order.is_of(category)) {
                let report = order.report(OPERATION, symbols, account)?;
                events.push((report.time, Event::OrderReport(report)));
            }
            Ok(AccountUpdate::Events(events))
        }
        // Its fast form lacks the fee; the full one follows.
        Some("execution") if topic.starts_with("execution.fast") => Ok(AccountUpdate::Unused),
        Some("execution") => {
            let executions: Vec<Execution<'_>> = read(OPERATION, "executions", data.get())?;
            let mut events = Vec::with_capacity(executions.len());
            for execution in executions.iter().filter(|execution| execution.is_of(category)) {
                events.extend(execution.event(OPERATION, category, symbols, account)?);
            }
            Ok(AccountUpdate::Events(events))
        }
        Some("wallet") => Ok(AccountUpdate::Balances),
        _ => Ok(AccountUpdate::Unused),
    }
}

/// Reads a page of orders.
///
/// # Errors
/// As [`result`](super::result).
pub fn orders(
    operation: &'static str,
    text: &str,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Page<OrderReport>, ExchangeError> {
    let page: Page<Order<'_>> = list(operation, "orders", text)?;
    page.try_map(|order| order.report(operation, symbols, account))
}

/// Reads a page of executions, newest first. Funding is left out: it is booked from the stream.
///
/// # Errors
/// As [`result`](super::result).
pub fn fills(
    text: &str,
    category: Category,
    symbols: &Symbols,
    account: &AccountId,
) -> Result<Page<Fill>, ExchangeError> {
    let operation = "fills_since";
    let Page { items, next } = list::<Execution<'_>>(operation, "executions", text)?;
    let mut fills = Vec::with_capacity(items.len());
    for execution in items {
        if let Some((_, Event::Fill(fill))) = execution.event(operation, category, symbols, account)? {
            fills.push(fill);
        }
    }
    Ok(Page { items: fills, next })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order<'a> {
    category: Option<Cow<'a, str>>,
    symbol: Cow<'a, str>,
    order_id: Cow<'a, str>,
    order_link_id: Cow<'a, str>,
    side: WireSide,
    #[serde(deserialize_with = "price_or_none")]
    price: Option<Price>,
    #[serde(deserialize_with = "price_or_none", default)]
    trigger_price: Option<Price>,
    qty: Quantity,
    #[serde(deserialize_with = "blank")]
    cum_exec_qty: Option<Quantity>,
    order_status: Cow<'a, str>,
    reject_reason: Option<Cow<'a, str>>,
    cancel_type: Option<Cow<'a, str>>,
    #[serde(deserialize_with = "millis")]
    updated_time: i64,
}

impl Order<'_> {
    fn is_of(&self, category: Category) -> bool {
        self.category.as_deref().is_none_or(|name| name == category.as_str())
    }

    fn report(
        &self,
        operation: &'static str,
        symbols: &Symbols,
        account: &AccountId,
    ) -> Result<OrderReport, ExchangeError> {
        let filled = self.cum_exec_qty.unwrap_or_default();
        let status = status(operation, &self.order_status, filled)?;
        Ok(OrderReport {
            client_order_id: self.order_link_id.parse().ok(),
            venue_order_id: Some(self.order_id.parse().map_err(refused(operation, "order id"))?),
            account: account.clone(),
            instrument: symbols.listing(operation, &self.symbol)?.id.clone(),
            time: Timestamp::from_millis(self.updated_time),
            side: self.side.into(),
            status,
            quantity: self.qty,
            filled,
            price: self.price.or(self.trigger_price),
            reason: self.reason(status),
        })
    }

    /// The venue's word for an end out of the ordinary.
    fn reason(&self, status: OrderStatus) -> Option<Reason> {
        if !matches!(status, OrderStatus::Canceled | OrderStatus::Rejected) {
            return None;
        }
        let words = [self.reject_reason.as_deref(), self.cancel_type.as_deref()];
        let none = |word: &&str| !matches!(*word, "" | "EC_NoError" | "UNKNOWN" | "CancelByUser");
        words.into_iter().flatten().find(none).map(|word| Reason::new(word.to_lowercase(), word))
    }
}

/// # Errors
/// `Decode` for a word that is not known: an order must never be taken for what it is not.
fn status(operation: &'static str, word: &str, filled: Quantity) -> Result<OrderStatus, ExchangeError> {
    Ok(match word {
        "New" | "Created" | "Untriggered" | "Triggered" => OrderStatus::Open,
        "PartiallyFilled" => OrderStatus::PartiallyFilled,
        "Filled" => OrderStatus::Filled,
        "Cancelled" | "PartiallyFilledCanceled" | "Deactivated" => OrderStatus::Canceled,
        // Part of it was executed before the rest was refused: for us that is an end, not a refusal.
        "Rejected" if !filled.is_zero() => OrderStatus::Canceled,
        "Rejected" => OrderStatus::Rejected,
        other => return Err(wrong(operation, "order status", format!("{other:?} is not known"))),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Execution<'a> {
    category: Option<Cow<'a, str>>,
    symbol: Cow<'a, str>,
    order_id: Cow<'a, str>,
    order_link_id: Cow<'a, str>,
    side: WireSide,
    exec_id: Cow<'a, str>,
    exec_price: Price,
    exec_qty: Quantity,
    exec_type: Cow<'a, str>,
    #[serde(with = "qtp_core::serde_decimal")]
    exec_fee: Decimal,
    #[serde(deserialize_with = "blank", default)]
    fee_currency: Option<Currency>,
    is_maker: bool,
    #[serde(deserialize_with = "millis")]
    exec_time: i64,
}

impl Execution<'_> {
    fn is_of(&self, category: Category) -> bool {
        self.category.as_deref().is_none_or(|name| name == category.as_str())
    }

    /// A fill or a funding payment; `None` for kinds that move no position and no known money.
    fn event(
        &self,
        operation: &'static str,
        category: Category,
        symbols: &Symbols,
        account: &AccountId,
    ) -> Result<Option<(Timestamp, Event)>, ExchangeError> {
        let listing = symbols.listing(operation, &self.symbol)?;
        let time = Timestamp::from_millis(self.exec_time);
        let ours: Option<ClientOrderId> = self.order_link_id.parse().ok();
        let external = match &*self.exec_type {
            "Funding" => {
                // A fee above zero was paid.
                let amount = Amount::new(-self.exec_fee, self.fee_in(listing, category)?);
                let (account, instrument) = (account.clone(), listing.id.clone());
                let payment = FundingPayment { account, instrument, time, amount };
                return Ok(Some((time, Event::Funding(payment))));
            }
            "Trade" => ours.is_none().then_some(ExternalCause::Manual),
            "AdlTrade" => Some(ExternalCause::Adl),
            "BustTrade" => Some(ExternalCause::Liquidation),
            "Settle" | "Delivery" => Some(ExternalCause::Settlement),
            "BlockTrade" | "MovePosition" => Some(ExternalCause::Unknown),
            "SessionSettlePnL" => return Ok(None),
            other => return Err(wrong(operation, "execution", format!("its kind {other:?} is not known"))),
        };
        let fill = Fill {
            trade_id: self.exec_id.parse().map_err(refused(operation, "execution id"))?,
            client_order_id: ours,
            venue_order_id: Some(self.order_id.parse().map_err(refused(operation, "order id"))?),
            account: account.clone(),
            instrument: listing.id.clone(),
            time,
            side: self.side.into(),
            price: self.exec_price,
            quantity: self.exec_qty,
            fee: Amount::new(self.exec_fee, self.fee_in(listing, category)?),
            builder_fee: None,
            liquidity: if self.is_maker { Liquidity::Maker } else { Liquidity::Taker },
            external,
        };
        Ok(Some((time, Event::Fill(fill))))
    }

    /// Where it is not said: a spot buy pays in what it buys, everything else in what it settles in.
    fn fee_in(&self, listing: &Listing, category: Category) -> Result<Currency, ExchangeError> {
        match (self.fee_currency, category, self.side) {
            (Some(currency), ..) => Ok(currency),
            (None, Category::Spot, WireSide::Buy) => {
                listing.id.base().parse().map_err(refused(OPERATION, "fee currency"))
            }
            _ => Ok(listing.settle),
        }
    }
}
