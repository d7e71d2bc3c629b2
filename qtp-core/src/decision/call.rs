//! What was said on the way to a decision: calls of models, what they used, what checks found.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{DecisionRequest, DecisionResult};
use crate::event::Reason;

/// An answer with everything that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionAnswer {
    /// The answer, or why there is none.
    pub result: DecisionResult,
    /// Calls of models, in their order; several models may have been asked at a time.
    pub calls: Vec<ModelCall>,
    /// What checks found: a stable code each, such as `grounding`.
    pub findings: Vec<Reason>,
}

impl DecisionAnswer {
    /// The answer on its way into the engine.
    pub fn outcome(self, request: &DecisionRequest) -> super::DecisionOutcome {
        super::DecisionOutcome {
            request: request.id,
            owner: request.owner,
            account: request.account.clone(),
            snapshot_seq: request.snapshot_seq,
            as_of: request.as_of,
            result: self.result,
            calls: self.calls,
            findings: self.findings,
        }
    }
}

impl From<DecisionResult> for DecisionAnswer {
    fn from(result: DecisionResult) -> Self {
        Self { result, calls: Vec::new(), findings: Vec::new() }
    }
}

/// One question to a model and what came back. Wall-clock times are left out: a run that is repeated gives the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCall {
    /// In which part: `decide` for the model of the settings, otherwise a helper or a member of a council.
    pub seat: String,
    /// Who served the model.
    pub provider: String,
    /// The model: the one that answered, else the one that was asked.
    pub model: String,
    /// What was new in the conversation since the last call of this seat. What stands in the decision's prompt is not
    /// repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Spoken>,
    /// The model's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reply: String,
    /// Tools that the model wanted called: name and arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<(String, String)>,
    /// What the call used.
    pub used: TokenUsage,
    /// It asked again after an answer that could not be used.
    #[serde(default)]
    pub repair: bool,
    /// Tries that failed before this one ended: retries, plainer forms, other models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Reason>,
    /// Why there is no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
}

/// One message of a conversation, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// `system`, `user`, `assistant`, or `tool` with its name behind a blank.
    pub role: String,
    /// Its words.
    pub text: String,
}

/// What one call of a model used, as its provider states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenUsage {
    /// Tokens of the prompt, those from a cache included.
    pub prompt_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub completion_tokens: u64,
    /// Part of the prompt that came from the provider's cache.
    pub cached_tokens: u64,
    /// Part of the answer that was reasoning.
    pub reasoning_tokens: u64,
    /// Cost in USD, where the provider states it or a model card has the prices.
    #[serde(with = "optional_decimal")]
    pub cost: Option<Decimal>,
}

impl TokenUsage {
    /// Adds another call's; the cost stays unknown only while no call's is known.
    pub fn add(&mut self, other: &Self) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
        self.cost = match (self.cost, other.cost) {
            (None, None) => None,
            (mine, theirs) => Some(mine.unwrap_or_default().saturating_add(theirs.unwrap_or_default())),
        };
    }
}

/// Decimals as text, whatever features another crate of the build switched on.
mod optional_decimal {
    use rust_decimal::Decimal;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(&value.normalize()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| Decimal::from_str_exact(&text).map_err(D::Error::custom)).transpose()
    }
}
