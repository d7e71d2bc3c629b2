//! What a model answers, in no provider's words.

use qtp_core::Decimal;
use serde::{Deserialize, Serialize};

use super::request::Carry;

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatReply {
    /// Its words, thoughts left out.
    pub text: String,
    /// The tools that it wants called, in its order.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// How it ended.
    pub finish: Finish,
    /// What it used.
    pub usage: TokenUsage,
    /// The model that answered, as its provider names it: behind a router it can be another than the one asked.
    pub model: String,
    /// What the provider wants back unchanged.
    #[serde(default)]
    pub carry: Option<Carry>,
}

/// A wish of the model: call this function and tell me what it returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The provider's number of the call; made up from the position where it gives none.
    pub id: String,
    /// Name of the tool, whether it exists or not.
    pub name: String,
    /// Arguments as the model wrote them: usually JSON.
    pub arguments: String,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model had said everything.
    Stop,
    /// It waits for tools.
    ToolCalls,
    /// Cut off at the limit of tokens.
    Length,
    /// The model or its provider will not answer, for this reason; asking again is pointless.
    Refused(String),
}

/// What one call used, as the provider states it.
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
    use qtp_core::Decimal;
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
