//! Orders.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use qtp_core::port::{AccountSnapshot, AccountStream, Execution, Finding, OrderAck};
use qtp_core::{
    AccountId, Approved, CancelRequest, ClientOrderId, ExchangeError, Fill, InstrumentId, OrderGroup,
    OrderReport, OrderRequest, Side, Timestamp, TriggerSource, VenueCapabilities, VenueOrderId,
};

use super::{AlpacaExchange, Inner};
use crate::alpaca::{AssetClass, wire};
use crate::native::wrong;

/// Executions of one answer, and answers of one look.
const PAGE: usize = 100;
const PAGES: usize = 1_000;
/// Open orders of one answer.
const OPEN_MAX: usize = 500;

#[async_trait]
impl Execution for AlpacaExchange {
    fn account(&self) -> AccountId {
        self.inner.settings.account.clone()
    }

    fn capabilities(&self) -> VenueCapabilities {
        let stocks = self.inner.settings.market.class == AssetClass::Stock;
        VenueCapabilities {
            // Crypto has stops with a limit only, which a gap leaves behind: no protection can rest on them.
            trigger_sources: if stocks { vec![TriggerSource::Last] } else { Vec::new() },
            reduce_only: false,
            flip_in_one_order: false,
            native_bracket: false,
            // A change makes another order, with another id.
            amend: false,
            post_only: false,
            validity: false,
            equity_sized_orders: false,
            // The first would hold the shares of the second.
            stop_and_target: false,
        }
    }

    async fn preflight(&self, _: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        self.inner.inspect().await
    }

    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        self.inner.place(group.get()).await
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        self.inner.cancel(request.client_order_id).await
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        self.inner.look_up(*id).await
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        let inner = &self.inner;
        let (symbols, account) = (&inner.market.catalogue().await?.symbols, &inner.settings.account);
        let reply = inner.market.ask(inner.market.requests().all_open_orders()?).await?;
        let mut open = wire::orders("open_orders", reply.text(), symbols, account)?;
        if open.len() >= OPEN_MAX {
            return Err(wrong(
                "open_orders",
                "orders",
                format!("{OPEN_MAX} or more: the list may not be whole"),
            ));
        }
        open.retain(|report| !report.status.is_terminal());
        open.iter_mut().for_each(|report| inner.own(report));
        Ok(open)
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        self.inner.fills(since).await
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        let inner = &self.inner;
        // Before the question: what fills while it is asked is newer than the answer.
        let (time, account) = (inner.now().await?, inner.settings.account.clone());
        let requests = inner.market.requests();
        let cash = wire::cash(inner.market.ask(requests.account()?).await?.text())?;
        let reply = inner.market.ask(requests.positions()?).await?;
        let positions = wire::positions(reply.text(), &inner.market.catalogue().await?.plain)?;
        Ok(AccountSnapshot {
            account,
            time,
            balances: std::iter::once((cash.currency, cash.value)).collect(),
            positions,
        })
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        super::stream::open(&self.inner).await
    }
}

impl Inner {
    async fn place(&self, group: &OrderGroup) -> Result<Vec<OrderAck>, ExchangeError> {
        const OPERATION: &str = "submit";
        let first = group.first();
        for order in group.orders() {
            self.only_sales_reduce(order)?;
        }
        let symbol = self.market.native(OPERATION, &first.instrument).await?;
        let id = first.client_order_id;
        let request = self.market.requests().place(symbol, &id.to_string(), group)?;
        let reply = self.market.trading().submit(id, request).await?;
        if !reply.is_success() {
            return Err(wire::submit_error_of(id, reply.status(), reply.text()));
        }
        // It was taken; an answer that cannot be read leaves its numbers open, no more.
        let (number, legs) = wire::acknowledged(reply.text())
            .map_or((None, Vec::new()), |(number, legs)| (Some(number), legs));
        let exits = exits(group);
        let mut numbers: BTreeMap<ClientOrderId, VenueOrderId> =
            exits.into_iter().zip(legs).chain(number.map(|number| (id, number))).collect();
        for (own, number) in &numbers {
            self.remember(number, Some(*own));
        }
        let ack = |order: &OrderRequest| {
            let client_order_id = order.client_order_id;
            OrderAck { client_order_id, venue_order_id: numbers.remove(&client_order_id) }
        };
        Ok(group.orders().map(ack).collect())
    }

    /// The venue has no flag for it: a sale of what is held reduces, a purchase might not.
    fn only_sales_reduce(&self, order: &OrderRequest) -> Result<(), ExchangeError> {
        if order.reduce_only && order.side == Side::Buy {
            let what = "a purchase that only reduces: there are no short positions here".to_owned();
            return Err(ExchangeError::Unsupported { operation: "submit", what });
        }
        Ok(())
    }

    async fn look_up(&self, id: ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        let request = self.market.requests().order_by_client_id(&id.to_string())?;
        let Some(reply) = self.find(request).await? else { return Ok(None) };
        let (symbols, account) = (&self.market.catalogue().await?.symbols, &self.settings.account);
        // The legs of a bracket follow their entry.
        let mut found = wire::orders("order", reply.text(), symbols, account)?;
        if found.is_empty() {
            return Ok(None);
        }
        let mut report = found.swap_remove(0);
        self.own(&mut report);
        Ok(Some(report))
    }

    /// The venue cancels by its own number only.
    async fn cancel(&self, id: ClientOrderId) -> Result<(), ExchangeError> {
        let Some(report) = self.look_up(id).await?.filter(|report| !report.status.is_terminal()) else {
            return Ok(());
        };
        let Some(number) = &report.venue_order_id else { return Ok(()) };
        let build = || self.market.requests().cancel(number.as_str());
        let reply = self.market.trading().cancel(build).await?;
        match reply.status() {
            404 => Ok(()),
            // It cannot be cancelled any more, which is fine if it has ended.
            422 if self.look_up(id).await?.is_none_or(|report| report.status.is_terminal()) => Ok(()),
            _ if reply.is_success() => Ok(()),
            status => Err(wire::error_of("cancel", status, reply.text())),
        }
    }

    async fn fills(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        let symbols = &self.market.catalogue().await?.symbols;
        // The venue's bound is exclusive.
        let after = since.max(Timestamp::EPOCH + Duration::from_millis(1)) - Duration::from_millis(1);
        let (mut fills, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let request = self.market.requests().fills(Some(after), token.as_deref())?;
            let reply = self.market.ask(request).await?;
            let (page, last) = wire::fills(reply.text(), symbols, &self.settings.account)?;
            let whole = page.len() < PAGE;
            fills.extend(page.into_iter().filter(|fill| fill.time >= since));
            token = last;
            if whole || token.is_none() {
                fills.sort_by_key(|fill: &Fill| fill.time);
                for fill in &mut fills {
                    self.claim(fill).await?;
                }
                return Ok(fills);
            }
        }
        Err(wrong("fills_since", "executions", format!("more than {PAGES} pages")))
    }
}

/// Exits of a group in the venue's order: target, then stop.
fn exits(group: &OrderGroup) -> Vec<ClientOrderId> {
    match group {
        OrderGroup::Single(_) => Vec::new(),
        OrderGroup::Bracket { stop, target, .. } => {
            target.iter().chain(stop).map(|order| order.client_order_id).collect()
        }
        // The first one is the order itself.
        OrderGroup::Oco(_, second) => vec![second.client_order_id],
    }
}
