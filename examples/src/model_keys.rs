//! Keys of models: from the environment alone.

use std::collections::BTreeMap;

use qtp_llm::{LlmSettings, Secret};

use crate::exit::Failure;

/// Puts the keys of the environment into settings.
///
/// # Errors
/// A key that stands in the settings already: keys do not belong into a file.
pub fn take_keys(llm: &mut LlmSettings, environment: &BTreeMap<String, String>) -> Result<(), Failure> {
    for (name, place) in [
        ("OPENROUTER_API_KEY", &mut llm.openrouter_api_key),
        ("OPENAI_API_KEY", &mut llm.openai_api_key),
        ("GEMINI_API_KEY", &mut llm.gemini_api_key),
        ("ANTHROPIC_API_KEY", &mut llm.anthropic_api_key),
    ] {
        // Keys come from the environment alone.
        if place.take().is_some() {
            return Err(format!("llm: keys do not belong into a file; set {name}").into());
        }
        *place = environment.get(name).map(Secret::new);
    }
    Ok(())
}
