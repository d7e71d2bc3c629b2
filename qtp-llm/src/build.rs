//! From a spec and settings to an engine.

use qtp_core::port::DecisionEngine;

use crate::error::LlmError;
use crate::rules::RuleEngine;
use crate::settings::{CouncilKind, LlmSettings};
use crate::spec::EngineSpec;

/// Makes the engine: rules, or a model within its budget, with retries, fallback and recording. Makes no call.
///
/// # Errors
/// [`LlmError::MissingKey`] naming the variable, [`LlmError::FeatureOff`] if this build lacks the engine, otherwise
/// what the engine's own constructor returns.
pub fn build(spec: &EngineSpec, settings: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    match spec {
        EngineSpec::Rules if settings.record.is_some() => {
            let problems = vec!["record: rules have no model whose replies could be recorded".to_owned()];
            Err(LlmError::Settings { what: "rules", problems })
        }
        EngineSpec::Rules if settings.council.kind != CouncilKind::Off => {
            let problems = vec!["council: it sits around a model; `rules` are none".to_owned()];
            Err(LlmError::Settings { what: "rules", problems })
        }
        EngineSpec::Rules => Ok(Box::new(RuleEngine::new(settings.rules.clone())?)),
        spec => chat(spec, settings),
    }
}

#[cfg(feature = "chat")]
fn chat(spec: &EngineSpec, settings: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    crate::stack::stack(spec, settings)
}

#[cfg(not(feature = "chat"))]
fn chat(spec: &EngineSpec, _: &LlmSettings) -> Result<Box<dyn DecisionEngine>, LlmError> {
    Err(spec.feature_off())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_build_needs_no_key() {
        assert_eq!(build(&EngineSpec::Rules, &LlmSettings::default()).unwrap().name(), "rules");
    }

    #[cfg(all(feature = "openai", feature = "gemini", feature = "anthropic"))]
    #[test]
    fn missing_key_is_named() {
        let build = |text: &str, settings: &LlmSettings| {
            build(&text.parse().unwrap(), settings).err().unwrap().to_string()
        };
        for (spec, variable) in [
            ("openrouter:a/b", "OPENROUTER_API_KEY"),
            ("openai:a", "OPENAI_API_KEY"),
            ("gemini:a", "GEMINI_API_KEY"),
            ("anthropic:a", "ANTHROPIC_API_KEY"),
        ] {
            assert!(build(spec, &LlmSettings::default()).contains(variable), "{spec}");
        }
        let blank =
            LlmSettings { openrouter_api_key: Some(crate::Secret::new(" \n")), ..LlmSettings::default() };
        assert!(build("openrouter:a/b", &blank).contains("OPENROUTER_API_KEY"));
    }

    #[cfg(feature = "openai")]
    #[test]
    fn local_models_need_no_key() {
        assert_eq!(build(&"ollama:m".parse().unwrap(), &LlmSettings::default()).unwrap().name(), "ollama");
    }

    #[cfg(feature = "openai")]
    #[test]
    fn wrong_fallbacks_sanitizers_tools_and_cards_are_named() {
        let error = |change: fn(&mut LlmSettings)| {
            let mut settings = LlmSettings::default();
            change(&mut settings);
            build(&"ollama:m".parse().unwrap(), &settings).err().unwrap().to_string()
        };
        assert!(error(|s| s.chat.fallback = vec!["gpt".into()]).contains("no such engine"));
        assert!(error(|s| s.chat.fallback = vec!["rules".into()]).contains("fallback: `rules`"));
        assert!(error(|s| s.chat.sanitizer = Some("openai:x".into())).contains("OPENAI_API_KEY"));
        assert!(error(|s| s.chat.tools = vec!["crystal_ball".into()]).contains("crystal_ball"));
        assert!(error(|s| s.chat.cards = Some("no/such/file".into())).contains("no/such/file"));
        assert!(error(|s| s.chat.news = Some("no/such/news".into())).contains("no/such/news"));
        let masked = error(|s| (s.mask.names, s.chat.news) = (true, Some("news.jsonl".into())));
        assert!(masked.contains("give away"), "{masked}");
    }

    #[cfg(not(feature = "openai"))]
    #[test]
    fn missing_feature_is_named() {
        let error = build(&"openrouter:a/b".parse().unwrap(), &LlmSettings::default()).err().unwrap();
        assert!(error.to_string().contains("feature `openai`"));
    }
}
