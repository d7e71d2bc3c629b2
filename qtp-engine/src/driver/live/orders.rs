//! Orders on their way: sent once, looked up when nobody knows, cancelled until they are gone.

use std::sync::Arc;
use std::time::Duration;

use qtp_core::port::{Exchange, OrderAck};
use qtp_core::{
    Approved, CancelRequest, ClientOrderId, Event, ExchangeError, LeverageRequest, ModifyRequest, Order,
    OrderGroup, OrderReport, OrderRequest, OrderStatus, Quantity, Reason, Timestamp,
};

use super::driver::{Input, LiveDriver};
use super::retry::{Backoff, timed};
use super::unknown::Absence;
use crate::error::EngineError;

/// What the driver knows of an order beyond what the engine does.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) link: usize,
    pub(super) valid_until: Option<Timestamp>,
    pub(super) submitted: Timestamp,
    /// The task that sends it has not ended: nothing can be concluded from not finding it.
    pub(super) sending: bool,
    /// The engine was told that nobody knows its outcome.
    pub(super) unknown: bool,
    /// The venue refused it; its account stream may say so first.
    rejected: Option<Reason>,
    pub(super) cancel: Option<Cancel>,
    pub(super) absence: Absence,
    pub(super) looking: bool,
    /// What the venue says that was filled: fills up to it must come.
    pub(super) filled: Quantity,
    /// When to look after it.
    pub(super) due: Option<Timestamp>,
    pub(super) backoff: Backoff,
}

#[derive(Debug)]
pub(super) struct Cancel {
    request: CancelRequest,
    sending: bool,
    failed: bool,
}

impl Tracked {
    /// True while an answer is missing that the end of a run waits for.
    pub(super) const fn busy(&self) -> bool {
        self.sending || self.cancel.is_some()
    }
}

impl LiveDriver {
    fn link_of(&self, account: &qtp_core::AccountId) -> Option<usize> {
        self.links.iter().position(|link| link.account == *account)
    }

    pub(super) fn order(&self, link: usize, id: ClientOrderId) -> Option<&Order> {
        self.core.engine.state().account(&self.links.get(link)?.account)?.orders.get(&id)
    }

    pub(super) fn track(
        &mut self,
        link: usize,
        id: ClientOrderId,
        request: Option<&OrderRequest>,
    ) -> &mut Tracked {
        let submitted = self.order(link, id).map(|order| order.times().submitted);
        let submitted = submitted.unwrap_or_else(|| self.core.now());
        let valid_until = request.and_then(|request| request.valid_until);
        let seed = self.seed ^ id.sequence();
        self.tracked.entry(id).or_insert_with(|| Tracked {
            link,
            valid_until,
            submitted,
            sending: false,
            unknown: false,
            rejected: None,
            cancel: None,
            absence: Absence::default(),
            looking: false,
            filled: Quantity::ZERO,
            due: None,
            backoff: Backoff::new(seed),
        })
    }

    pub(super) fn submit(&mut self, group: Approved<OrderGroup>) {
        let Some(link) = self.link_of(&group.get().first().account) else { return };
        let orders: Vec<ClientOrderId> = group.get().orders().map(|order| order.client_order_id).collect();
        let requests: Vec<OrderRequest> = group.get().orders().cloned().collect();
        let native = self.links[link].capabilities.native_bracket;
        if !native && !matches!(group.get(), OrderGroup::Single(_)) {
            let reason = Reason::new("no_native_bracket", "the venue takes no groups of orders");
            return requests.iter().for_each(|request| self.refuse(request, &reason));
        }
        for request in &requests {
            self.track(link, request.client_order_id, Some(request)).sending = true;
        }
        let exchange = Arc::clone(&self.links[link].exchange);
        let (limit, sender) = (self.settings.submit_timeout, self.sender.clone());
        drop(tokio::spawn(send(exchange, group, (limit, orders), sender)));
    }

    /// An order that never left is reported as the venue would.
    fn refuse(&mut self, request: &OrderRequest, reason: &Reason) {
        let now = self.core.now();
        let report = OrderReport {
            client_order_id: Some(request.client_order_id),
            venue_order_id: None,
            account: request.account.clone(),
            instrument: request.instrument.clone(),
            time: now,
            side: request.side,
            status: OrderStatus::Rejected,
            quantity: request.quantity,
            filled: Quantity::ZERO,
            price: request.kind.limit(),
            reason: Some(reason.clone()),
        };
        self.queue.push_back((now, Event::OrderReport(report)));
    }

    pub(super) fn submit_timed_out(&mut self, orders: &[ClientOrderId]) -> Result<(), EngineError> {
        orders.iter().try_for_each(|order| self.lose(*order))
    }

