//! What we know of an account is compared with what its venue says.

use std::sync::Arc;

use qtp_core::port::{AccountSnapshot, Exchange};
use qtp_core::{
    CancelRequest, ClientOrderId, Event, ExchangeError, Fill, InstrumentId, Order, OrderReport, Quantity,
    Timestamp,
};

use super::driver::{Input, LiveDriver};
use super::retry::{self, Backoff};
use super::settings::LiveSettings;
use crate::error::EngineError;

/// A venue's view of an account.
#[derive(Debug)]
pub(super) struct View {
    account: AccountSnapshot,
    open: Vec<OrderReport>,
    fills: Vec<Fill>,
}

impl LiveDriver {
    /// Reads the venue's view in a task; the answer always comes.
    pub(super) fn start_reading(&mut self, link: usize) {
        let started = self.core.now();
        let (settings, sender) = (self.settings.clone(), self.sender.clone());
        let Some(state) = self.links.get_mut(link) else { return };
        state.next_reconcile = None;
        if state.reading || !state.account_up {
            return;
        }
        state.reading = true;
        let generation = state.generation;
        let since = (state.last_fill - settings.fill_overlap).max(state.since);
        let exchange = Arc::clone(&state.exchange);
        drop(tokio::spawn(async move {
            let view = Box::new(view(exchange, since, &settings).await);
            // If the driver has gone, nobody waits for the answer.
            let _ = sender.send(Input::Read { link, generation, started, view }).await;
        }));
    }

    pub(super) fn read(
        &mut self,
        link: usize,
        generation: u64,
        started: Timestamp,
        view: Result<View, ExchangeError>,
    ) -> Result<(), EngineError> {
        let now = self.core.now();
        let state = &mut self.links[link];
        state.reading = false;
        if state.generation != generation {
            self.start_reading(link);
            return Ok(());
        }
        let view = match view {
            Ok(view) => view,
            Err(error) => {
                tracing::warn!("account {}: {error}", state.account);
                let wait = Backoff::new(self.seed ^ now.as_nanos().unsigned_abs()).next();
                state.next_reconcile = Some(now + wait.max(self.settings.snapshot_spacing));
                return Ok(());
            }
        };
        for fill in view.fills {
            if !self.core.engine.knows_fill(&fill) {
                self.take_fill(link, fill.time, fill)?;
            }
        }
        self.compare_orders(link, started, view.open)?;
        let agreed = self.compare_positions(link, &view.account)?;
        let now = self.core.now();
        let wait = if agreed { self.settings.reconcile_every } else { self.settings.snapshot_spacing };
        let state = &mut self.links[link];
        state.next_reconcile = Some(now + wait);
        state.positions_agree |= agreed;
        self.agreed(link)
    }

    /// Orders that the venue has and we do not, and the other way round.
    fn compare_orders(
        &mut self,
        link: usize,
        started: Timestamp,
        open: Vec<OrderReport>,
    ) -> Result<(), EngineError> {
        let run = self.core.engine.run_id();
        let account = self.links[link].account.clone();
        let listed: Vec<ClientOrderId> = open.iter().filter_map(|report| report.client_order_id).collect();
        for report in open {
            match report.client_order_id {
                Some(id) if id.run() == run && self.core.engine.works(&account, id) => {
                    self.take_report(link, report)?;
                }
                Some(id) if id.run() == run => {
                    // Ours, but not counted on: an order that was given up as absent, or older than the journal.
                    let (account, instrument) = (account.clone(), report.instrument);
                    self.cancel(CancelRequest { client_order_id: id, account, instrument });
                }
                _ => {
                    let name = report.venue_order_id.as_ref().map(ToString::to_string).unwrap_or_default();
                    if self.first_seen(link, name) {
                        self.feed(report.time, Event::OrderReport(report))?;
                    }
                }
            }
        }
        let Some(state) = self.core.engine.state().account(&account) else { return Ok(()) };
        let quiet = |order: &&Order| order.times().submitted < started;
        let ids = state.orders.values().filter(quiet).map(|order| order.request().client_order_id);
        let lost: Vec<ClientOrderId> = ids.filter(|id| !listed.contains(id)).collect();
        for id in lost {
            self.links[link].awaiting.insert(id);
            self.look_up_order(link, id);
        }
        Ok(())
    }

    /// Returns true if the positions are the venue's. A difference counts once it was seen twice.
    fn compare_positions(&mut self, link: usize, snapshot: &AccountSnapshot) -> Result<bool, EngineError> {
        let now = self.core.now();
        let state = &mut self.links[link];
        if snapshot.time < state.last_fill {
            return Ok(false);
        }
        let venue = state.exchange.venue();
        let trading = self.core.engine.state();
        let Some(account) = trading.account(&state.account) else { return Ok(true) };
        let difference = |instrument: &InstrumentId| {
            let theirs = snapshot.positions.get(instrument).copied().unwrap_or(Quantity::ZERO);
            let ours = account.portfolio.quantity(instrument);
            (theirs != ours).then(|| (instrument.clone(), theirs, ours))
        };
        let here = trading.instruments.keys().filter(|id| id.venue_str() == venue.as_str());
        let found: Vec<_> = here.filter_map(difference).collect();
        if found.is_empty() {
            state.differences = None;
            return Ok(true);
        }
        if snapshot.time == state.last_fill {
            // Nobody can tell which of the two came first.
            return Ok(false);
        }
        match state.differences.take().filter(|(_, before)| *before == found) {
            Some((seen, _)) if now.since(seen) >= self.settings.snapshot_spacing => {}
            before => {
                state.differences = Some((before.map_or(now, |(seen, _)| seen), found));
                return Ok(false);
            }
        }
        let account = state.account.clone();
        for (instrument, quantity, _) in found {
            let account = account.clone();
            self.feed(snapshot.time, Event::PositionAdjustment { account, instrument, quantity })?;
        }
        Ok(true)
    }

    /// A look-up has shown what is known of an order.
    pub(super) fn looked_after(&mut self, link: usize, id: ClientOrderId) -> Result<(), EngineError> {
        let state = &mut self.links[link];
        if state.awaiting.remove(&id) { self.agreed(link) } else { Ok(()) }
    }

    /// Once positions agree and every missing order was looked up, new risk may be added.
    fn agreed(&mut self, link: usize) -> Result<(), EngineError> {
        let state = &mut self.links[link];
        if !state.account_up || !state.positions_agree || !state.awaiting.is_empty() {
            return Ok(());
        }
        (state.reconciled, state.known) = (true, true);
        self.tell(link, "the account was compared with its venue")
    }
}

/// Account first, fills last: what the former show has its fills in the latter.
async fn view(
    exchange: Arc<dyn Exchange>,
    since: Timestamp,
    settings: &LiveSettings,
) -> Result<View, ExchangeError> {
    let seed = since.as_nanos().unsigned_abs();
    let account = retry::read("account_snapshot", settings, seed, || exchange.account_snapshot()).await?;
    let open = retry::read("open_orders", settings, seed, || exchange.open_orders()).await?;
    let fills = retry::read("fills_since", settings, seed, || exchange.fills_since(since)).await?;
    Ok(View { account, open, fills })
}
