//! Orders.

use async_trait::async_trait;
use qtp_core::port::{AccountSnapshot, AccountStream, Execution, Finding, OrderAck};
use qtp_core::{
    AccountId, Approved, CancelRequest, ClientOrderId, ExchangeError, Fill, InstrumentId, LeverageRequest,
    ModifyRequest, OrderGroup, OrderKind, OrderReport, OrderRequest, OrderRole, Side, Timestamp,
    TriggerSource, VenueCapabilities,
};

use super::{BybitExchange, Inner};
use crate::bybit::{Attached, wire};
use crate::transport::OrderRef;

/// "Leverage not modified".
const UNCHANGED: &str = "110043";

#[async_trait]
impl Execution for BybitExchange {
    fn account(&self) -> AccountId {
        self.inner.settings.account.clone()
    }

    fn capabilities(&self) -> VenueCapabilities {
        let linear = self.inner.linear();
        VenueCapabilities {
            trigger_sources: if linear {
                vec![TriggerSource::Last, TriggerSource::Mark, TriggerSource::Index]
            } else {
                vec![TriggerSource::Last]
            },
            reduce_only: linear,
            flip_in_one_order: linear,
            // Stop and target of an order live in the position at this venue, without ids of ours.
            native_bracket: false,
            amend: true,
            post_only: true,
            validity: true,
            equity_sized_orders: false,
            stop_and_target: linear,
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

    /// A limit order only; `quantity` counts what has filled already.
    async fn modify(&self, request: &Approved<ModifyRequest>) -> Result<(), ExchangeError> {
        const OPERATION: &str = "modify";
        let (inner, request) = (&self.inner, request.get());
        let OrderKind::Limit { price } = request.kind else {
            let what = "a change of anything but a limit order: cancel it and place another".to_owned();
            return Err(ExchangeError::Unsupported { operation: OPERATION, what });
        };
        let symbol = inner.market.native(OPERATION, &request.instrument).await?;
        let (id, at) = (request.client_order_id, inner.now().await?);
        let text = id.to_string();
        let change =
            inner.requests.amend(symbol, OrderRef::Client(&text), request.quantity, Some(price), at)?;
        let reply = inner.market.http().submit(id, change).await?;
        wire::result(OPERATION, reply.text()).map(|_| ())
    }

    /// The margin mode is that of the whole account here, so it is checked and not set.
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
        self.inner.open_orders().await
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
        let reduce_only = order.reduce_only && (self.linear() || order.side == Side::Buy);
        let order = OrderRequest { valid_until, reduce_only, ..order.clone() };
        let text = id.to_string();
        let request = self.requests.place(symbol, Some(&text), &order, Attached::default(), at)?;
        self.known.sent(id, &order.instrument);
        let reply = self.market.http().submit(id, request).await?;
        if wire::is_clock_error(reply.text()) {
            self.clock.doubt();
        }
        let taken = wire::submit_result(id, reply.text())?;
        // It was taken; an answer that cannot be read leaves its number open, no more.
        Ok(OrderAck { client_order_id: id, venue_order_id: wire::acknowledged(taken).ok() })
    }

    async fn leverage(&self, request: &LeverageRequest) -> Result<(), ExchangeError> {
        const OPERATION: &str = "set_leverage";
        let unsupported = |what: String| Err(ExchangeError::Unsupported { operation: OPERATION, what });
        if !self.linear() {
            return unsupported("leverage of spot".to_owned());
        }
        let symbol = self.market.native(OPERATION, &request.instrument).await?;
        let reply = self.ask(|at| self.requests.account_settings(at)).await?;
        let mode = wire::account_settings(OPERATION, reply.text())?.margin_mode;
        if request.isolated != (mode == "ISOLATED_MARGIN") {
            return unsupported(format!("another margin mode than the account's, which is {mode}"));
        }
        let reply = self.ask(|at| self.requests.set_leverage(symbol, request.leverage, at)).await?;
        match wire::result(OPERATION, reply.text()) {
            Err(ExchangeError::Rejected { reason, .. }) if reason.code == UNCHANGED => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Spot keeps orders that wait for their trigger in a list of their own.
    async fn cancel(&self, request: &CancelRequest) -> Result<(), ExchangeError> {
        let symbol = self.market.native("cancel", &request.instrument).await?;
        let id = request.client_order_id.to_string();
        let lists: &[bool] = if self.linear() { &[false] } else { &[false, true] };
        for conditional in lists {
            self.now().await?;
            let build =
                || self.requests.cancel(symbol, OrderRef::Client(&id), *conditional, self.clock.now());
            let reply = self.market.http().cancel(build).await?;
            if wire::is_clock_error(reply.text()) {
                self.clock.doubt();
            }
            match wire::result("cancel", reply.text()) {
                Ok(_) => return Ok(()),
                Err(error) if wire::is_unknown_order(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn look_up(
        &self,
        id: ClientOrderId,
        instrument: &InstrumentId,
    ) -> Result<Option<OrderReport>, ExchangeError> {
        let (account, text) = (&self.settings.account, id.to_string());
        let symbol = self.market.native("order", instrument).await?;
        let symbols = &self.market.catalogue().await?.symbols;
        let order = OrderRef::Client(&text);
        for past in [false, true] {
            let build = |at| match past {
                false => self.requests.order(symbol, order, at),
                true => self.requests.past_order(symbol, order, at),
            };
            let reply = self.ask(build).await?;
            let page = match wire::orders("order", reply.text(), symbols, account) {
                Err(error) if wire::is_unknown_order(&error) => continue,
                page => page?,
            };
            let found = page.items.into_iter().filter(|report| report.client_order_id == Some(id));
            // The newest word, should the venue list an order twice.
            if let Some(report) = found.max_by_key(|report| report.time) {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }
}
