//! Orders.

use async_trait::async_trait;
use qtp_core::port::{AccountSnapshot, AccountStream, Execution, Finding, OrderAck};
use qtp_core::{
    AccountId, Approved, CancelRequest, ClientOrderId, Decimal, ExchangeError, Fill, InstrumentId,
    LeverageRequest, ModifyRequest, OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, Reason,
    Side, Timestamp, TriggerSource, VenueCapabilities,
};

use super::{BinanceExchange, Inner};
use crate::binance::{Amendment, wire};
use crate::transport::{OrderRef, Reply};

/// "No need to change": a setting that is already so.
const UNCHANGED: [&str; 2] = ["-4046", "-4059"];

#[async_trait]
impl Execution for BinanceExchange {
    fn account(&self) -> AccountId {
        self.inner.settings.account.clone()
    }

    fn capabilities(&self) -> VenueCapabilities {
        let futures = self.inner.futures();
        VenueCapabilities {
            trigger_sources: if futures {
                vec![TriggerSource::Last, TriggerSource::Mark]
            } else {
                vec![TriggerSource::Last]
            },
            reduce_only: futures,
            flip_in_one_order: futures,
            native_bracket: false,
            amend: futures,
            post_only: true,
            validity: true,
            equity_sized_orders: false,
            // Each would lock the coins of the other on spot.
            stop_and_target: futures,
        }
    }

    async fn preflight(&self, instruments: &[InstrumentId]) -> Result<Vec<Finding>, ExchangeError> {
        self.inner.known.watch(instruments);
        self.inner.inspect(instruments).await
    }

    async fn submit(&self, group: &Approved<OrderGroup>) -> Result<Vec<OrderAck>, ExchangeError> {
        let OrderGroup::Single(order) = group.get() else {
            let what = "a group of orders: place its orders one after the other".to_owned();
            return Err(ExchangeError::Unsupported { operation: "submit", what });
        };
        self.inner.place(order).await.map(|ack| vec![ack])
    }

