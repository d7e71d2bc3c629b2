//! What a model answers, in no provider's words.

use qtp_core::TokenUsage;
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

/// Most tools that one answer may call.
pub(crate) const CALLS_MAX: usize = 128;

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
