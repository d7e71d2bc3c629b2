//! The check as a layer around an engine.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{
    Decimal, Decision, DecisionAction, DecisionError, DecisionRequest, Ratio, Reason, TradeDecision,
};

use super::Facts;
use crate::log::CallBook;
use crate::settings::Grounding;

/// Looks every number and name of a rationale up in what the model was shown. What is not there is counted as a finding
/// `grounding`; by setting it also halves the conviction, or turns an entry into a hold. Exits are never kept back.
///
/// What the model was shown is the decision's prompt behind its system part: an engine without a prompt grounds nothing.
pub struct Grounded {
    inner: Arc<dyn DecisionEngine>,
    policy: Grounding,
    book: Arc<CallBook>,
}

impl Grounded {
    /// A check of `inner`, whose findings go into `book`.
    pub fn new(inner: Arc<dyn DecisionEngine>, policy: Grounding, book: Arc<CallBook>) -> Self {
        Self { inner, policy, book }
    }

    fn check(&self, request: &DecisionRequest, decision: &mut Decision) {
        let shown = decision.prompt.as_deref().unwrap_or_default();
        // The system part is ours: only what the user's part and the tools say is a fact.
        let shown = shown.split_once("\n\n[user]\n").map_or(shown, |(_, shown)| shown);
        let mut facts = None;
        for trade in &mut decision.trades {
            if trade.rationale.is_empty() {
                continue;
            }
            let own = [trade.stop, trade.target].into_iter().flatten().map(|price| price.to_f64());
            let own = own.chain(trade.allocation.map(|cap| cap.to_f64())).chain([trade.conviction.to_f64()]);
            let known = facts.take().unwrap_or_else(|| Facts::of([shown])).with_numbers(own);
            let missing = known.missing(&trade.rationale);
            facts = Some(known);
            if missing.is_empty() {
                continue;
            }
            let words = format!("{}: not in the picture: {}", trade.instrument.base(), missing.join(", "));
            self.book.find(request.id, Reason::new("grounding", words));
            self.act(trade);
        }
    }

    fn act(&self, trade: &mut TradeDecision) {
        let half = |value: Ratio| Ratio::new(value.get() / Decimal::TWO).unwrap_or_default();
        match self.policy {
            Grounding::Off | Grounding::Count => {}
            Grounding::Lower => trade.conviction = half(trade.conviction),
            Grounding::Block if matches!(trade.action, DecisionAction::Buy | DecisionAction::Sell) => {
                trade.action = DecisionAction::Hold;
                (trade.stop, trade.target, trade.allocation) = (None, None, None);
            }
            Grounding::Block => {}
        }
    }
}

impl std::fmt::Debug for Grounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grounded").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[async_trait]
impl DecisionEngine for Grounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn decide(&self, request: &DecisionRequest) -> Result<Decision, DecisionError> {
        let mut decision = self.inner.decide(request).await?;
        if self.policy != Grounding::Off {
            self.check(request, &mut decision);
        }
        Ok(decision)
    }
}