    /// A futures limit order only; `quantity` counts what has filled already.
    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        self.inner.amend(request.get()).await
    }

    async fn set_leverage(&self, request: &Approved<LeverageRequest>) -> Result<(), ExchangeError> {
        self.inner.leverage(request.get()).await
    }

    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        self.inner.cancel(request).await
    }

    async fn order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, ExchangeError> {
        let places = self.inner.known.places(*id);
        if places.is_empty() {
            let what = format!("a look-up of {id}: no instrument is named in which it may be");
            return Err(ExchangeError::Unsupported { operation: "order", what });
        }
        for instrument in places {
            if let Some(report) = self.inner.look_up(*id, &instrument).await? {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }

    async fn open_orders(&self) -> Result<Vec<OrderReport>, ExchangeError> {
        let inner = &self.inner;
        let (symbols, account) = (&inner.market.catalogue().await?.symbols, &inner.settings.account);
        let reply = inner.read(|at| inner.requests.all_open_orders(false, at)).await?;
        let mut open = wire::orders("open_orders", reply.text(), symbols, account)?;
        if inner.futures() {
            let reply = inner.read(|at| inner.requests.all_open_orders(true, at)).await?;
            open.extend(wire::algo_orders("open_orders", reply.text(), symbols, account)?);
        }
        Ok(open)
    }

    async fn fills_since(&self, since: Timestamp) -> Result<Vec<Fill>, ExchangeError> {
        self.inner.fills(since).await
    }

    async fn account_snapshot(&self) -> Result<AccountSnapshot, ExchangeError> {
        self.inner.snapshot().await
    }

    async fn subscribe_account(&self) -> Result<AccountStream, ExchangeError> {
        super::stream::open(&self.inner).await
    }
}

impl Inner {
    async fn place(&self, order: &OrderRequest) -> Result<OrderAck, ExchangeError> {
        const OPERATION: &str = "submit";
        let symbol = self.market.native(OPERATION, &order.instrument).await?;
        let at = self.now().await?;
        // An exit leaves by any clock: the venue still judges its time stamp, which is by the venue's own.
        if order.role == OrderRole::Entry && !order.reduce_only {
            self.clock.within(OPERATION, self.settings.receive_window)?;
        }
        let id = order.client_order_id;
        let valid_until = order.valid_until.map(|until| self.clock.venues(until));
        // What is sold on spot is held: such a sale only reduces, and the venue has no flag for it.
        let reduce_only = order.reduce_only && (self.futures() || order.side == Side::Buy);
        let order = OrderRequest { valid_until, reduce_only, ..order.clone() };
        let request = self.requests.place(symbol, &id.to_string(), &order, at)?;
        self.known.sent(id, &order.instrument);
        let reply = self.market.http().submit(id, request).await?;
        if !reply.is_success() {
            if wire::is_clock_error(reply.text()) {
                self.clock.doubt();
            }
            return Err(wire::submit_error_of(id, reply.status(), reply.text()));
        }
        // It was taken; an answer that cannot be read leaves its number open, no more.
        let venue_order_id = wire::acknowledged(reply.text()).ok();
        if let Some(number) = &venue_order_id {
            self.remember(number, Some(id), None);
        }
        Ok(OrderAck { client_order_id: id, venue_order_id })
    }

    async fn amend(&self, request: &ModifyRequest) -> Result<(), ExchangeError> {
        const OPERATION: &str = "modify";
        let OrderKind::Limit { price } = request.kind else {
            let what = "a change of anything but a limit order: cancel it and place another".to_owned();
            return Err(ExchangeError::Unsupported { operation: OPERATION, what });
        };
        let id = request.client_order_id;
        let symbol = self.market.native(OPERATION, &request.instrument).await?;
        let working =
            self.look_up(id, &request.instrument).await?.filter(|found| !found.status.is_terminal());
        let Some(found) = working else {
            let reason = Reason::new("gone", "the order does not work any more");
            return Err(ExchangeError::Rejected { operation: OPERATION, reason });
        };
        let to = Amendment { side: found.side, quantity: request.quantity, price };
        let at = self.now().await?;
        let text = id.to_string();
        let request = self.requests.amend(symbol, OrderRef::Client(&text), to, at)?;
        let reply = self.market.http().submit(id, request).await?;
        if reply.is_success() { Ok(()) } else { Err(refusal(&reply)) }
    }

    async fn leverage(&self, request: &LeverageRequest) -> Result<(), ExchangeError> {
        const OPERATION: &str = "set_leverage";
        let symbol = self.market.native(OPERATION, &request.instrument).await?;
        let leverage = request.leverage.get().normalize();
        let whole = u32::try_from(leverage).ok().filter(|whole| Decimal::from(*whole) == leverage);
        let Some(leverage) = whole else {
            let what = format!("leverage of {leverage}: it is a whole number here");
            return Err(ExchangeError::Unsupported { operation: OPERATION, what });
        };
        let mode = self.ask(|at| self.requests.set_margin_mode(symbol, request.isolated, at)).await?;
        unchanged_is_fine(&mode)?;
        let set = self.ask(|at| self.requests.set_leverage(symbol, leverage, at)).await?;
        unchanged_is_fine(&set)
    }

    /// Either list of a futures account may have the order: one that was triggered moves from one to the other.
    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        let symbol = self.market.native("cancel", &request.instrument).await?;
        let id = request.client_order_id.to_string();
        let lists: &[bool] = if self.futures() { &[false, true] } else { &[false] };
        for conditional in lists {
            self.now().await?;
            let build =
                || self.requests.cancel(symbol, OrderRef::Client(&id), *conditional, self.clock.now());
            let reply = self.market.http().cancel(build).await?;
            if reply.is_success() {
                return Ok(());
            }
            if wire::is_clock_error(reply.text()) {
                self.clock.doubt();
            }
            let error = refusal(&reply);
            if !wire::is_unknown_order(&error) {
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) async fn look_up(
        &self,
        id: ClientOrderId,
        instrument: &InstrumentId,
    ) -> Result<Option<OrderReport>, ExchangeError> {
        let (account, text) = (&self.settings.account, id.to_string());
        let symbol = self.market.native("order", instrument).await?;
        let symbols = &self.market.catalogue().await?.symbols;
        let plain = self.find(|at| self.requests.order(symbol, OrderRef::Client(&text), at)).await?;
        if let Some(reply) = plain {
            return Ok(wire::orders("order", reply.text(), symbols, account)?.pop());
        }
        if !self.futures() {
            return Ok(None);
        }
        let waiting = self.find(|at| self.requests.conditional_order(OrderRef::Client(&text), at)).await?;
        let Some(reply) = waiting else { return Ok(None) };
        Ok(wire::algo_orders("order", reply.text(), symbols, account)?.pop())
    }
}

fn refusal(reply: &Reply) -> ExchangeError {
    wire::error_of(reply.operation(), reply.status(), reply.text())
}

fn unchanged_is_fine(reply: &Reply) -> Result<(), ExchangeError> {
    if reply.is_success() {
        return Ok(());
    }
    match refusal(reply) {
        ExchangeError::Rejected { reason, .. } if UNCHANGED.contains(&reason.code.as_str()) => Ok(()),
        error => Err(error),
    }
}
