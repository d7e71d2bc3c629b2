//! Which engine, in one word of a command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::LlmError;

const TEXT_MAX: usize = 64;

/// Which engine answers.
///
/// ```
/// use qtp_llm::EngineSpec;
///
/// let spec: EngineSpec = "ollama:qwen3:8b".parse()?;
/// assert_eq!(spec, EngineSpec::Ollama { model: "qwen3:8b".to_owned() });
/// assert_eq!(spec.to_string(), "ollama:qwen3:8b");
/// # Ok::<(), qtp_llm::LlmError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EngineSpec {
    /// `rules`: no model.
    #[default]
    Rules,
    /// `openrouter:MODEL`, such as `openrouter:vendor/name`.
    OpenRouter {
        /// The model.
        model: String,
    },
    /// `ollama:MODEL`, on this machine.
    Ollama {
        /// The model.
        model: String,
    },
    /// `openai:MODEL`, or any compatible server by way of `chat.base_url`.
    OpenAi {
        /// The model.
        model: String,
    },
    /// `gemini:MODEL`, in Google's own protocol.
    Gemini {
        /// The model.
        model: String,
    },
    /// `anthropic:MODEL`, in Anthropic's own protocol.
    Anthropic {
        /// The model.
        model: String,
    },
    /// `replay:FILE`: answers from a recording.
    Replay {
        /// The recording.
        file: PathBuf,
    },
}

impl EngineSpec {
    /// Who serves it.
    pub(crate) const fn provider(&self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::OpenRouter { .. } => "openrouter",
            Self::Ollama { .. } => "ollama",
            Self::OpenAi { .. } => "openai",
            Self::Gemini { .. } => "gemini",
            Self::Anthropic { .. } => "anthropic",
            Self::Replay { .. } => "replay",
        }
    }

    /// The error of a build without it.
    pub(crate) const fn feature_off(&self) -> LlmError {
        let feature = match self {
            Self::OpenRouter { .. } | Self::Ollama { .. } => "openai",
            _ => self.provider(),
        };
        LlmError::FeatureOff { engine: self.provider(), feature }
    }
}

impl FromStr for EngineSpec {
    type Err = LlmError;

    fn from_str(text: &str) -> Result<Self, LlmError> {
        let error = |problem| LlmError::Spec { text: text.chars().take(TEXT_MAX).collect(), problem };
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest)),
            None => (text, None),
        };
        let model = || {
            rest.filter(|model| !model.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| error("the model is missing"))
        };
        match kind {
            "rules" if rest.is_some() => Err(error("`rules` takes no model")),
            "rules" => Ok(Self::Rules),
            "openrouter" => Ok(Self::OpenRouter { model: model()? }),
            "ollama" => Ok(Self::Ollama { model: model()? }),
            "openai" => Ok(Self::OpenAi { model: model()? }),
            "gemini" => Ok(Self::Gemini { model: model()? }),
            "anthropic" => Ok(Self::Anthropic { model: model()? }),
            "replay" => {
                let file =
                    rest.filter(|file| !file.is_empty()).ok_or_else(|| error("the file is missing"))?;
                Ok(Self::Replay { file: PathBuf::from(file) })
            }
            _ => Err(error("there is no such engine")),
        }
    }
}

impl fmt::Display for EngineSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules => f.write_str("rules"),
            Self::OpenRouter { model } => write!(f, "openrouter:{model}"),
            Self::Ollama { model } => write!(f, "ollama:{model}"),
            Self::OpenAi { model } => write!(f, "openai:{model}"),
            Self::Gemini { model } => write!(f, "gemini:{model}"),
            Self::Anthropic { model } => write!(f, "anthropic:{model}"),
            Self::Replay { file } => write!(f, "replay:{}", file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_survive_a_round_trip() {
        for text in [
            "rules",
            "openrouter:vendor/name:free",
            "ollama:qwen3:8b",
            "openai:gpt",
            "gemini:g",
            "anthropic:c",
            "replay:a/b.jsonl",
        ] {
            assert_eq!(text.parse::<EngineSpec>().unwrap().to_string(), text);
        }
        assert_eq!(EngineSpec::default(), EngineSpec::Rules);
    }

    #[test]
    fn wrong_specs_say_what_is_wrong() {
        for (text, words) in [
            ("", "no such engine"),
            ("gpt-5", "no such engine"),
            ("openrouter", "model is missing"),
            ("ollama:", "model is missing"),
            ("replay:", "file is missing"),
            ("rules:x", "takes no model"),
        ] {
            let error = text.parse::<EngineSpec>().unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("openrouter:MODEL"), "{error}");
        }
    }
}
