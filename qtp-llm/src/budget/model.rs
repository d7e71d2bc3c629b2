//! A model that is asked only while the ledger allows it.

use std::sync::Arc;

use async_trait::async_trait;
use qtp_core::{Decimal, DecisionError};

use super::ledger::{Ledger, Spent};
use crate::model::{CallContext, ChatModel, ChatReply, ChatRequest, ModelCard, ProviderError, TokenUsage};

/// Bytes of text for one token, on the safe side: text has 3 to 4, rows of digits 2 to 3.
const BYTES_PER_TOKEN: u64 = 2;
/// No call uses more tokens or dollars: a provider that says so counts something else.
const TOKENS_MAX: u64 = 1_000_000_000;
const COST_MAX: Decimal = Decimal::from_parts(100_000, 0, 0, false, 0);

/// Reserves what a call may cost at most, asks, and settles what it did cost. Belongs right around a provider's model,
/// inside the retries: each try is billed.
///
/// A call that does not fit is [`DecisionError::Budget`], and so is one whose price nobody knows where a cap is in
/// dollars: the caller holds.
#[derive(Debug, Clone)]
pub struct Budgeted<M> {
    inner: M,
    card: Option<ModelCard>,
    ledger: Arc<Ledger>,
}

impl<M: ChatModel> Budgeted<M> {
    /// Wraps `inner`, whose prices stand on its card.
    pub const fn new(inner: M, card: Option<ModelCard>, ledger: Arc<Ledger>) -> Self {
        Self { inner, card, ledger }
    }

    /// The most that a call can cost: every token that it may write, and a prompt counted generously.
    fn estimate(&self, request: &ChatRequest) -> Result<Spent, String> {
        let prompt_tokens = (request.text_bytes() as u64).div_ceil(BYTES_PER_TOKEN);
        let completion_tokens = u64::from(request.max_tokens);
        let usage = TokenUsage { prompt_tokens, completion_tokens, ..TokenUsage::default() };
        let usd = match self.card.as_ref().and_then(|card| card.cost(&usage)) {
            Some(usd) => usd,
            None if self.ledger.caps().needs_prices() => {
                let (provider, model) = (self.inner.provider(), self.inner.model());
                return Err(format!("the price of {provider}:{model} is unknown; give it a model card"));
            }
            None => Decimal::ZERO,
        };
        Ok(Spent { tokens: prompt_tokens.saturating_add(completion_tokens), usd })
    }

    fn refused(&self, budget: String) -> DecisionError {
        DecisionError::Budget { engine: self.inner.provider().to_owned(), budget }
    }
}

/// What a provider states that one call used, as far as it can be true. A cost below zero would refill the budget.
fn believed(stated: &TokenUsage) -> TokenUsage {
    let known = stated.prompt_tokens.max(stated.completion_tokens) <= TOKENS_MAX;
    let usage = if known { *stated } else { TokenUsage::default() };
    TokenUsage { cost: stated.cost.filter(|cost| *cost >= Decimal::ZERO && *cost <= COST_MAX), ..usage }
}

/// The provider turned the call away before it began.
fn is_free(error: &DecisionError) -> bool {
    matches!(error, DecisionError::RateLimited { .. })
        || ProviderError::behind(error)
            .is_some_and(|own| (400..500).contains(&own.status) && own.status != 408)
}

#[async_trait]
impl<M: ChatModel> ChatModel for Budgeted<M> {
    fn provider(&self) -> &str {
        self.inner.provider()
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        context: &CallContext,
    ) -> Result<ChatReply, DecisionError> {
        let estimate = self.estimate(request).map_err(|budget| self.refused(budget))?;
        let reserved = self.ledger.reserve(context, estimate).map_err(|budget| self.refused(budget))?;
        match self.inner.complete(request, context).await {
            Ok(mut reply) => {
                let usage = &mut reply.usage;
                *usage = believed(usage);
                usage.cost = usage.cost.or_else(|| self.card.as_ref().and_then(|card| card.cost(usage)));
                // A provider that counts nothing is taken at the estimate.
                let counted = usage.prompt_tokens.saturating_add(usage.completion_tokens);
                let tokens = if counted == 0 { estimate.tokens } else { counted };
                let usd = if counted == 0 && usage.cost.is_none_or(|cost| cost.is_zero()) {
                    estimate.usd
                } else {
                    usage.cost.unwrap_or(estimate.usd)
                };
                self.ledger.settle(&reserved, Spent { tokens, usd });
                Ok(reply)
            }
            Err(error) => {
                if is_free(&error) {
                    self.ledger.settle(&reserved, Spent::default());
                }
                Err(error)
            }
        }
    }
}
