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

/// The names of fields in which servers of one protocol differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Most tokens of the answer.
    pub(super) limit: &'static str,
    /// Seed of the sampling.
    pub(super) seed: &'static str,
    /// A stream states what it used only where it is asked to.
    pub(super) stream_options: bool,
}

impl Provider {
    /// What a server at `base_url` understands. OpenAI's reasoning models refuse the old name of the limit, and most other
    /// servers do not know the new one. Mistral refuses every field that it does not know.
    pub(super) fn dialect(self, base_url: Option<&str>) -> Dialect {
        let mistral = base_url.is_some_and(|url| url.starts_with("https://api.mistral.ai/"));
        let limit = if self == Self::OpenAi && !mistral { "max_completion_tokens" } else { "max_tokens" };
        let seed = if mistral { "random_seed" } else { "seed" };
        Dialect { limit, seed, stream_options: !mistral }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistral_has_its_own_names() {
        let names = |provider: Provider, url| {
            let Dialect { limit, seed, stream_options } = provider.dialect(url);
            (limit, seed, stream_options)
        };
        let mistral = Some("https://api.mistral.ai/v1");
        assert_eq!(names(Provider::OpenAi, mistral), ("max_tokens", "random_seed", false));
        assert_eq!(names(Provider::OpenAi, None), ("max_completion_tokens", "seed", true));
        assert_eq!(names(Provider::OpenRouter, None), ("max_tokens", "seed", true));
    }
}
