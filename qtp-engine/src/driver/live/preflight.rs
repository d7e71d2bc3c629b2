//! What must hold before a run may send its first order.

use std::time::Duration;

use qtp_core::port::{Clock, Exchange, Finding, Severity};
use qtp_core::{ExchangeError, Instrument, InstrumentKind, InstrumentStatus, OrderReport, RunId};

use crate::config::ForeignPosition;

/// What a preflight is measured by.
#[derive(Debug, Clone)]
pub struct Preflight<'a> {
    /// What the run trades, as it was told when it began.
    pub instruments: &'a [Instrument],
    /// The run: its orders are not unknown ones.
    pub run_id: RunId,
    /// What happens to positions that are not the run's.
    pub foreign: ForeignPosition,
    /// How long a submit stays valid; half of it is the largest offset between the clocks.
    pub validity: Option<Duration>,
    /// True if an earlier part of this run may have left orders and positions.
    pub resumed: bool,
}

/// An offset between the clocks that is worth a warning.
const OFFSET_WARNING: Duration = Duration::from_secs(1);

impl Preflight<'_> {
    /// Asks the venue everything and lists what it found, the refusals first. A run may start if there is none.
    ///
    /// # Errors
    /// What the venue could not be asked.
    pub async fn check(
        &self,
        exchange: &dyn Exchange,
        clock: &dyn Clock,
    ) -> Result<Vec<Finding>, ExchangeError> {
        let ids: Vec<_> = self.instruments.iter().map(|instrument| instrument.id.clone()).collect();
        let mut found = exchange.preflight(&ids).await?;
        self.rules(&exchange.instruments().await?, &mut found);
        let asked = clock.now();
        let snapshot = exchange.account_snapshot().await?;
        let answered = clock.now();
        // The venue's time lies between question and answer.
        let offset = snapshot.time.since(answered).max(asked.since(snapshot.time));
        self.offset(offset, &mut found);
        if snapshot.balances.values().all(|value| value.is_zero()) && snapshot.positions.is_empty() {
            found.push(Finding::refuse("no_balance", format!("account {} holds nothing", snapshot.account)));
        }
        let positions = snapshot.positions.iter().filter(|(_, quantity)| !quantity.is_zero());
        for (instrument, quantity) in positions.filter(|_| !self.resumed) {
            let text = format!("{quantity} of {instrument} stand on the account already");
            found.push(self.foreign("position", text));
        }
        for order in exchange.open_orders().await?.iter().filter(|order| !self.own(order)) {
            let id = order.venue_order_id.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
            let text =
                format!("order {id} on {} is not of this run; it will not be touched", order.instrument);
            found.push(Finding::warn("foreign_order", text));
        }
        found.sort_by_key(|finding| finding.severity);
        Ok(found)
    }

    fn own(&self, order: &OrderReport) -> bool {
        order.client_order_id.is_some_and(|id| id.run() == self.run_id)
    }

    fn foreign(&self, what: &str, text: String) -> Finding {
        let code = format!("foreign_{what}");
        match self.foreign {
            ForeignPosition::Halt => Finding::refuse(code, text),
            _ => Finding::warn(code, text),
        }
    }

    fn rules(&self, all: &[Instrument], found: &mut Vec<Finding>) {
        for told in self.instruments {
            let id = &told.id;
            let Some(now) = all.iter().find(|instrument| instrument.id == *id) else {
                found.push(Finding::refuse("unknown_instrument", format!("the venue does not trade {id}")));
                continue;
            };
            if now.status != InstrumentStatus::Trading {
                found.push(Finding::refuse("not_trading", format!("{id}: {:?}", now.status)));
            }
            if now.price_rule != told.price_rule || now.size_rule != told.size_rule {
                let text =
                    format!("{id}: ticks or lots are not those that the run began with: start a new one");
                found.push(Finding::refuse("rules_changed", text));
            }
            if now.kind == InstrumentKind::Perpetual && now.margin_tiers.is_empty() {
                found.push(Finding::warn(
                    "no_margin_tiers",
                    format!("{id}: the venue states no margin tiers"),
                ));
            }
        }
    }

    fn offset(&self, offset: Duration, found: &mut Vec<Finding>) {
        let text = format!("the venue's clock and ours lie {:.3} s apart", offset.as_secs_f64());
        if self.validity.is_some_and(|validity| offset > validity / 2) {
            found.push(Finding::refuse("clock", text));
        } else if offset > OFFSET_WARNING {
            found.push(Finding::warn("clock", text));
        }
    }
}

/// True if nothing among the findings forbids a start.
pub fn may_start(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Refuse)
}
