//! What the account stream says, and whether an account may add risk.

use qtp_core::{Event, ExternalCause, Fill, Reason, Timestamp};

use super::driver::LiveDriver;
use crate::error::EngineError;

/// Most orders of others that are remembered as told.
const FOREIGN_ROOM: usize = 1024;

impl LiveDriver {
    pub(super) fn account_event(
        &mut self,
        link: usize,
        time: Timestamp,
        event: Event,
    ) -> Result<(), EngineError> {
        match event {
            Event::Connection { topic: None, healthy: true, .. } => self.account_up(link),
            Event::Connection { topic: None, healthy: false, reason, .. } => {
                self.account_down(link, &reason.to_string())
            }
            Event::Fill(fill) => self.take_fill(link, time, fill),
            Event::OrderReport(report) => {
                let (order, filled) = (report.client_order_id, report.filled);
                self.feed(time, Event::OrderReport(report))?;
                let Some(order) = order else { return Ok(()) };
                self.expect_fills(link, order, filled);
                self.order_changed(order)
            }
            other => self.feed(time, other),
        }
    }

    /// A fill from the stream or from a read. What no order of this run caused is external.
    pub(super) fn take_fill(
        &mut self,
        link: usize,
        time: Timestamp,
        mut fill: Fill,
    ) -> Result<(), EngineError> {
        let run = self.core.engine.run_id();
        if fill.client_order_id.is_none_or(|id| id.run() != run) && fill.external.is_none() {
            fill.external = Some(ExternalCause::Unknown);
        }
        if let Some(link) = self.links.get_mut(link) {
            link.note_fill(&fill);
        }
        let order = fill.client_order_id;
        self.feed(time, Event::Fill(fill))?;
        order.map_or(Ok(()), |order| self.order_changed(order))
    }

    /// The stream is open, or says that it is in sync again: what we know must be compared.
    pub(super) fn account_up(&mut self, link: usize) -> Result<(), EngineError> {
        let state = &mut self.links[link];
        state.account_up = true;
        state.forget_comparison();
        self.start_reading(link);
        self.tell(link, "the account stream was opened")
    }

    pub(super) fn account_down(&mut self, link: usize, words: &str) -> Result<(), EngineError> {
        let state = &mut self.links[link];
        state.account_up = false;
        state.forget_comparison();
        state.next_reconcile = None;
        self.tell(link, words)
    }

    /// Tells the engine whether an account may add risk, if that changed.
    pub(super) fn tell(&mut self, link: usize, words: &str) -> Result<(), EngineError> {
        let state = &mut self.links[link];
        let healthy = state.healthy();
        if state.told == healthy || self.stopping.is_some() {
            return Ok(());
        }
        state.told = healthy;
        let code = match (healthy, state.account_up, state.market_up, state.reconciled) {
            (true, ..) => "ready",
            (_, false, ..) => "account_down",
            (_, _, false, _) => "market_down",
            (_, _, _, false) => "reconciling",
            _ => "no_candle",
        };
        let (account, reason) = (Some(state.account.clone()), Reason::new(code, words));
        self.feed_now(Event::Connection { account, topic: None, healthy, reason })
    }

    /// True the first time for an order of somebody else.
    pub(super) fn first_seen(&mut self, link: usize, venue_order: String) -> bool {
        let told = &mut self.links[link].foreign;
        if told.len() >= FOREIGN_ROOM {
            told.pop_first();
        }
        told.insert(venue_order)
    }
}
