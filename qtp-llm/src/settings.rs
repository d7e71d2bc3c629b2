//! Settings of all engines. They are passed in: this crate reads no environment and no file of its own accord.

mod around;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::caps::BudgetCaps;
use crate::error::LlmError;
use crate::rules::RuleConfig;
use crate::secret::Secret;

pub use around::{CalibrationSettings, CouncilKind, CouncilMember, CouncilSettings, Grounding, MaskSettings};

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
    /// Key for Gemini.
    pub gemini_api_key: Option<Secret>,
    /// Key for Anthropic.
    pub anthropic_api_key: Option<Secret>,
    /// Recording of every reply of a model.
    pub record: Option<PathBuf>,
    /// What `record` is for.
    pub record_mode: RecordMode,
    /// What models may use.
    pub budget: BudgetCaps,
    /// File that the budget's ledger is kept in, so that a restart goes on counting.
    pub budget_file: Option<PathBuf>,
    /// Files that every call is logged in.
    pub log: LogSettings,
    /// Who decides: one model, a vote, a debate.
    pub council: CouncilSettings,
    /// What to do about reasons that are not in the picture.
    pub grounding: Grounding,
    /// Most lessons from closed trades that a model reads with a picture; none at 0.
    pub lessons: usize,
    /// What a model cannot recognise the market by.
    pub mask: MaskSettings,
    /// When confidence may scale size.
    pub calibration: CalibrationSettings,
    /// Where the records of closed trades are kept, each with its own ending behind this name; in memory if not set.
    pub track: Option<PathBuf>,
}

/// Files that every call of a model is logged in, besides the journal. Keys never are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// One JSON line a call: the whole request, the reply, tools, tokens, cost, time.
    pub requests: Option<PathBuf>,
    /// The same as text for people.
    pub prompts: Option<PathBuf>,
}

/// What a recording is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordMode {
    /// Nothing.
    Off,
    /// Every reply is added to it.
    #[default]
    Record,
    /// Replies come from it alone.
    Replay,
    /// What it holds comes from it; the rest is asked for and added.
    ReplayOrRecord,
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

const OBJECTIVE: &str = "grow the account's equity after costs while keeping drawdowns small. Holding is a good \
                         decision when nothing speaks clearly for a trade; every trade costs fees and slippage.";

/// How a model is told to trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// As it sees fit.
    #[default]
    Any,
    /// With trends, in both directions.
    Momentum,
    /// Small moves, near exits.
    Scalping,
    /// Longer moves, far exits.
    Swing,
}

impl Style {
    /// The word that a template knows it by.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Momentum => "momentum",
            Self::Scalping => "scalping",
            Self::Swing => "swing",
        }
    }
}

/// How long a reasoning model may think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Effort {
    Minimal,
    Low,
    Medium,
    High,
}

impl Effort {
    /// The word that OpenAI and OpenRouter use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How chat models are called. Answers are checked in the same way whatever is set here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChatSettings {
    /// Address that `/chat/completions` is appended to; `None` takes the provider's own.
    pub base_url: Option<String>,
    /// Addresses by provider, where a fallback or sanitizer is served elsewhere.
    pub base_urls: BTreeMap<String, String>,
    /// Tools that the model may call, by name; `all` for every built-in one.
    pub tools: Vec<String>,
    /// A file of news, one JSON line an item: gives the model the tool `news`.
    pub news: Option<PathBuf>,
    /// Proxy for every call; none is taken from the environment.
    pub proxy: Option<String>,
    /// Sent to OpenRouter as `HTTP-Referer`.
    pub referer: Option<String>,
    /// Sent to OpenRouter as `X-Title`.
    pub title: Option<String>,
    /// How the answer's shape is asked for.
    pub structured: Structured,
    /// Ask for a stream of events instead of one document: long answers keep the connection alive.
    pub stream: bool,
    /// Models that OpenRouter itself may fall back to, in order.
    pub router_models: Vec<String>,
    /// How OpenRouter picks a server.
    pub routing: Routing,
    /// Models to ask when the first one fails, in order: specs such as `openai:MODEL`.
    pub fallback: Vec<String>,
    /// A cheap model that may bring an unusable answer into the right form: a spec. It cannot change a number.
    pub sanitizer: Option<String>,
    /// A TOML file with more model cards.
    pub cards: Option<PathBuf>,
    /// Sampling temperature; `None` leaves it to the provider (reasoning models refuse it).
    pub temperature: Option<f64>,
    /// Seed of the sampling, where the provider takes one.
    pub seed: Option<u64>,
    /// How long a reasoning model may think: `minimal`, `low`, `medium` or `high`.
    pub effort: Option<Effort>,
    /// Most tokens of one answer, reasoning included.
    pub max_tokens: u32,
    /// A template of your own for the system part of the prompt.
    pub template: Option<PathBuf>,
    /// What the model is to strive for.
    pub objective: String,
    /// How it is to trade.
    pub style: Style,
    /// More rules for it, one line each. Limits on risk are enforced elsewhere, whatever it is told.
    pub rules: Vec<String>,
    /// Indicators that the prompt shows for each timeframe, as specs of the registry.
    pub indicators: Vec<String>,
    /// Most candles of each timeframe in the prompt.
    pub candles: usize,
    /// Most tokens of the prompt, estimated; candles are left out until it fits.
    pub max_prompt_tokens: u32,
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
    /// Share of a wait that chance may add to it, in percent.
    pub jitter_percent: u32,
    /// Longest body of a response, in bytes.
    pub max_response_bytes: usize,
    /// Most rounds in which the model may call tools before it must answer.
    pub tool_rounds: u32,
    /// Most calls of one round; more get an error.
    pub tool_calls: usize,
    /// Limit of one call of a tool, in milliseconds.
    pub tool_timeout_ms: u64,
    /// Longest result of a tool, in bytes; a longer one is an error.
    pub tool_result_bytes: usize,
}

