//! What can go wrong while an engine is set up. A running engine fails with [`qtp_core::DecisionError`].

use std::path::PathBuf;

use qtp_core::Source;
use thiserror::Error;

/// Why an engine could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LlmError {
    /// The text names no engine.
    #[error(
        "unknown decision engine `{text}`: {problem}; use rules, openrouter:MODEL, openai:MODEL, ollama:MODEL, \
         gemini:MODEL, anthropic:MODEL or replay:FILE"
    )]
    Spec {
        /// The text, cut to a bounded length.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Settings that cannot work, all of them at once.
    #[error("{what}: {}", problems.join("; "))]
    Settings {
        /// Which settings.
        what: &'static str,
        /// Every problem, each with its field.
        problems: Vec<String>,
    },
    /// A key is needed and was not given.
    #[error("{engine} needs an API key: set {variable}")]
    MissingKey {
        /// The engine.
        engine: &'static str,
        /// The variable that a binary reads it from.
        variable: &'static str,
    },
    /// This build leaves the engine out.
    #[error("{engine} is not part of this build: enable the feature `{feature}` of qtp-llm")]
    FeatureOff {
        /// The engine.
        engine: &'static str,
        /// The feature.
        feature: &'static str,
    },
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client")]
    Client {
        /// The cause.
        #[source]
        source: Source,
    },
    /// A file could not be opened, read or written.
    #[error("{}: cannot {operation}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        operation: &'static str,
        /// The cause.
        #[source]
        source: Source,
    },
    /// A recording or a ledger holds something else than it should.
    #[error("{}, line {line}: {problem}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}
