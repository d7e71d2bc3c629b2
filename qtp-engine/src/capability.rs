//! What a venue cannot do is refused with its reason, not tried.

use qtp_core::{AccountKind, Bracket, OrderDraft, Portfolio, Reason, VenueCapabilities};

use crate::engine::Engine;

/// Combinations of account and venue that cannot work.
pub(crate) fn problems(portfolio: &Portfolio, venue: &VenueCapabilities) -> Option<String> {
    // On a spot account the venue itself keeps a sale within what is held.
    let needs = portfolio.kind() != AccountKind::Spot;
    (needs && !venue.reduce_only).then(|| {
        let account = portfolio.account();
        format!("account {account}: the venue has no reduce-only orders, so an exit could open a position")
    })
}

impl Engine {
    /// True if an order that would sell what is held keeps it from all others, as on spot: such orders rest one at a
    /// time, and the next one leaves once the last one is gone.
    pub(crate) fn locks(&self, index: usize) -> bool {
        let account = &self.controls[index].account;
        let spot =
            self.state.account(account).is_some_and(|known| known.portfolio.kind() == AccountKind::Spot);
        spot && self.capabilities.get(account).is_some_and(|venue| !venue.stop_and_target)
    }

    /// Why a protection cannot be promised on an instrument's venue.
    pub(crate) fn unsupported_bracket(&self, index: usize, bracket: &Bracket) -> Option<Reason> {
        let venue = self.capabilities.get(&self.controls[index].account)?;
        (bracket.stop.is_some() && venue.trigger_sources.is_empty())
            .then(|| Reason::new("no_stop_orders", "the venue has no conditional orders to protect it with"))
    }

    /// Why a strategy's own order cannot be sent to its venue.
    pub(crate) fn unsupported_draft(&self, index: usize, draft: &OrderDraft) -> Option<Reason> {
        let venue = self.capabilities.get(&self.controls[index].account)?;
        if draft.post_only && !venue.post_only {
            return Some(Reason::new("no_post_only", "the venue has no post-only orders"));
        }
        let source = draft.kind.trigger().map(|trigger| trigger.source)?;
        (!venue.trigger_sources.contains(&source))
            .then(|| Reason::new("no_trigger", "the venue does not trigger on this price"))
    }
}