    pub(super) fn submitted(
        &mut self,
        orders: &[ClientOrderId],
        result: &Result<Vec<OrderAck>, ExchangeError>,
    ) -> Result<(), EngineError> {
        let soon = self.core.now() + self.settings.ack_patience;
        for order in orders {
            let Some(tracked) = self.tracked.get_mut(order) else { continue };
            tracked.sending = false;
            tracked.due = Some(soon);
            let known = match result {
                Ok(_) => true,
                Err(error) if is_refusal(error) => {
                    tracked.rejected = Some(refusal(error));
                    true
                }
                Err(_) => false,
            };
            if known {
                self.send_cancel(*order);
            } else {
                self.lose(*order)?;
            }
        }
        Ok(())
    }

    /// Nobody knows whether the venue has the order: the engine is told, and it is looked up.
    pub(super) fn lose(&mut self, id: ClientOrderId) -> Result<(), EngineError> {
        let now = self.core.now();
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        let (link, told) = (tracked.link, std::mem::replace(&mut tracked.unknown, true));
        tracked.due = Some(now);
        self.send_cancel(id);
        if told || self.order(link, id).is_none() {
            return Ok(());
        }
        let account = self.links[link].account.clone();
        self.feed_now(Event::OutcomeUnknown { client_order_id: id, account })
    }

    pub(super) fn cancel(&mut self, request: CancelRequest) {
        let Some(link) = self.link_of(&request.account) else { return };
        let id = request.client_order_id;
        let request = Cancel { request, sending: false, failed: false };
        let tracked = self.track(link, id, None);
        tracked.cancel.get_or_insert(request);
        // A cancel must not overtake its order.
        if !tracked.sending || tracked.unknown {
            self.send_cancel(id);
        }
    }

