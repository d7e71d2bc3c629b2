#![doc = include_str!("../README.md")]

#[cfg(feature = "chat")]
mod budget;
mod build;
#[cfg(feature = "chat")]
mod calibration;
#[cfg(feature = "chat")]
mod canonical;
mod caps;
#[cfg(feature = "chat")]
mod council;
#[cfg(feature = "chat")]
mod decision;
mod error;
#[cfg(feature = "chat")]
mod generator;
#[cfg(feature = "chat")]
mod grounding;
#[cfg(feature = "chat")]
mod layers;
#[cfg(feature = "chat")]
mod log;
#[cfg(feature = "chat")]
mod mask;
#[cfg(feature = "chat")]
mod model;
#[cfg(feature = "chat")]
mod probe;
#[cfg(feature = "http")]
mod provider;
#[cfg(feature = "replay")]
mod record;
mod rules;
mod secret;
mod settings;
mod spec;
#[cfg(feature = "chat")]
mod stack;
#[cfg(test)]
mod testing;
#[cfg(feature = "chat")]
mod text_file;
#[cfg(feature = "chat")]
mod tool;
#[cfg(feature = "chat")]
mod track;
#[cfg(feature = "chat")]
mod untrusted;

#[cfg(feature = "chat")]
pub use budget::{Budgeted, Ledger, Spent};
pub use build::build;
#[cfg(feature = "chat")]
pub use calibration::{Bin, Forecast, Isotonic, Reliability};
pub use caps::{BudgetCaps, Cap};
#[cfg(feature = "chat")]
pub use decision::{ChatEngine, Usage};
pub use error::LlmError;
#[cfg(feature = "chat")]
pub use generator::{
    Attempt, AttemptOutcome, Generator, GeneratorReport, GeneratorSettings, MultipleTesting,
};
#[cfg(feature = "chat")]
pub use grounding::Grounded;
#[cfg(feature = "chat")]
pub use layers::{TrainingData, chat_model, model as build_model, training_data};
#[cfg(feature = "chat")]
pub use log::CallBook;
#[cfg(feature = "chat")]
pub use model::{
    CallContext, Carry, ChatModel, ChatReply, ChatRequest, Fallback, Finish, Format, Message, ModelCard,
    ModelCards, ProviderError, Retry, RetrySettings, Rung, TokenUsage, ToolCall, ToolSpec,
};
#[cfg(feature = "chat")]
pub use probe::{ProbeQuestion, ProbeReport, probe};
#[cfg(feature = "anthropic")]
pub use provider::AnthropicModel;
#[cfg(feature = "gemini")]
pub use provider::GeminiModel;
#[cfg(feature = "openai")]
pub use provider::{OpenAiModel, Provider};
pub use qtp_core::port::DecisionEngine;
#[cfg(feature = "replay")]
pub use record::{Recorder, Replay, request_key};
pub use rules::{RuleConfig, RuleEngine};
pub use secret::Secret;
pub use settings::{
    CalibrationSettings, ChatSettings, CouncilKind, CouncilMember, CouncilSettings, Effort, Grounding,
    LlmSettings, LogSettings, MaskSettings, RecordMode, Routing, Structured, Style,
};
pub use spec::EngineSpec;
#[cfg(feature = "chat")]
pub use tool::{News, NewsFile, NewsItem, NewsSource, Tool, ToolError, built_in_tools};
#[cfg(feature = "chat")]
pub use track::ClosedTrade;
#[cfg(feature = "chat")]
pub use untrusted::Untrusted;
