//! Where a chat model is served.

use std::fmt;

/// A server that speaks OpenAI's chat-completions protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// openrouter.ai: many models behind one key.
    OpenRouter,
    /// OpenAI, or any compatible server behind another base URL.
    OpenAi,
    /// Ollama on this machine.
    Ollama,
}

impl Provider {
    /// Name in decisions, logs and specs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenRouter => "openrouter",
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }

    /// Its own address.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::OpenRouter => "https://openrouter.ai/api/v1",
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Ollama => "http://127.0.0.1:11434/v1",
        }
    }

    /// The variable that binaries read its key from, if its own address wants one.
    pub const fn key_variable(self) -> Option<&'static str> {
        match self {
            Self::OpenRouter => Some("OPENROUTER_API_KEY"),
            Self::OpenAi => Some("OPENAI_API_KEY"),
            Self::Ollama => None,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
