#![doc = include_str!("../README.md")]

#[cfg(feature = "openai")]
mod chat;
mod error;
#[cfg(feature = "replay")]
mod replay;
mod rules;
mod secret;
mod settings;
mod spec;
#[cfg(test)]
mod testing;

#[cfg(feature = "openai")]
pub use chat::{ChatEngine, Provider, Usage};
pub use error::LlmError;
pub use qtp_core::port::DecisionEngine;
#[cfg(feature = "replay")]
pub use replay::{Recorder, Replay, request_key};
pub use rules::{RuleConfig, RuleEngine};
pub use secret::Secret;
pub use settings::{ChatSettings, LlmSettings, Structured};
pub use spec::{EngineSpec, build};
