//! Settings of all engines. They are passed in: this crate reads no environment and no file of its own accord.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::LlmError;
use crate::rules::RuleConfig;
use crate::secret::Secret;

/// What [`build`](crate::build) needs besides the spec.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LlmSettings {
    /// Parameters of the rule engine.
    pub rules: RuleConfig,
    /// How chat models are called.
    pub chat: ChatSettings,
    /// Key for OpenRouter.
    pub openrouter_api_key: Option<Secret>,
    /// Key for OpenAI, or for another server behind `chat.base_url`.
    pub openai_api_key: Option<Secret>,
    /// Record every answer to this file.
    pub record: Option<PathBuf>,
}

/// How the answer's shape is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// A strict JSON schema; needs a model that supports it.
    #[default]
    Schema,
    /// Any JSON object; the prompt describes the shape.
    Object,
    /// Nothing but the prompt.
    Prompt,
}

/// How chat models are called. Answers are checked in the same way whatever is set here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChatSettings {
    /// Address that `/chat/completions` is appended to; `None` takes the provider's own.
    pub base_url: Option<String>,
    /// Proxy for every call; none is taken from the environment.
    pub proxy: Option<String>,
    /// Sent to OpenRouter as `HTTP-Referer`.
    pub referer: Option<String>,
    /// Sent to OpenRouter as `X-Title`.
    pub title: Option<String>,
    /// How the answer's shape is asked for.
    pub structured: Structured,
    /// Sampling temperature; `None` leaves it to the provider (reasoning models refuse it).
    pub temperature: Option<f64>,
    /// Most tokens of one answer, reasoning included.
    pub max_tokens: u32,
    /// Most candles of each timeframe in the prompt.
    pub candles: usize,
    /// Refuse a buy or sell without a stop.
    pub require_stop: bool,
    /// Limit of one call, in milliseconds.
    pub call_timeout_ms: u64,
    /// Limit of a whole decision with its retries, in milliseconds: decisions grow void with age.
    pub deadline_ms: u64,
    /// Most calls for one answer; the one repair question has its own.
    pub attempts: u32,
    /// Wait before the second call, in milliseconds; it doubles each time, up to 16-fold.
    pub backoff_ms: u64,
    /// Longest body of a response, in bytes.
    pub max_response_bytes: usize,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            base_url: None,
            proxy: None,
            referer: None,
            title: None,
            structured: Structured::Schema,
            temperature: None,
            max_tokens: 8192,
            candles: 24,
            require_stop: true,
            call_timeout_ms: 30_000,
            deadline_ms: 55_000,
            attempts: 3,
            backoff_ms: 500,
            max_response_bytes: 1024 * 1024,
        }
    }
}

impl ChatSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`LlmError::Settings`] with every problem, each with its field.
    pub fn validate(&self) -> Result<(), LlmError> {
        let mut problems = Vec::new();
        let mut check = |legal: bool, problem: &str| {
            if !legal {
                problems.push(problem.to_owned());
            }
        };
        let visible =
            |text: &Option<String>| text.iter().all(|text| text.bytes().all(|b| (0x20..0x7f).contains(&b)));
        check(visible(&self.referer), "referer must be printable ASCII");
        check(visible(&self.title), "title must be printable ASCII");
        check(self.temperature.is_none_or(|t| (0.0..=2.0).contains(&t)), "temperature must be 0 to 2");
        check((16..=1_000_000).contains(&self.max_tokens), "max_tokens must be 16 to 1000000");
        check((1..=1000).contains(&self.candles), "candles must be 1 to 1000");
        check((1..=600_000).contains(&self.call_timeout_ms), "call_timeout_ms must be 1 to 600000");
        check((1..=3_600_000).contains(&self.deadline_ms), "deadline_ms must be 1 to 3600000");
        check((1..=10).contains(&self.attempts), "attempts must be 1 to 10");
        check((1..=60_000).contains(&self.backoff_ms), "backoff_ms must be 1 to 60000");
        let bytes = 1024..=64 * 1024 * 1024;
        check(bytes.contains(&self.max_response_bytes), "max_response_bytes must be 1024 to 67108864");
        if problems.is_empty() { Ok(()) } else { Err(LlmError::Settings { what: "chat", problems }) }
    }
}
