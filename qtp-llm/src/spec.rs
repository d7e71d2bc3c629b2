//! Which engine, in one word of a command line, and the engine made of it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use qtp_core::port::DecisionEngine;

use crate::error::LlmError;
use crate::rules::RuleEngine;
use crate::settings::LlmSettings;

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
    /// `replay:FILE`: answers from a recording.
    Replay {
        /// The recording.
        file: PathBuf,
    },
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
            Self::Replay { file } => write!(f, "replay:{}", file.display()),
        }
    }
}

/// Makes the engine, behind a recorder if `settings.record` is set. Makes no call.
///
/// # Errors
/// [`LlmError::MissingKey`] naming the variable, [`LlmError::FeatureOff`] if this build lacks the engine, otherwise
/// what the engine's own constructor returns.
pub fn build(spec: &EngineSpec, settings: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    let (engine, model): (Box<dyn DecisionEngine>, Option<&str>) = match spec {
        EngineSpec::Rules => (Box::new(RuleEngine::new(settings.rules.clone())?), None),
        EngineSpec::OpenRouter { model } | EngineSpec::Ollama { model } | EngineSpec::OpenAi { model } => {
            (chat(spec, model, settings)?, Some(model))
        }
        EngineSpec::Replay { .. } if settings.record.is_some() => {
            let problems = vec!["record: a replay cannot be recorded".to_owned()];
            return Err(LlmError::Settings { what: "replay", problems });
        }
        EngineSpec::Replay { file } => (replay(file)?, None),
    };
    record(engine, model, settings)
}

#[cfg(feature = "openai")]
fn chat(spec: &EngineSpec, model: &str, settings: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    use crate::chat::{ChatEngine, Provider};
    let (provider, key) = match spec {
        EngineSpec::OpenRouter { .. } => (Provider::OpenRouter, settings.openrouter_api_key.clone()),
        EngineSpec::Ollama { .. } => (Provider::Ollama, None),
        _ => (Provider::OpenAi, settings.openai_api_key.clone()),
    };
    Ok(Box::new(ChatEngine::new(provider, model, key, settings.chat.clone())?))
}

#[cfg(not(feature = "openai"))]
fn chat(spec: &EngineSpec, _: &str, _: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    let engine = match spec {
        EngineSpec::OpenRouter { .. } => "openrouter",
        EngineSpec::Ollama { .. } => "ollama",
        _ => "openai",
    };
    Err(LlmError::FeatureOff { engine, feature: "openai" })
}

#[cfg(feature = "replay")]
fn replay(file: &std::path::Path) -> Result<Box<dyn DecisionEngine>, LlmError> {
    Ok(Box::new(crate::replay::Replay::open(file)?))
}

#[cfg(not(feature = "replay"))]
fn replay(_: &std::path::Path) -> Result<Box<dyn DecisionEngine>, LlmError> {
    Err(LlmError::FeatureOff { engine: "replay", feature: "replay" })
}

#[cfg(feature = "replay")]
fn record(
    engine: Box<dyn DecisionEngine>,
    model: Option<&str>,
    settings: &LlmSettings,
) -> Result<Box<dyn DecisionEngine>, LlmError> {
    match &settings.record {
        Some(path) => Ok(Box::new(crate::replay::Recorder::open(engine, model, path)?)),
        None => Ok(engine),
    }
}

#[cfg(not(feature = "replay"))]
fn record(
    engine: Box<dyn DecisionEngine>,
    _: Option<&str>,
    settings: &LlmSettings,
) -> Result<Box<dyn DecisionEngine>, LlmError> {
    match &settings.record {
        Some(_) => Err(LlmError::FeatureOff { engine: "record", feature: "replay" }),
        None => Ok(engine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_survive_a_round_trip() {
        for text in
            ["rules", "openrouter:vendor/name:free", "ollama:qwen3:8b", "openai:gpt", "replay:a/b.jsonl"]
        {
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

    #[test]
    fn default_build_needs_no_key() {
        assert_eq!(build(&EngineSpec::Rules, &LlmSettings::default()).unwrap().name(), "rules");
    }

    #[cfg(feature = "openai")]
    #[test]
    fn missing_key_is_named() {
        let build = |text: &str, settings: &LlmSettings| {
            build(&text.parse().unwrap(), settings).err().unwrap().to_string()
        };
        assert!(build("openrouter:a/b", &LlmSettings::default()).contains("OPENROUTER_API_KEY"));
        assert!(build("openai:a", &LlmSettings::default()).contains("OPENAI_API_KEY"));
        let blank =
            LlmSettings { openrouter_api_key: Some(crate::Secret::new(" \n")), ..LlmSettings::default() };
        assert!(build("openrouter:a/b", &blank).contains("OPENROUTER_API_KEY"));
    }

    #[cfg(feature = "openai")]
    #[test]
    fn local_models_need_no_key() {
        assert_eq!(build(&"ollama:m".parse().unwrap(), &LlmSettings::default()).unwrap().name(), "ollama");
    }

    #[cfg(not(feature = "openai"))]
    #[test]
    fn missing_feature_is_named() {
        let error = build(&"openrouter:a/b".parse().unwrap(), &LlmSettings::default()).err().unwrap();
        assert!(error.to_string().contains("feature `openai`"));
    }

    #[cfg(feature = "replay")]
    #[tokio::test]
    async fn recorded_run_can_be_replayed() {
        use crate::testing::{flat, market, request};
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.jsonl");
        let recording = LlmSettings { record: Some(file.clone()), ..LlmSettings::default() };
        let picture = request(vec![flat("BTC-USDC-PERP@sim", market("BTC-USDC-PERP@sim", 1, 100.0, 60))]);
        let decision = build(&EngineSpec::Rules, &recording).unwrap().decide(&picture).await.unwrap();
        let spec = EngineSpec::Replay { file };
        let replay = build(&spec, &LlmSettings::default()).unwrap();
        assert_eq!(replay.decide(&picture).await.unwrap(), decision);
        assert!(build(&spec, &recording).err().unwrap().to_string().contains("cannot be recorded"));
    }
}