    pub(super) fn send_cancel(&mut self, id: ClientOrderId) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let Some(cancel) = tracked.cancel.as_mut().filter(|cancel| !cancel.sending) else { return };
        (cancel.sending, cancel.failed) = (true, false);
        let (request, limit) = (cancel.request.clone(), self.settings.read_timeout);
        let Some(link) = self.links.get(tracked.link) else { return };
        let (exchange, sender) = (Arc::clone(&link.exchange), self.sender.clone());
        drop(tokio::spawn(async move {
            let result = timed("cancel", limit, exchange.cancel(&request)).await;
            // If the driver has gone, nobody waits for the answer.
            let _ = sender.send(Input::Canceled { order: id, result }).await;
        }));
    }

    pub(super) fn canceled(
        &mut self,
        id: ClientOrderId,
        result: Result<(), ExchangeError>,
    ) -> Result<(), EngineError> {
        let now = self.core.now();
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        let Some(cancel) = &mut tracked.cancel else { return Ok(()) };
        (cancel.sending, cancel.failed) = (false, result.is_err());
        let wait = match result {
            Ok(()) => self.settings.ack_patience,
            Err(error) => {
                tracing::warn!("order {id}: {error}");
                // What the venue refuses to cancel may be gone: the look-up tells.
                cancel.failed = error.is_retryable();
                tracked.backoff.next()
            }
        };
        tracked.due = Some(now + wait);
        self.order_changed(id)
    }

    pub(super) fn modify(&self, request: Approved<ModifyRequest>) {
        let Some(link) = self.link_of(&request.get().account).and_then(|link| self.links.get(link)) else {
            return;
        };
        if !link.capabilities.amend {
            return tracing::warn!("{}: the venue cannot change orders", request.get().client_order_id);
        }
        let exchange = Arc::clone(&link.exchange);
        drop(tokio::spawn(async move {
            // Sent once. What became of it is on the account stream and in the next comparison.
            if let Err(error) = exchange.modify(&request).await {
                tracing::warn!("order {}: {error}", request.get().client_order_id);
            }
        }));
    }

    pub(super) fn set_leverage(&self, request: Approved<LeverageRequest>) {
        let Some(link) = self.link_of(&request.get().account).and_then(|link| self.links.get(link)) else {
            return;
        };
        let exchange = Arc::clone(&link.exchange);
        drop(tokio::spawn(async move {
            if let Err(error) = exchange.set_leverage(&request).await {
                tracing::warn!("leverage of {}: {error}", request.get().instrument);
            }
        }));
    }

    /// An event was about this order: forget it if it has ended and nothing is on its way.
    pub(super) fn order_changed(&mut self, id: ClientOrderId) -> Result<(), EngineError> {
        let Some(tracked) = self.tracked.get(&id) else { return Ok(()) };
        let link = tracked.link;
        let Some(order) = self.order(link, id) else {
            let waits = tracked.sending || tracked.cancel.as_ref().is_some_and(|cancel| cancel.sending);
            if !waits {
                self.tracked.remove(&id);
                return self.looked_after(link, id);
            }
            return Ok(());
        };
        let known = order.status() != OrderStatus::Pending;
        if let Some(tracked) = self.tracked.get_mut(&id).filter(|tracked| tracked.unknown && known) {
            (tracked.unknown, tracked.absence) = (false, Absence::default());
            return self.looked_after(link, id);
        }
        Ok(())
    }

    /// The venue counts more fills than we know. They are on their way, or lost: then they are looked up.
    pub(super) fn expect_fills(&mut self, link: usize, id: ClientOrderId, filled: Quantity) {
        let behind = self.order(link, id).is_some_and(|order| order.filled() < filled);
        if !behind {
            return;
        }
        let soon = self.core.now() + self.settings.ack_patience;
        let tracked = self.track(link, id, None);
        if tracked.filled < filled {
            tracked.filled = filled;
            tracked.due = Some(tracked.due.map_or(soon, |due| due.min(soon)));
        }
    }

    /// It is time to look after an order.
    pub(super) fn check(&mut self, id: ClientOrderId) -> Result<(), EngineError> {
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        tracked.due = None;
        let link = tracked.link;
        if let Some(reason) = tracked.rejected.take() {
            if let Some(request) = self.order(link, id).map(|order| order.request().clone()) {
                self.refuse(&request, &reason);
                self.drain()?;
            }
            return self.order_changed(id);
        }
        if tracked.cancel.as_ref().is_some_and(|cancel| cancel.failed) {
            self.send_cancel(id);
            return Ok(());
        }
        let (unknown, leaving, filled) = (tracked.unknown, tracked.cancel.is_some(), tracked.filled);
        match self.order(link, id) {
            None => return self.order_changed(id),
            Some(order) if unknown || leaving || order.status() == OrderStatus::Pending => self.look_up(id),
            Some(order) if order.filled() < filled => self.look_up(id),
            Some(_) => {}
        }
        Ok(())
    }

    /// The journal is broken: nothing is sent any more but the end of what would add risk.
    pub(super) async fn abandon_entries(&mut self) {
        let mut tasks = tokio::task::JoinSet::new();
        for link in &self.links {
            let Some(account) = self.core.engine.state().account(&link.account) else { continue };
            for order in account.orders.values().map(Order::request).filter(|order| !order.reduce_only) {
                let request = CancelRequest {
                    client_order_id: order.client_order_id,
                    account: order.account.clone(),
                    instrument: order.instrument.clone(),
                };
                let exchange = Arc::clone(&link.exchange);
                tasks.spawn(async move { exchange.cancel(&request).await });
            }
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.settings.stop_timeout, all).await.is_err() {
            tracing::error!("not every resting entry could be cancelled");
        }
    }
}

/// Sends a group once and says what came of it. The call goes on after the limit.
async fn send(
    exchange: Arc<dyn Exchange>,
    group: Approved<OrderGroup>,
    (limit, orders): (Duration, Vec<ClientOrderId>),
    sender: tokio::sync::mpsc::Sender<Input>,
) {
    // A task of its own, so that neither a time-out nor a panic cuts it off from its answer.
    let mut task = tokio::spawn(async move { exchange.submit(&group).await });
    let joined = match tokio::time::timeout(limit, &mut task).await {
        Ok(joined) => joined,
        Err(_) => {
            // If the driver has gone, nobody waits for the answer.
            let _ = sender.send(Input::SubmitTimedOut { orders: orders.clone() }).await;
            task.await
        }
    };
    let result = joined
        .unwrap_or_else(|panic| Err(ExchangeError::Transport { operation: "submit", source: panic.into() }));
    let _ = sender.send(Input::Submitted { orders, result }).await;
}

/// True if the request certainly had no effect.
const fn is_refusal(error: &ExchangeError) -> bool {
    matches!(
        error,
        ExchangeError::Rejected { .. }
            | ExchangeError::Unsupported { .. }
            | ExchangeError::UnknownInstrument { .. }
            | ExchangeError::Auth { .. }
            | ExchangeError::RateLimited { .. }
    )
}

fn refusal(error: &ExchangeError) -> Reason {
    match error {
        ExchangeError::Rejected { reason, .. } => reason.clone(),
        ExchangeError::RateLimited { .. } => Reason::new("rate_limited", error.to_string()),
        ExchangeError::Auth { .. } => Reason::new("not_authorised", error.to_string()),
        _ => Reason::new("unsupported", error.to_string()),
    }
}
