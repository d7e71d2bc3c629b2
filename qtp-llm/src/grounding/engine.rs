//! The check as a layer around an engine.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::port::DecisionEngine;
use qtp_core::{
    AssetView, Decimal, Decision, DecisionAction, DecisionError, DecisionRequest, Notional, Price, Ratio,
    Reason, TradeDecision,
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
            let facts = facts.get_or_insert_with(|| Facts::of([shown]));
            let missing = facts.missing(&trade.rationale, &levels(request.asset(&trade.instrument), trade));
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

/// What a rationale may name and calculate with besides what it read: the asset's own levels, those of the answer, and the
/// reward of the answer as a multiple of its risk.
fn levels(asset: Option<&AssetView>, trade: &TradeDecision) -> Vec<f64> {
    let price = |price: Option<Price>| price.map(Price::to_f64);
    let (stop, target) = (price(trade.stop), price(trade.target));
    let bases = asset.map_or([None; 2], |asset| [Some(asset.price.to_f64()), price(asset.entry)]);
    let reward = |base: Option<f64>| {
        let (base, stop, target) = (base?, stop?, target?);
        Some((target - base) / (base - stop)).filter(|times| times.is_finite())
    };
    let held = asset.map_or([None; 2], |asset| [price(asset.stop), price(asset.target)]);
    let answer = [stop, target, trade.allocation.map(Notional::to_f64), Some(trade.conviction.to_f64())];
    bases.into_iter().chain(bases.map(reward)).chain(held).chain(answer).flatten().collect()
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
