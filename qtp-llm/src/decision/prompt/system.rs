//! The system part: a template over settings alone.

use minijinja::{Environment, UndefinedBehavior, context};

use crate::error::LlmError;
use crate::settings::ChatSettings;

const TEMPLATE: &str = include_str!("system.jinja");
/// Longest template of a user, in bytes.
const TEMPLATE_MAX: u64 = 256 * 1024;

/// Renders the system part. Nothing of a picture is in reach here, so nothing from outside can get in.
pub(in crate::decision) fn system(settings: &ChatSettings) -> Result<String, LlmError> {
    let own = settings.template.as_deref().map(read).transpose()?;
    let problem = |error: minijinja::Error| {
        let place =
            settings.template.as_ref().map_or_else(String::new, |path| format!("{}: ", path.display()));
        let problems = vec![format!("{place}{}", error.to_string().trim())];
        LlmError::Settings { what: "prompt template", problems }
    };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let context = context! {
        objective => &settings.objective,
        style => settings.style.word(),
        tools => !settings.tools.is_empty() || settings.news.is_some(),
        require_stop => settings.require_stop,
        rules => &settings.rules,
    };
    environment.render_str(own.as_deref().unwrap_or(TEMPLATE), context).map_err(problem)
}

fn read(path: &std::path::Path) -> Result<String, LlmError> {
    crate::text_file::read(path, "read its prompt template", TEMPLATE_MAX)
}
