//! Orders of which nobody knows what became: looked up, found or given up as absent.

use std::sync::Arc;

use qtp_core::port::Exchange;
use qtp_core::{
    ClientOrderId, Event, ExchangeError, Fill, OrderReport, OrderRequest, OrderStatus, Timestamp,
};

use super::driver::{Input, LiveDriver};
use super::retry;
use super::settings::LiveSettings;
use super::unknown::Absence;
use crate::error::EngineError;

/// What a look-up brought.
#[derive(Debug)]
pub(super) struct Found {
    report: Option<OrderReport>,
    fills: Vec<Fill>,
}

impl LiveDriver {
    /// Asks the venue for an order, in a task; the answer always comes.
    pub(super) fn look_up(&mut self, id: ClientOrderId) {
        let started = self.core.now();
        let Some(tracked) = self.tracked.get_mut(&id).filter(|tracked| !tracked.looking) else { return };
        tracked.looking = true;
        let Some(link) = self.links.get(tracked.link) else { return };
        let since = (tracked.submitted - self.settings.fill_overlap).max(link.since);
        let (exchange, sender) = (Arc::clone(&link.exchange), self.sender.clone());
        let settings = self.settings.clone();
        drop(tokio::spawn(async move {
            let found = find(exchange, id, since, &settings).await;
            // If the driver has gone, nobody waits for the answer.
            let _ = sender.send(Input::LookedUp { order: id, started, found }).await;
        }));
    }

    /// An order of an earlier part of the run that has no answer.
    pub(super) fn resume_order(&mut self, link: usize, request: &OrderRequest) -> Result<(), EngineError> {
        let id = request.client_order_id;
        self.track(link, id, Some(request));
        self.lose(id)
    }

    /// Looks after an order of the engine that the venue does not list.
    pub(super) fn look_up_order(&mut self, link: usize, id: ClientOrderId) {
        let request = self.order(link, id).map(|order| order.request().clone());
        self.track(link, id, request.as_ref());
        self.look_up(id);
    }

    pub(super) fn looked_up(
        &mut self,
        id: ClientOrderId,
        started: Timestamp,
        found: Result<Found, ExchangeError>,
    ) -> Result<(), EngineError> {
        let now = self.core.now();
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        tracked.looking = false;
        let link = tracked.link;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!("order {id}: {error}");
                tracked.due = Some(now + tracked.backoff.next());
                return Ok(());
            }
        };
        tracked.backoff.reset();
        if found.report.is_none() && found.fills.is_empty() {
            return self.not_found(id, started);
        }
        // Fills first: a report that ends the order must not come before what it filled.
        for fill in found.fills {
            if !self.core.engine.knows_fill(&fill) {
                self.take_fill(link, fill.time, fill)?;
            }
        }
        if let Some(report) = found.report {
            self.take_report(link, report)?;
        }
        self.looked_after(link, id)?;
        self.order_changed(id)
    }

    /// A report from a read, if it says more than the engine knows.
    pub(super) fn take_report(&mut self, link: usize, report: OrderReport) -> Result<(), EngineError> {
        let Some(id) = report.client_order_id else { return Ok(()) };
        let Some(order) = self.order(link, id) else { return self.gone(id, &report) };
        let news = order.status() == OrderStatus::Pending
            || order.unknown_since().is_some()
            || report.status.is_terminal() && report.status != OrderStatus::Filled;
        let (time, status, filled) = (report.time, report.status, report.filled);
        if news {
            self.feed(time, Event::OrderReport(report))?;
        }
        self.expect_fills(link, id, filled);
        let now = self.core.now();
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        (tracked.unknown, tracked.absence) = (false, Absence::default());
        if status == OrderStatus::Filled {
            // Its fills are on their way.
            tracked.due = Some(now + tracked.backoff.next());
        } else if tracked.cancel.is_some() && !status.is_terminal() {
            self.send_cancel(id);
        }
        Ok(())
    }

    /// The venue's word on an order that the engine does not count on: a cancel goes on until it has ended.
    fn gone(&mut self, id: ClientOrderId, report: &OrderReport) -> Result<(), EngineError> {
        if let Some(tracked) = self.tracked.get_mut(&id) {
            if report.status.is_terminal() {
                tracked.cancel = None;
            } else {
                self.send_cancel(id);
            }
        }
        self.order_changed(id)
    }

    /// A look-up found the order in neither open orders, history nor fills.
    fn not_found(&mut self, id: ClientOrderId, started: Timestamp) -> Result<(), EngineError> {
        let now = self.core.now();
        let rule = (self.settings.absence_margin, self.settings.absence_spacing);
        let margin = self.settings.absence_margin;
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        let link = tracked.link;
        // Not later than when it counts as absent.
        let settled = tracked.valid_until.map(|until| until + margin).filter(|settled| *settled > now);
        let spaced = now + self.settings.snapshot_spacing;
        let again = settled.map_or(spaced, |settled| settled.min(spaced));
        tracked.due = Some(again);
        if tracked.sending {
            // The request itself may still arrive.
            return Ok(());
        }
        if self.order(link, id).is_none() {
            self.tracked.remove(&id);
            return self.looked_after(link, id);
        }
        self.lose(id)?;
        let Some(tracked) = self.tracked.get_mut(&id) else { return Ok(()) };
        tracked.due = Some(again);
        if tracked.absence.not_found(started, tracked.valid_until, rule) {
            self.tracked.remove(&id);
            let account = self.links[link].account.clone();
            self.feed_now(Event::OrderAbsent { client_order_id: id, account })?;
        }
        self.looked_after(link, id)
    }
}

/// Looks in history, fills and open orders.
async fn find(
    exchange: Arc<dyn Exchange>,
    id: ClientOrderId,
    since: Timestamp,
    settings: &LiveSettings,
) -> Result<Found, ExchangeError> {
    let seed = id.sequence();
    let mut report = retry::read("order", settings, seed, || exchange.order(&id)).await?;
    if report.is_none() {
        let open = retry::read("open_orders", settings, seed, || exchange.open_orders()).await?;
        report = open.into_iter().find(|report| report.client_order_id == Some(id));
    }
    // Last, so that what the others say has its fills here.
    let mut fills = retry::read("fills_since", settings, seed, || exchange.fills_since(since)).await?;
    fills.retain(|fill| fill.client_order_id == Some(id));
    Ok(Found { report, fills })
}
