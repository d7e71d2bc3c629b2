//! What a model is sent, in no provider's words.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reply::{ChatReply, ToolCall};
use crate::settings::Effort;

/// One turn of the conversation. Everything here reaches the model, and nothing else does.
///
/// ```
/// use qtp_llm::{ChatRequest, Message};
///
/// let request = ChatRequest::new(vec![Message::System("Be brief.".into()), Message::User("Hello".into())]);
/// assert_eq!(request.max_tokens, 8192);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatRequest {
    /// The conversation so far, the system's message first.
    pub messages: Vec<Message>,
    /// Functions that the model may call.
    #[serde(default)]
    pub tools: Vec<ToolSpec>,
    /// Tools stay declared, but the model must answer without calling one.
    #[serde(default)]
    pub final_round: bool,
    /// Shape of the answer.
    #[serde(default)]
    pub format: Format,
    /// Sampling temperature; `None` leaves it to the provider (reasoning models refuse it).
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Seed of the sampling, where the provider takes one.
    #[serde(default)]
    pub seed: Option<u64>,
    /// How long a reasoning model may think; `None` leaves it to the provider.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// Most tokens of the answer, reasoning included.
    pub max_tokens: u32,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Instructions.
    System(String),
    /// What the model is asked.
    User(String),
    /// What the model said.
    Assistant {
        /// Its words.
        text: String,
        /// The tools that it called.
        #[serde(default)]
        calls: Vec<ToolCall>,
        /// What its provider wants back unchanged.
        #[serde(default)]
        carry: Option<Carry>,
    },
    /// What a tool returned.
    Tool {
        /// [`ToolCall::id`] of the call.
        call: String,
        /// Name of the tool.
        name: String,
        /// Its result as text.
        content: String,
        /// It failed, and `content` says why.
        #[serde(default)]
        failed: bool,
    },
}

/// Parts of a reply that only its provider can read (signed thoughts, reasoning details) and wants back in a tool loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// Whose they are; other providers never see them.
    pub provider: String,
    /// The parts.
    pub value: Value,
}

/// A function that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it returns, for the model.
    pub description: String,
    /// JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// Shape of the answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text.
    #[default]
    Text,
    /// Any JSON object; the prompt describes it.
    Object,
    /// JSON of a strict schema.
    Schema {
        /// Name of the schema.
        name: String,
        /// The schema: every object closed, every property required.
        schema: Value,
    },
}

impl ChatRequest {
    /// A request for text with room for 8192 tokens.
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            tools: Vec::new(),
            final_round: false,
            format: Format::Text,
            temperature: None,
            seed: None,
            effort: None,
            max_tokens: 8192,
        }
    }

    /// The same question for a model that cannot call tools: what was called and returned stands in the text.
    pub fn without_tools(&self) -> Self {
        let messages = self.messages.iter().map(Message::as_text).collect();
        Self { messages, tools: Vec::new(), final_round: false, ..self.clone() }
    }

    /// Size of everything that is sent, in bytes of text.
    pub fn text_bytes(&self) -> usize {
        let schema = match &self.format {
            Format::Schema { schema, .. } => schema.to_string().len(),
            Format::Text | Format::Object => 0,
        };
        let tools: usize = self
            .tools
            .iter()
            .map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len())
            .sum();
        schema + tools + self.messages.iter().map(Message::text_bytes).sum::<usize>()
    }
}

impl Message {
    /// What the model said, as it goes back into the conversation.
    pub fn said(reply: ChatReply) -> Self {
        Self::Assistant { text: reply.text, calls: reply.calls, carry: reply.carry }
    }

    fn as_text(&self) -> Self {
        match self {
            Self::Assistant { text, calls, .. } if !calls.is_empty() => {
                let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
                let text = format!("{text}\n[asked for: {}]", names.join(", "));
                Self::Assistant { text: text.trim_start().to_owned(), calls: Vec::new(), carry: None }
            }
            Self::Tool { name, content, .. } => Self::User(format!("[result of {name}]\n{content}")),
            other => other.clone(),
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::System(text) | Self::User(text) => text.len(),
            Self::Assistant { text, calls, carry } => {
                let calls: usize = calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
                text.len() + calls + carry.as_ref().map_or(0, |carry| carry.value.to_string().len())
            }
            Self::Tool { content, name, .. } => content.len() + name.len(),
        }
    }
}