/// OpenRouter's provider preferences; what is `None` is left to the router.
/// Source: <https://openrouter.ai/docs/features/provider-routing>.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Servers to try first, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
    /// The only servers to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// Servers never to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<String>>,
    /// Other servers than those of `order` may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// Only servers that take every parameter; switched on where a schema or tools are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// `allow` or `deny` servers that keep what they are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<String>,
    /// Only servers that keep nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zdr: Option<bool>,
    /// Accepted quantisations, such as `fp8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantizations: Option<Vec<String>>,
    /// `price`, `throughput` or `latency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            base_url: None,
            base_urls: BTreeMap::new(),
            tools: Vec::new(),
            news: None,
            proxy: None,
            referer: None,
            title: None,
            structured: Structured::Schema,
            stream: false,
            router_models: Vec::new(),
            routing: Routing::default(),
            fallback: Vec::new(),
            sanitizer: None,
            cards: None,
            temperature: None,
            seed: None,
            effort: None,
            max_tokens: 8192,
            template: None,
            objective: OBJECTIVE.to_owned(),
            style: Style::Any,
            rules: Vec::new(),
            indicators: ["ema(9)", "ema(21)", "rsi(14)", "atr(14)"].map(str::to_owned).to_vec(),
            candles: 24,
            max_prompt_tokens: 100_000,
            require_stop: true,
            call_timeout_ms: 30_000,
            deadline_ms: 55_000,
            attempts: 3,
            backoff_ms: 500,
            jitter_percent: 25,
            max_response_bytes: 1024 * 1024,
            tool_rounds: 4,
            tool_calls: 8,
            tool_timeout_ms: 5000,
            tool_result_bytes: 32 * 1024,
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
        check(self.max_prompt_tokens >= 1000, "max_prompt_tokens must be 1000 or more");
        check(self.indicators.len() <= 50, "indicators must be 50 at most");
        for spec in &self.indicators {
            if let Err(error) = qtp_indicators::build(spec) {
                check(false, &format!("indicators: {error}"));
            }
        }
        check((1..=600_000).contains(&self.call_timeout_ms), "call_timeout_ms must be 1 to 600000");
        check((1..=3_600_000).contains(&self.deadline_ms), "deadline_ms must be 1 to 3600000");
        check((1..=10).contains(&self.attempts), "attempts must be 1 to 10");
        check((1..=60_000).contains(&self.backoff_ms), "backoff_ms must be 1 to 60000");
        check(self.jitter_percent <= 100, "jitter_percent must be 0 to 100");
        check(self.router_models.len() <= 10, "router_models must be 10 at most");
        check(self.fallback.len() <= 10, "fallback must be 10 at most");
        check(self.tool_rounds <= 20, "tool_rounds must be 0 to 20");
        check((1..=64).contains(&self.tool_calls), "tool_calls must be 1 to 64");
        check((1..=60_000).contains(&self.tool_timeout_ms), "tool_timeout_ms must be 1 to 60000");
        check(
            (256..=1_048_576).contains(&self.tool_result_bytes),
            "tool_result_bytes must be 256 to 1048576",
        );
        let bytes = 1024..=64 * 1024 * 1024;
        check(bytes.contains(&self.max_response_bytes), "max_response_bytes must be 1024 to 67108864");
        if problems.is_empty() { Ok(()) } else { Err(LlmError::Settings { what: "chat", problems }) }
    }
}
